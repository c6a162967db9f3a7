# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2016,SC2119,SC2164
# mount: no
# also: user
# What can't be a mount point is refused with the reason, and nothing is mounted.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

echo text >"$WORK/file"
mkfifo "$WORK/fifo"
fails "$ALCMFS" "$STORE" "$WORK/file" && says "file: not a directory"
fails "$ALCMFS" "$STORE" "$WORK/fifo" && says "fifo: not a directory"
fails "$ALCMFS" "$WORK/file" "$MNT" && says "file: not a directory"
fails "$ALCMFS" "$STORE" /dev/null && says "/dev/null: not a directory"
fails "$ALCMFS" "$STORE" "$WORK/nothing" && says "no such directory"
[ "$(cat "$WORK/file")" = text ] || die "mounted over a file"
mkdir "$WORK/removed"
(cd "$WORK/removed" && rmdir ../removed && fails "$ALCMFS" "$STORE" . && says "removed")
if [ "$(id -u)" != 0 ]; then
    mkdir -p "$WORK/closed/inside"
    chmod 0 "$WORK/closed"
    fails "$ALCMFS" "$STORE" "$WORK/closed/inside" && says "Permission denied"
    chmod 700 "$WORK/closed"
fi

# Descriptors: only one of /dev/fuse, and nothing is ever mounted over /dev/fuse.
fails "$ALCMFS" "$STORE" /dev/fd/77 && says "not an open descriptor"
fails "$ALCMFS" "$STORE" /dev/fd/ && says "not an open descriptor"
fails "$ALCMFS" "$STORE" /dev/fd/0x && says "not an open descriptor"
fails "$ALCMFS" "$STORE" /dev/fd/3 3<"$WORK/file" && says "not a descriptor of /dev/fuse"
if [ "$(id -u)" = 0 ]; then
    fails "$ALCMFS" "$STORE" /dev/fd/3 3<>/dev/fuse && says "default_permissions"
fi
[ -c /dev/fuse ] || die "/dev/fuse is gone"

# A mount of ours in the way, alive or dead.
mkdir "$WORK/other"
"$ALCMFS" "$STORE" "$MNT"
fails "$ALCMFS" "$WORK/other" "$MNT" && says "already mounted there"
unmount_at "$MNT" "$STORE"
mount_store
kill -9 "$(cat "$WORK/daemon.pid")"
while stat "$MNT" >"$WORK/stat" 2>&1; do sleep 0.02; done
fails "$ALCMFS" "$WORK/other" "$MNT" && says "dead mount" && says "fusermount3 -u"
fusermount3 -u "$MNT"
until [ -s "$WORK/daemon.status" ]; do sleep 0.02; done
rm "$WORK/daemon.status" # it didn't end well, and wasn't to

# Without /proc no file could be opened: said before anything is mounted.
# (In a chroot whose root is no mount point there is no private namespace.)
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || exit 0
unshare -m sh -c 'umount -l /proc; ! "$1" "$2" "$3" 2>"$4" && ! "$5" pack "$2" 2>>"$4"' sh \
    "$ALCMFS" "$STORE" "$MNT" "$WORK/said" "$ALCM" || die "went on without /proc"
[ "$(grep -c "/proc isn't mounted" "$WORK/said")" = 2 ] || die "said: $(cat "$WORK/said")"
