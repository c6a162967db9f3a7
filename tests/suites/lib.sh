# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the suites' scripts source: a place to run on, fresh each time, and counting.
#
#   ALCM_BUILD    where alcmfs and alcm were built (default: build)
#   SUITE_DIR     where stores are made (default: /var/tmp); its file system is what the store's is
#   SUITE_PLACES  the places to run on (default: "store mount blobs"): the plain directory, for
#                 comparison; a mount; a mount whose files are made blobs by npy_shim.c
set -uo pipefail

suites=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$suites/../.." && pwd)
build=$(realpath "${ALCM_BUILD:-$top/build}")
places=${SUITE_PLACES:-store mount blobs}
work=$(mktemp -d "${SUITE_DIR:-/var/tmp}/alcm-suite-XXXXXX")
all_failed=0

leave_place() {
    cd / || exit 1
    ! mountpoint -q "$work/mnt" || fusermount3 -uz "$work/mnt"
}

clean_up() {
    leave_place
    rm -rf "$work"
}
trap clean_up EXIT
chmod 755 "$work"

suite_needs() {
    local file

    for file in "$@"; do
        [ -e "$file" ] || command -v "$file" >/dev/null || {
            echo "$0: no $file" >&2
            exit 2
        }
    done
}

# Make the place `$1` and go there: $here. What runs on it is started by "${under[@]}".
suite_begin() {
    place=$1
    n_passed=0
    n_failed=0
    under=(env)
    mkdir "$work/store" "$work/mnt" "$work/tmp"
    here=$work/mnt/suite
    if [ "$place" = store ]; then
        here=$work/store/suite
    else
        "$build/fs/alcmfs" -f "$work/store" "$work/mnt" &
        daemon=$!
        until mountpoint -q "$work/mnt"; do
            kill -0 $daemon || exit 1
            sleep 0.1
        done
    fi
    mkdir -m 777 "$here" && cd "$here" || exit 1
    if [ "$place" = blobs ]; then
        "${CC:-cc}" -O2 -shared -fPIC -o "$work/npy_shim.so" "$suites/npy_shim.c" -ldl || exit 1
        under=(env NPY_SHIM_DIR="$here" LD_PRELOAD="$work/npy_shim.so")
    fi
}

say_failed() {
    n_failed=$((n_failed + 1))
    echo "$place: failed: $1"
    tail -n 5 "$work/out"
}

# Run one test: a name and a command. It passes with status 0; otherwise its end is shown.
suite_test() {
    local name=$1

    shift
    if "${under[@]}" "$@" >"$work/out" 2>&1; then
        n_passed=$((n_passed + 1))
        return
    fi
    say_failed "$name"
}

# The mount must end in order, its store must be clean; say what passed.
suite_end() {
    local n_blobs

    cd / || exit 1
    if [ "$place" != store ]; then
        n_blobs=$(find "$here" -type f -exec getfattr -n user.alcm.state --only-values {} + 2>/dev/null |
            grep -o blob | wc -l)
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            ! fusermount3 -u "$work/mnt" 2>/dev/null || break
            sleep 0.5 # a release is asynchronous
        done
        leave_place
        wait "$daemon" || say_failed "the daemon ended with $?"
        "$build/tools/alcm" check "$work/store" >"$work/out" 2>&1 || say_failed "alcm check"
    fi
    echo "$(basename "$0" .sh) on $place: $n_passed passed, $n_failed failed${n_blobs+; $n_blobs blobs}"
    all_failed=$((all_failed + n_failed))
    rm -rf "${work:?}/store" "${work:?}/mnt" "${work:?}/tmp"
}

# Call `$1` on every place.
suite_run() {
    for place in $places; do
        suite_begin "$place"
        "$1"
        suite_end
    done
    [ "$all_failed" -eq 0 ]
}
