# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2119
# mount: no
# A store on what can only be read is mounted with -o ro, any number of times, and nothing is written to it.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

mkdir "$WORK/ro" "$WORK/m1" "$WORK/m2"
make_npy "$WORK/w.npy"
mount_store
mkdir "$MNT/run"
cp "$WORK/w.npy" "$MNT/run/w.npy"
echo text >"$MNT/notes.txt"
unmount_store
mount --bind "$STORE" "$WORK/ro" && mount -o remount,ro,bind "$WORK/ro" || skip "no bind mounts here"
find "$STORE" -printf '%p %C@ %T@ %s\n' | sort >"$WORK/before"

fails "$ALCMFS" "$WORK/ro" "$WORK/m1" && says "Read-only file system"
"$ALCMFS" "$WORK/ro" "$WORK/m1" -o ro,idle=1
"$ALCMFS" "$WORK/ro" "$WORK/m2" -o ro
for m in "$WORK/m1" "$WORK/m2"; do
    cmp "$WORK/w.npy" "$m/run/w.npy"
    [ "$(cat "$m/notes.txt")" = text ] || die "a plain file"
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$m/.alcm/caq/run/w.npy.json"
    ls -lR "$m" >/dev/null
    cat "$m/.alcm/stats" >/dev/null
    fails touch "$m/new"
    fails rm "$m/notes.txt"
done
# Nobody may change it below either, while they read.
fails "$ALCMFS" "$STORE" "$MNT"
fails "$ALCM" unpack -r "$STORE"
sleep 1.5 # an idle file's time
find "$STORE" -printf '%p %C@ %T@ %s\n' | sort >"$WORK/after"
diff "$WORK/before" "$WORK/after" || die "the store was changed"
fusermount3 -u "$WORK/m1"
fusermount3 -u "$WORK/m2"
# Never a store, and not to be made one: it is shown as it is.
mkdir "$WORK/bare" "$WORK/bare_ro"
cp "$WORK/w.npy" "$WORK/bare/"
mount --bind "$WORK/bare" "$WORK/bare_ro" && mount -o remount,ro,bind "$WORK/bare_ro"
"$ALCMFS" "$WORK/bare_ro" "$WORK/m1" -o ro
cmp "$WORK/w.npy" "$WORK/m1/w.npy"
fusermount3 -u "$WORK/m1"
# The daemons hold what they showed until they have ended.
for dir in "$WORK/ro" "$WORK/bare_ro"; do
    until umount "$dir" 2>/dev/null; do sleep 0.05; done
done
