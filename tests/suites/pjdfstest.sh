#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/suites/pjdfstest.sh DIR      (DIR: pjdfstest, built; as root)
# pjdfstest asks df for the file system's type and tests what it knows of that one: it is told the store's.
# shellcheck source=tests/suites/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
suite=${1:?"usage: $0 DIR"}
suite_needs "$suite/pjdfstest" prove

tell_stores_type() {
    mkdir -p "$work/bin"
    printf '#!/bin/sh\n/usr/bin/df "$@" | sed "s/fuse\\.alcmfs/%s/"\n' \
        "$(stat -f -c %T "$work" | sed 's,ext2/ext3,ext4,')" >"$work/bin/df"
    chmod +x "$work/bin/df"
}

assertions() {
    PATH=$work/bin:$PATH prove -r "$suite/tests" >"$work/out" 2>&1
    n_failed=$(sed -n 's/.*Tests: [0-9]* Failed: \([0-9]*\).*/\1/p' "$work/out" |
        awk '{ n += $1 } END { print n + 0 }')
    n_passed=$(($(sed -n 's/^Files=.*Tests=\([0-9]*\).*/\1/p' "$work/out") - n_failed))
    grep -A 1 'Failed: [1-9]' "$work/out"
    grep '^Result:' "$work/out"
}

tell_stores_type
suite_run assertions
