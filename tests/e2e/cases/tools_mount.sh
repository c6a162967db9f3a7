# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2016,SC2119,SC2164
# mount: no
# needs: root
# tools/mount run again: fine for the same, an error for anything else, whatever the store is called.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

# A tree whose build is there already.
mkdir -p "$WORK/tree/tools" "$WORK/tree/build/fs" "$WORK/bin"
cp "$TOP/tools/mount" "$TOP/tools/deps.sh" "$WORK/tree/tools/"
ln -s "$ALCMFS" "$WORK/tree/build/fs/alcmfs"
touch "$WORK/tree/build/build.ninja"
printf '#!/bin/sh\n' >"$WORK/bin/ninja"
chmod +x "$WORK/bin/ninja"
PATH=$WORK/bin:$PATH
tool=$WORK/tree/tools/mount

for name in plain 'back\slash' 'com,ma' 'two words' $'new\nline' 'oct\040al'; do
    store=$WORK/$name
    "$tool" "$store" "$MNT" -o profile=bounded:0.1 >"$WORK/said" || die "'$name': $(cat "$WORK/said")"
    "$tool" "$store" "$MNT" >"$WORK/said" || die "'$name' again"
    "$tool" "$store" "$MNT" -o profile=bounded:0.1 >"$WORK/said" || die "'$name', same options"
    fails "$tool" "$store" "$MNT" -o profile=lossless && says "mounted at" && says "fusermount3 -u"
    fails "$tool" "$store" "$MNT" -o ro && says "not with '-o ro'"
    fails "$tool" "$WORK/other" "$MNT" && says "another store"
    unmount_at "$MNT" "$store"
done

# A mount whose daemon died: said, also while the kernel still knows the directory.
"$tool" "$WORK/plain" "$MNT" >"$WORK/said"
stat "$MNT" >"$WORK/said"
kill -9 "$(pgrep -f "alcmfs $WORK/plain")"
until ! stat -f "$MNT" >"$WORK/said" 2>&1; do sleep 0.02; done
fails "$tool" "$WORK/plain" "$MNT" && says "dead mount" && says "fusermount3 -u"
fusermount3 -u "$MNT"

# What a bare machine lacks and root must make, a user gets by sudo; without sudo he hears what is missing.
unshare -m true 2>/dev/null || exit 0
printf '#!/bin/sh\necho "$*" >>"%s"\n' "$WORK/asked" >"$WORK/bin/sudo"
chmod +x "$WORK/bin/sudo"
chmod 711 "$WORK" "$WORK/bin" "$WORK/tree" "$WORK/tree/tools"
install -m 666 /dev/null "$WORK/asked"
without_mtab() {
    unshare -m sh -c 'mount -t tmpfs none /etc && exec "$@"' sh \
        setpriv --reuid 65534 --clear-groups env PATH="$1" \
        bash -c '. "$1/deps.sh" && mtab_provide' bash "$WORK/tree/tools"
}
without_mtab "$PATH" || die "no /etc/mtab, with sudo"
grep -q '^-n ln -sf ../proc/self/mounts /etc/mtab$' "$WORK/asked" || die "asked for: $(cat "$WORK/asked")"
rm "$WORK/bin/sudo"
ln -s "$(command -v id)" "$(command -v bash)" "$WORK/bin/"
said=$(without_mtab "$WORK/bin" 2>&1) || die "no /etc/mtab, no sudo"
says "/etc/mtab is missing"
