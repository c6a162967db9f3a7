# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2119
# mount: no
# needs: root
# A store that is mounted in a chroot whose root is no mount point is refused there, too, through a bind mount.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

root=$WORK/root
mkdir -p "$root/proc" "$root/dev" "$root/usr" "$root/build" "$root/store/run" "$root/mnt" "$root/bound"
for dir in bin sbin lib lib32 lib64; do
    [ ! -e "/$dir" ] || ln -s "usr/$dir" "$root/$dir"
done
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind /usr "$root/usr"
mount --bind "$(dirname "$(dirname "$ALCM")")" "$root/build"

inside() { chroot "$root" "$@"; }

inside /build/fs/alcmfs /store /mnt || skip "no mount in a chroot here"
make_npy "$WORK/w.npy"
cp "$WORK/w.npy" "$root/mnt/run/w.npy"
cp "$root/store/run/w.npy" "$WORK/blob"
mount --bind "$root/store/run" "$root/bound"
for operand in /bound /bound/w.npy /store; do
    fails inside /build/tools/alcm unpack -r "$operand" && says "mounted"
    cmp "$WORK/blob" "$root/store/run/w.npy"
done
fails "$ALCM" unpack -r "$root/bound" && says "mounted"
fails "$ALCM" unpack -r "$root" && says "mounted"

umount "$root/mnt"
flock -w 30 "$root/store/.alcm/lock" true
inside /build/tools/alcm unpack -r /bound
cmp "$WORK/w.npy" "$root/store/run/w.npy"
umount "$root/bound" "$root/build" "$root/usr" "$root/dev" "$root/proc"
