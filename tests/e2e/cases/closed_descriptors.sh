# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# mount: no
# also: user
# Whichever of descriptors 0, 1 and 2 the daemon is started without, it serves, and holds its store.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

make_npy "$WORK/w.npy"
mkdir "$WORK/second"
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    eval "\"$ALCMFS\" \"$STORE\" \"$MNT\" $closed" || die "mount $closed: status $?"
    cp "$WORK/w.npy" "$MNT/w.npy" || die "a save, started with $closed"
    cmp "$WORK/w.npy" "$MNT/w.npy"
    fails "$ALCMFS" "$STORE" "$WORK/second" && says "mounted already"
    unmount_at "$MNT" "$STORE"
    is_blob w.npy || die "no blob, started with $closed"

    # In the foreground its messages have nowhere to go but must not go into files.
    eval "\"$ALCMFS\" -f \"$STORE\" \"$MNT\" $closed &"
    while ! mountpoint -q "$MNT"; do sleep 0.02; done
    cmp "$WORK/w.npy" "$MNT/w.npy"
    unmount_at "$MNT" "$STORE"
    wait || die "-f $closed: status $?"

    # Refused, with or without a place for the reason.
    ! eval "\"$ALCMFS\" \"$STORE\" \"$WORK/nothing\" $closed" 2>/dev/null || die "mounted at nothing"
done
