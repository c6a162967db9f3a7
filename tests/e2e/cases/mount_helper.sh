# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# mount: no
# needs: root
# mount -t fuse.alcmfs and a line of fstab.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

command -v mount.fuse3 >/dev/null || command -v mount.fuse >/dev/null || skip "no mount.fuse"
# What isn't installed is found by its full path.
type=fuse.alcmfs
[ "$(command -v alcmfs || true)" = "$ALCMFS" ] || type=fuse.$ALCMFS
mount -t "$type" "$STORE" "$MNT" -o budget=64,nosuid,_netdev
findmnt -n -o FSTYPE "$MNT" | grep -q '^fuse.alcmfs$' || die "type $(findmnt -n -o FSTYPE "$MNT")"
[ "$(findmnt -n -o SOURCE "$MNT")" = "$STORE" ] || die "source $(findmnt -n -o SOURCE "$MNT")"
make_npy "$MNT/w.npy"
umount "$MNT"
is_blob w.npy || die "no blob"

echo "$STORE $MNT $type noauto,threads=1,defaults,x-systemd.automount 0 0" >"$WORK/fstab"
mount -T "$WORK/fstab" "$MNT"
python3 -c "import numpy; numpy.load('$MNT/w.npy')"
umount "$MNT"
fails mount -t "$type" "$STORE" "$MNT" -o buget=64 && says "budget"
