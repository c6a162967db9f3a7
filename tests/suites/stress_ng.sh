#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/suites/stress_ng.sh [SECONDS]      (needs Debian's stress-ng; as root)
# The file system stressors that act on the directory they are given, each with two workers.
# shellcheck source=tests/suites/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
seconds=${1:-2}
suite_needs stress-ng

stressors=(access chattr chdir chmod chown copy-file dentry dir dirdeep dirmany dnotify fallocate fanotify
    fcntl fiemap file-ioctl filename flock fpunch fsize fstat getdent handle hdd inode-flags inotify io
    iomix lease link locka lockf lockofd mknod open rename seek sendfile splice symlink sync-file touch
    utime verity xattr)

stress() {
    local stressor

    for stressor in "${stressors[@]}"; do
        suite_test "$stressor" stress-ng "--$stressor" 2 --timeout "$seconds" --verify --temp-path "$here"
    done
}

suite_run stress
