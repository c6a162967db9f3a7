# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# mount: no
# also: user
# Unmounting and mounting again, without a pause: the daemon that is about to end is waited for.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

make_npy "$WORK/w.npy" 512
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
    "$ALCMFS" "$STORE" "$MNT" || die "mount $i"
    cp "$WORK/w.npy" "$MNT/w$i.npy"
    fusermount3 -u "$MNT"
done
"$ALCMFS" "$STORE" "$MNT"
cmp "$WORK/w.npy" "$MNT/w7.npy"
