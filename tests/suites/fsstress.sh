#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/suites/fsstress.sh PROGRAM [OPERATIONS]      (PROGRAM: xfstests' ltp/fsstress, built)
# Every call on files and names at random by four processes; the store is checked afterwards.
# shellcheck source=tests/suites/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
program=${1:?"usage: $0 PROGRAM [OPERATIONS]"}
n=${2:-20000}
suite_needs "$program"

stress() {
    local seed

    for seed in 1 2 3; do
        mkdir "p$seed"
        suite_test "seed $seed" "$program" -d "$here/p$seed" -n "$n" -p 4 -s $seed
    done
}

suite_run stress
