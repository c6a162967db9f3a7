#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/suites/fio.sh      (needs Debian's fio)
# Random reads and writes by several jobs; every block is verified by its CRC.
# shellcheck source=tests/suites/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
suite_needs fio

job() {
    suite_test "$*" fio --name=job --directory="$here" --size=64M --rw=randrw --verify=crc32c --verify_fatal=1 \
        --do_verify=1 --randseed=5 "$@"
    rm -f "$here"/job.*
}

verify() {
    job --ioengine=psync --bsrange=512-96k --fallocate=none
    job --ioengine=pvsync2 --bsrange=512-96k --numjobs=4
    job --ioengine=libaio --bsrange=512-96k --iodepth=16
    job --ioengine=libaio --bs=4k --iodepth=16 --direct=1
    job --ioengine=mmap --bsrange=4k-64k
}

suite_run verify
