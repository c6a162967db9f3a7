#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/suites/fsx.sh PROGRAM [OPERATIONS]      (PROGRAM: xfstests' ltp/fsx, built)
# Reads, writes, mappings, truncation, fallocate, holes and copies at random, against a copy in memory.
# shellcheck source=tests/suites/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
program=${1:?"usage: $0 PROGRAM [OPERATIONS]"}
n=${2:-20000}
suite_needs "$program"

operations() {
    local seed

    for seed in 1 2 3 4; do
        suite_test "seed $seed" "$program" -q -N "$n" -S $seed -l 3000000 -o 65536 -P "$work/tmp" f$seed
    done
    suite_test "asynchronous" "$program" -q -N "$n" -S 5 -A -l 3000000 -P "$work/tmp" f5
    suite_test "direct" "$program" -q -N "$n" -S 6 -Z -r 4096 -w 4096 -l 3000000 -P "$work/tmp" f6
    suite_test "closing and opening" "$program" -q -N "$n" -S 7 -c 50 -l 1000000 -P "$work/tmp" f7
}

suite_run operations
