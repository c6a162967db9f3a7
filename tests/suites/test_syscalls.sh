#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/suites/test_syscalls.sh PROGRAM      (PROGRAM: libfuse's test/test_syscalls, built)
# shellcheck source=tests/suites/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
program=${1:?"usage: $0 PROGRAM"}
suite_needs "$program"

calls() {
    local option

    for option in "" -u; do
        # shellcheck disable=SC2086 # no option is no argument
        "$program" "$here" $option >"$work/out" 2>&1 || n_failed=$((n_failed + 1))
        n_passed=$((n_passed + $(grep -c '\] OK' "$work/out")))
        grep -v '\] OK\|START\|SKIP' "$work/out"
    done
}

suite_run calls
