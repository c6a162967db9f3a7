# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2119
# also: user
# A mounted store can't be changed from outside, whichever way leads to it; nor the mount from below.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

mkdir "$MNT/run" "$WORK/bound" "$WORK/second"
make_npy "$WORK/w.npy"
cp "$WORK/w.npy" "$MNT/run/w.npy"
is_blob run/w.npy || die "no blob"
cp "$STORE/run/w.npy" "$WORK/blob"

unchanged() {
    cmp "$WORK/blob" "$STORE/run/w.npy" || die "$1 changed the store"
    cmp "$WORK/w.npy" "$MNT/run/w.npy" || die "$1: the mount shows something else"
}

# refused OPERAND: in-place verbs end with status 1, and nothing is changed.
refused() {
    fails "$ALCM" unpack -r "$1"
    fails "$ALCM" pack -r --force "$1"
    fails "$ALCM" check --repair "$1"
    unchanged "$1"
}

refused "$STORE"
refused "$STORE/run"
refused "$STORE/run/w.npy"
refused "$MNT"
refused "$MNT/run/w.npy"
ln -s "$STORE/run" "$WORK/link"
refused "$WORK/link/w.npy"
# From above, where both lie: the store is refused, and so is all of it.
refused "$WORK/.."
ln "$STORE/run/w.npy" "$WORK/hard.npy"
fails "$ALCM" unpack "$WORK/hard.npy" && says "hard links"
unchanged "a hard link"
rm "$WORK/hard.npy"

# A directory of the store that was a store once, or becomes one.
mkdir -p "$STORE/run/.alcm/caq"
refused "$STORE/run"
fails "$ALCMFS" "$STORE/run" "$WORK/second" && says "lies in a store that is mounted"
rm -r "$STORE/run/.alcm"
fails "$ALCMFS" "$(dirname "$STORE")" "$WORK/second"

# The lock is no file's: removed, it still holds.
rm "$STORE/.alcm/lock"
fails "$ALCMFS" "$STORE" "$WORK/second"
refused "$STORE"

# By a bind mount of a directory of the store, or of one file.
if mount --bind "$STORE/run" "$WORK/bound" 2>/dev/null; then
    refused "$WORK/bound"
    refused "$WORK/bound/w.npy"
    touch "$WORK/one.npy"
    mount --bind "$STORE/run/w.npy" "$WORK/one.npy"
    fails "$ALCM" unpack "$WORK/one.npy"
    umount "$WORK/one.npy" "$WORK/bound"
    unchanged "a bind mount"
fi

# What lies beside the store is nobody's business but its owner's.
cp "$WORK/w.npy" "$WORK/beside.npy"
"$ALCM" pack "$WORK/beside.npy"
"$ALCM" cat "$WORK/beside.npy" | cmp - "$WORK/w.npy"

# Moved to a place where nobody looked for it, and without its .alcm.
mkdir "$WORK/elsewhere"
mv "$STORE" "$WORK/elsewhere/store"
mv "$WORK/elsewhere/store/.alcm" "$WORK/admin"
fails "$ALCM" unpack -r "$WORK/elsewhere" && says "left out"
mv "$WORK/admin" "$WORK/elsewhere/store/.alcm"
mv "$WORK/elsewhere/store" "$STORE"
unchanged "a store that was moved"

# --wait: until it is unmounted.
"$ALCM" unpack -r --wait "$STORE" >"$WORK/said" 2>&1 &
sleep 0.3
kill -0 $! || die "it didn't wait: $(cat "$WORK/said")"
unmount_store
wait $! || die "after waiting: $(cat "$WORK/said")"
cmp "$WORK/w.npy" "$STORE/run/w.npy"
mount_store
