# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# mount: no
# also: user
# Threads have the stack that they need, whatever the limit of the shell that mounted.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

make_npy "$WORK/w.npy" 1024
for kib in 64 128 unlimited; do
    for profile in lossless alcm; do
        # A hard limit of less than the sanitizers' own needs is none that anybody has.
        [ -z "${E2E_SANITIZED-}" ] || [ "$kib" = unlimited ] || kib=1024
        (ulimit -s "$kib" && FUSE_THREAD_STACK=16384 exec "$ALCMFS" "$STORE" "$MNT" -o profile=$profile)
        rm -f "$MNT/w.npy"
        cp "$WORK/w.npy" "$MNT/w.npy" || die "a save with stacks of $kib KiB"
        [ $profile = alcm ] || cmp "$WORK/w.npy" "$MNT/w.npy"
        grep -q '"profile":' "$MNT/.alcm/caq/w.npy.json" || die "no report"
        unmount_at "$MNT" "$STORE"
        (ulimit -s "$kib" && exec "$ALCM" check "$STORE") >"$WORK/said" ||
            die "alcm check with $kib KiB: $(cat "$WORK/said")"
        (ulimit -s "$kib" && exec "$ALCM" info "$STORE/w.npy") >/dev/null || die "alcm info"
    done
done
