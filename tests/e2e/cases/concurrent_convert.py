# SPDX-License-Identifier: MIT
# mount: chunk=64
"""A plain file is made a blob in place, by a close of its only handle, while others read through that handle."""
import mmap
import os
import time

import e2e

SECONDS = 20 if e2e.FULL else 2
PAGE = 4096
PATH = e2e.m("w.npy")

data = e2e.npy(500_000)
data += bytes(-len(data) % PAGE)
# Direct I/O asks the mount each time; it wants aligned memory.
area = mmap.mmap(-1, len(data))
area[:] = data


def pread(fd, buf, off):
    n = os.preadv(fd, [buf], off)
    e2e.equal(bytes(buf[:n]), data[off : off + n], f"read at {off}")


def reader(fd, until):
    buf = mmap.mmap(-1, 128 * 1024)
    while time.monotonic() < until:
        for off in range(0, len(data), len(buf)):
            pread(fd, buf, off)


end = time.monotonic() + SECONDS
n_converted = 0
while time.monotonic() < end:
    fd = os.open(PATH, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_DIRECT)
    # What it is shows last, so it begins as a plain file.
    os.pwritev(fd, [memoryview(area)[PAGE:]], PAGE)
    os.pwritev(fd, [memoryview(area)[:PAGE]], 0)
    assert not e2e.is_blob("w.npy"), "begins as a blob"
    until = time.monotonic() + 0.2
    readers = [lambda: reader(fd, until)] * 3
    e2e.all_processes(*readers, lambda: os.close(fd))
    n_converted += e2e.is_blob("w.npy")
    os.close(fd)
assert n_converted, "it never became a blob"
e2e.all_read_as({"w.npy": data}, "chunk=64")
