# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the suites' scripts source: a place to run on, fresh each time, and counting.
#
#   ALCM_BUILD     where alcmfs and alcm were built (default: build)
#   SUITE_DIR      where stores are made (default: /var/tmp); its file system is what the store's is
#   SUITE_PLACES   the places to run on (default: "store mount blobs"): the plain directory, for
#                  comparison; a mount; a mount whose files are all blobs, by npy_shim.c
#   SUITE_OPTIONS  options of the mounts, separated by commas
set -uo pipefail

suites=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$suites/../.." && pwd)
build=$(realpath "${ALCM_BUILD:-$top/build}")
places=${SUITE_PLACES:-store mount blobs}
options=${SUITE_OPTIONS:-rw}
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

# Print what is to be preloaded into alcmfs for all files to be blobs.
build_shim() {
    local flags

    flags=$(pkg-config --cflags fuse3) || exit 1
    # shellcheck disable=SC2086 # several
    "${CC:-cc}" -O2 -shared -fPIC $flags -o "$work/npy_shim.so" "$suites/npy_shim.c" -ldl || exit 1
    echo "$work/npy_shim.so"
}

# Make the place `$1` and go there: $here.
suite_begin() {
    local preload=

    place=$1
    n_passed=0
    n_failed=0
    mkdir "$work/store" "$work/mnt" "$work/tmp"
    here=$work/mnt/suite
    if [ "$place" = store ]; then
        here=$work/store/suite
    else
        [ "$place" != blobs ] || preload=$(build_shim) || exit 1
        env LD_PRELOAD="$preload" "$build/fs/alcmfs" -f "$work/store" "$work/mnt" -o "$options" 2>"$work/log" &
        daemon=$!
        until mountpoint -q "$work/mnt"; do
            kill -0 $daemon || {
                cat "$work/log"
                exit 1
            }
            sleep 0.1
        done
    fi
    mkdir -m 777 "$here" && cd "$here" || exit 1
}

# How much of what went through mounts was of blobs, from .alcm/metrics of these.
blob_share() { # FILE
    awk '{ n[$1] += $2 }
        function share(way, all) {
            all = n["alcmfs_" way "_bytes_total"]
            return sprintf("%.0f MB %s, %.1f %% of it of blobs", all / 1e6, way,
                100 * n["alcmfs_blob_" way "_bytes_total"] / (all + !all))
        }
        END { print share("written") "; " share("read") }' "$1"
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
    if "$@" >"$work/out" 2>&1; then
        n_passed=$((n_passed + 1))
        return
    fi
    say_failed "$name"
}

# The mount must end in order, its store must be clean; say what passed.
suite_end() {
    cd / || exit 1
    if [ "$place" != store ]; then
        echo "    $(blob_share "$work/mnt/.alcm/metrics")"
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            ! fusermount3 -u "$work/mnt" 2>/dev/null || break
            sleep 0.5 # a release is asynchronous
        done
        leave_place
        wait "$daemon" || say_failed "the daemon ended with $?"
        [ ! -s "$work/log" ] || echo "    $(wc -l <"$work/log") lines of log, the last: $(tail -n 1 "$work/log")"
        "$build/tools/alcm" check "$work/store" >"$work/out" 2>&1 || say_failed "alcm check"
    fi
    echo "$(basename "$0" .sh) on $place: $n_passed passed, $n_failed failed"
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
