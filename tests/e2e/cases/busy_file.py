# SPDX-License-Identifier: MIT
# mount: threads=1
# also: user
# timeout: 180
"""A file is packed at its close, another one quantised. A dozen processes each stat it, look it up, change its times,
open, read, write and ask for its attributes: they may wait for that file, others go on, and stat() doesn't wait.

Judged by how often things were done while the close lasted, which doesn't depend on the machine's speed."""
import mmap
import os
import signal
import time

import e2e
import numpy as np

N, MIB = 12, 256 if not e2e.SANITIZED else 32
MIN_DONE = 5
CLOSING = 200  # a flag among the counters
counts = np.frombuffer(mmap.mmap(-1, 4096), np.int64)


def again_and_again(k, job, pause=0.1, from_close=False):
    """In a process of its own, perhaps from the close on: the k-th counter says how often it was done."""
    pid = os.fork()
    if pid:
        return pid
    while from_close and not counts[CLOSING]:
        time.sleep(0.001)
    while True:
        try:
            job()
            counts[k] += 1
        except OSError:
            pass
        time.sleep(pause)


def read_piece(path, flags=os.O_RDONLY):
    fd = os.open(path, flags)
    try:
        os.pread(fd, 4096, 1 << 20)
        if flags != os.O_RDONLY:
            os.pwrite(fd, b"x", 64)
    finally:
        os.close(fd)


def file_jobs(path, fd):
    """What others do with the file, which `fd` has open for reading, and what changes it."""
    readers = {
        "stat": lambda: os.stat(path),
        "fstat": lambda: os.fstat(fd),
        "read": lambda: os.pread(fd, 4096, 1 << 20),
        "open": lambda: read_piece(path),
        "getxattr": lambda: os.getxattr(path, "user.alcm.state"),
        "ratio": lambda: os.getxattr(path, "user.alcm.ratio"),
    }
    return readers, {"write": lambda: read_piece(path, os.O_RDWR), "utime": lambda: os.utime(path)}


def watch(path, close, changed=False):
    """Close the file while it is used; what must not wait was done again and again."""
    counts[:] = 0
    fd = os.open(path, os.O_RDONLY)
    jobs, changes = file_jobs(path, fd)
    free = ["other", "stat", "fstat"]
    pids = [again_and_again(0, lambda: read_piece(e2e.m("other")), 0.002)]
    pids += [again_and_again(1, jobs["stat"], 0.002), again_and_again(2, jobs["fstat"], 0.002)]
    for k, job in enumerate(jobs.values()):
        pids += [again_and_again(100 + k, job) for _ in range(N)]
    for k, job in enumerate(changes.values()):
        pids += [again_and_again(150 + k, job, from_close=True) for _ in range(N) if changed]
    try:
        e2e.wait_until(lambda: counts[:3].min() > 3, "the processes have begun")
        before = counts[:3].copy()
        counts[CLOSING] = 1
        close()
        done = counts[:3] - before
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)
        os.close(fd)
    for what, n in zip(free, done):
        assert n >= MIN_DONE, f"{what} was done {n} times while {path} was closed: {dict(zip(free, done))}"


def head(n):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({n},), }}"
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.encode().ljust(117) + b"\n"


def fill(path, head_last):
    """A file of weights, open; with its head last it is stored plain so far."""
    n = MIB << 18
    fd = os.open(path, os.O_CREAT | os.O_RDWR)
    piece = (np.random.default_rng(1).standard_normal(1 << 20) * 0.02).astype("f4").tobytes()
    if not head_last:
        os.pwrite(fd, head(n), 0)
    for at in range(0, 4 * n, len(piece)):
        os.pwrite(fd, piece, 128 + at)
    if head_last:
        os.pwrite(fd, head(n), 0)
    return fd


e2e.write(e2e.m("other"), b"y" * (2 << 20))
fd = fill(e2e.m("packed.npy"), head_last=True)
want = os.pread(fd, 1 << 20, 0)
watch(e2e.m("packed.npy"), lambda: os.close(fd))
assert e2e.is_blob("packed.npy"), "it was not packed, though nobody else wrote"
with open(e2e.m("packed.npy"), "rb") as f:
    e2e.equal(f.read(1 << 20), want, "its content")
e2e.equal(os.stat(e2e.m("packed.npy")).st_size, 128 + (MIB << 20), "its size")

e2e.remount("threads=1,profile=alcm")
fd = fill(e2e.m("lossy.npy"), head_last=False)
watch(e2e.m("lossy.npy"), lambda: os.close(fd), changed=True)
assert e2e.is_blob("lossy.npy")
