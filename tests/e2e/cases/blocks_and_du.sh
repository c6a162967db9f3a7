# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# also: user
# st_size is logical, st_blocks what it takes; statfs is the store's; tar finds no invented holes.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

make_npy "$WORK/w.npy" 1024
cp "$WORK/w.npy" "$MNT/w.npy"
before=$(du -k "$WORK/w.npy" | cut -f1)
after=$(du -k "$MNT/w.npy" | cut -f1)
[ "$after" -gt 0 ] && [ "$after" -lt $((before * 95 / 100)) ] || die "du: $before, then $after"
[ "$(du -b "$MNT/w.npy" | cut -f1)" -eq "$(stat -c %s "$WORK/w.npy")" ] || die "du -b"

# At least one block if not empty, whatever the store's file system inlines.
python3 -c "
import numpy as np
np.save('$MNT/zeros.npy', np.zeros(1 << 20))
np.save('$MNT/tiny.npy', np.zeros(3))"
echo x >"$MNT/x"
: >"$MNT/empty"
for name in zeros.npy tiny.npy x; do
    [ "$(stat -c %b "$MNT/$name")" -ge 1 ] || die "$name has no blocks"
done
[ "$(stat -c %b "$MNT/empty")" -eq 0 ] || die "empty has blocks"
[ "$(stat -f -c '%T %S %b' "$MNT" | cut -d' ' -f2-)" = "$(stat -f -c '%T %S %b' "$STORE" | cut -d' ' -f2-)" ] ||
    die "statfs"

# What alcm counts is what the mount shows.
"$ALCM" du --json "$MNT" | python3 -c "
import json, os, sys
mnt = '$MNT'
found = json.load(sys.stdin)['all']
assert found['logical_bytes'] == sum(e.stat().st_size for e in os.scandir(mnt)), found
assert found['files'] == len(os.listdir(mnt)), found" || die "alcm du"
cmp "$WORK/w.npy" "$MNT/w.npy"
