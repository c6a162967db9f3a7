# SPDX-License-Identifier: MIT
# mount: chunk=64
# also: user
"""Chunk numbers have 32 bits: the largest file is 2^48 bytes with 64 KiB chunks, and EFBIG comes behind it."""
import errno
import os

import e2e

FALLOC_FL_KEEP_SIZE = 1


def refused(what, *args):
    try:
        what(*args)
    except OSError as err:
        e2e.equal(err.errno, errno.EFBIG, f"{what.__name__} beyond the largest size")
    else:
        raise AssertionError(f"{what.__name__}{args[1:]} beyond the largest size is taken")


def check(name, limit):
    """A file ends at the limit, keeps its head, and takes nothing behind it."""
    path, data = e2e.m(name), e2e.npy(20_000)
    e2e.write(path, data)
    fd = os.open(path, os.O_RDWR)
    for at in (limit, limit + 65_536, 2 * limit):
        refused(os.pwrite, fd, b"lost", at)
        refused(os.ftruncate, fd, at + 1)
        refused(os.truncate, path, at + 1)
        refused(os.posix_fallocate, fd, at, 4096)
    refused(os.posix_fallocate, fd, limit - 100, 4096)
    e2e.equal(os.fstat(fd).st_size, len(data), "nothing was taken")
    e2e.equal(os.pwrite(fd, b"tail", limit - 4), 4, "the last bytes")
    e2e.equal(os.fstat(fd).st_size, limit, "its size")
    e2e.equal(os.pwrite(fd, b"xxtail", limit - 6), 6, "again")
    os.close(fd)
    for _ in range(2):
        with open(path, "rb") as f:
            e2e.equal(f.read(len(data)), data, "its head")
            f.seek(limit - 6)
            e2e.equal(f.read(), b"xxtail", "its tail")
        e2e.remount("chunk=64" if limit == 1 << 48 else "chunk=128")
    os.truncate(path, limit - 65_536)
    os.truncate(path, len(data))
    e2e.equal(e2e.read(path), data, "cut to what it was")
    os.truncate(path, limit)
    os.truncate(path, len(data))
    os.unlink(path)


def check_sized_first(name, limit):
    """What has a size before its first byte, and one that no blob has, stays plain."""
    fd = os.open(e2e.m(name), os.O_CREAT | os.O_RDWR)
    try:
        os.ftruncate(fd, limit + 1)
    except OSError as err:  # the store's own limit
        e2e.equal(err.errno, errno.EFBIG, "ftruncate of an empty file")
    else:
        data = e2e.npy(2000)
        e2e.equal(os.pwrite(fd, data, 0), len(data), "a head in a file that no blob can hold")
        e2e.equal(os.pread(fd, len(data), 0), data, "and read back")
    os.close(fd)
    os.unlink(e2e.m(name))


check("a.npy", 1 << 48)
check_sized_first("b.npy", 1 << 48)
e2e.remount("chunk=128")
check("c.npy", 1 << 49)
