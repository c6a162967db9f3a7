# SPDX-License-Identifier: MIT
# mount: chunk=64
# timeout: 120
"""Many writers and readers of one blob: a read sees what was acknowledged before it, never older or other.

Each word of the file belongs to one writer and says which word of which round it is. Writers note the
round that write() has acknowledged; readers (pread, mapped, and of a handle just opened) check that
every word is of its place and no older than what was noted before. Longer with E2E_SCALE=full."""
import mmap
import os
import random
import time

import e2e
import numpy as np

SECONDS = 60 if e2e.FULL else 3
N_WRITERS, N_READERS = 4, 4
BLOCK = 512  # words; every N_WRITERS-th block is the same writer's
N_BLOCKS = 256  # 1 MiB, 16 chunks
HEAD = len(e2e.npy(0))
PATH = e2e.m("w.npy")

# Rounds that write() has acknowledged, per block; shared by all processes.
acked = np.frombuffer(mmap.mmap(-1, N_BLOCKS * 8), np.int64)


def words(block, n_round):
    """Words of a block: the round above, the place below."""
    return (np.int64(n_round) << 32) + np.arange(block * BLOCK, (block + 1) * BLOCK, dtype=np.int64)


def offset(block):
    return HEAD + block * BLOCK * 8


def writer(me, until):
    rng = random.Random(me)
    mine = range(me, N_BLOCKS, N_WRITERS)
    fd = os.open(PATH, os.O_RDWR)
    while time.monotonic() < until:
        block = rng.choice(mine)
        n_round = int(acked[block]) + 1
        e2e.equal(os.pwrite(fd, words(block, n_round).tobytes(), offset(block)), BLOCK * 8, "written")
        acked[block] = n_round
        if rng.randrange(50) == 0:
            os.fsync(fd)
        elif rng.randrange(50) == 0:  # a close commits
            os.close(fd)
            fd = os.open(PATH, os.O_RDWR)
    os.close(fd)


def check(first, data, at_least, how):
    """`data`: blocks from `first` on, read after `at_least` was acknowledged."""
    got = np.frombuffer(data, np.int64).reshape(-1, BLOCK)
    n = len(got)
    place = np.arange(first * BLOCK, (first + n) * BLOCK).reshape(-1, BLOCK)
    assert ((got & 0xFFFFFFFF) == place).all(), f"{how}: words of another place from block {first} on"
    rounds = got >> 32
    old = np.argwhere(rounds < at_least[first : first + n, None])
    assert not len(old), f"{how}: block {first + old[0][0]} older than acknowledged"
    new = np.argwhere(rounds > acked[first : first + n, None] + 1)
    assert not len(new), f"{how}: block {first + new[0][0]} was never written so"


def read_some(fd, rng, how):
    first = rng.randrange(N_BLOCKS)
    n = rng.randrange(1, N_BLOCKS - first + 1)
    at_least = acked.copy()
    check(first, os.pread(fd, n * BLOCK * 8, offset(first)), at_least, how)


def read_mapped(area, rng):
    first = rng.randrange(N_BLOCKS)
    n = rng.randrange(1, min(20, N_BLOCKS - first) + 1)
    at_least = acked.copy()
    check(first, area[offset(first) : offset(first + n)], at_least, "mapped")


def reader(me, until):
    rng = random.Random(-me)
    fd = os.open(PATH, os.O_RDONLY)
    area = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
    while time.monotonic() < until:
        kind = rng.randrange(4)
        if kind == 0:
            read_mapped(area, rng)
        elif kind == 1:
            other = os.open(PATH, os.O_RDONLY)
            read_some(other, rng, "just opened")
            os.close(other)
        elif kind == 2:  # without the pages that the kernel has
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            read_some(fd, rng, "cold")
        else:
            read_some(fd, rng, "read")
    area.close()
    os.close(fd)


def whole():
    return head + b"".join(words(block, int(acked[block])).tobytes() for block in range(N_BLOCKS))


head = e2e.npy(0)
e2e.write(PATH, whole())
end = time.monotonic() + SECONDS
jobs = [(writer, me) for me in range(N_WRITERS)] + [(reader, me) for me in range(N_READERS)]
e2e.all_processes(*(lambda job=job, me=me: job(me, end) for job, me in jobs))
assert acked.sum() > N_WRITERS, "nothing was written"
assert e2e.is_blob("w.npy")
e2e.all_read_as({"w.npy": whole()}, "chunk=64")
