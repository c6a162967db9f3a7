# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
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
