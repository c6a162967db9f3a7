# SPDX-License-Identifier: MIT
# mount: chunk=64,detect=npy
# timeout: 120
"""Truncation against reads against mappings, of a blob and of a plain file.

One process cuts the file, extends it and fills it; what it has cut must read as zeros, to it and to
everyone. Others read, map (a mapping beyond the end is a SIGBUS, and nothing else) and write through
mappings below what is ever cut. Longer with E2E_SCALE=full."""
import contextlib
import mmap
import os
import random
import signal
import time

import e2e
import numpy as np

SECONDS = 30 if e2e.FULL else 2
FLOOR, MAX = 256 * 1024, 1024 * 1024
PAGE = 4096

# The number of the last filling that the cutting process has begun; shared.
n_begun = np.frombuffer(mmap.mmap(-1, PAGE), np.int64)[:1]


def fill(n_round, off, end):
    """Bytes off … end of filling `n_round`: each word says the round and where it is."""
    first, last = off // 8, (end + 7) // 8
    data = ((np.int64(n_round) << 32) + np.arange(first, last, dtype=np.int64)).tobytes()
    return data[off - first * 8 : end - first * 8]


def check(data, off, how):
    """Words of a filling that began, or zeros; `off` is a multiple of 8."""
    got = np.frombuffer(data[: len(data) // 8 * 8], np.int64)
    right = ((got & 0xFFFFFFFF) == off // 8 + np.arange(len(got))) & (got >> 32 <= n_begun[0])
    bad = np.argwhere(~(right | (got == 0)))
    assert not len(bad), f"{how}: at {off + 8 * bad[0][0]}: {got[bad[0][0]]:#x}"


def cut(path, until):
    rng = random.Random(path)
    fd = os.open(path, os.O_RDWR)
    n_rounds = 0
    while time.monotonic() < until or n_rounds < 3:
        n_rounds += 1
        n_begun[0] += 1
        size = rng.randrange(FLOOR, MAX) & ~7
        end = rng.randrange(size, MAX + 1) & ~7
        os.ftruncate(fd, MAX)
        want = fill(n_begun[0], FLOOR, MAX)
        e2e.equal(os.pwrite(fd, want, FLOOR), len(want), "written")
        if rng.randrange(3) == 0:
            os.fsync(fd)
        os.ftruncate(fd, size)
        e2e.equal(os.fstat(fd).st_size, size, "cut")
        os.truncate(path, end)
        e2e.equal(os.fstat(fd).st_size, end, "extended")
        want = want[: size - FLOOR] + bytes(end - size)
        e2e.equal(os.pread(fd, MAX, FLOOR), want, f"{path}: cut to {size}, extended to {end}")
        e2e.equal(e2e.read(path)[FLOOR:], want, f"{path}: opened anew")
    os.close(fd)


def read(path, until):
    rng = random.Random(path + "r")
    fd = os.open(path, os.O_RDONLY)
    while time.monotonic() < until:
        off = rng.randrange(FLOOR, MAX) & ~7
        if rng.randrange(4) == 0:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        check(os.pread(fd, rng.randrange(MAX), off), off, "read")
    os.close(fd)


def look_mapped(path, rng):
    """In a process of its own: it may end with SIGBUS."""
    fd = os.open(path, os.O_RDONLY)
    with contextlib.suppress(ValueError):  # the file is shorter just now, says Python
        area = mmap.mmap(fd, MAX // 2, prot=mmap.PROT_READ, offset=MAX // 2)
        for _ in range(50):
            off = rng.randrange(MAX // 2 - PAGE) & ~7
            check(area[off : off + PAGE], MAX // 2 + off, "mapped")


def read_mapped(path, until):
    rng = random.Random(path + "m")
    while time.monotonic() < until:
        rng.random()
        e2e.all_processes(lambda: look_mapped(path, rng), allow=signal.SIGBUS)


def write_mapped(path, until):
    """Below FLOOR, where nobody else writes: the last value of every page must be there in the end."""
    rng = random.Random(path + "w")
    n_round = 0
    fd = os.open(path, os.O_RDWR)
    with mmap.mmap(fd, FLOOR) as area:
        while time.monotonic() < until or n_round < 1:
            n_round += 1
            for off in range(PAGE, FLOOR, PAGE):
                area[off : off + 8] = n_round.to_bytes(8, "little")
                if rng.randrange(200) == 0:
                    area.flush()
        for off in range(PAGE, FLOOR, PAGE):
            e2e.equal(int.from_bytes(area[off : off + 8], "little"), n_round, f"page at {off}")
    os.close(fd)
    data = e2e.read(path)
    for off in range(PAGE, FLOOR, PAGE):
        e2e.equal(int.from_bytes(data[off : off + 8], "little"), n_round, f"{path}: word at {off}")


for name, start in (("w.npy", e2e.npy(0)), ("plain", b"text")):
    target = e2e.m(name)
    e2e.write(target, start + bytes(MAX - len(start)))
    n_begun[0] = 0
    stop = time.monotonic() + SECONDS
    e2e.all_processes(*(lambda job=job: job(target, stop) for job in (cut, read, read, read_mapped, write_mapped)))
    assert e2e.is_blob(name) == (name == "w.npy"), name
    e2e.all_read_as({name: e2e.read(target)}, "chunk=64,detect=npy")
