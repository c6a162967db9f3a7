# SPDX-License-Identifier: MIT
# mount: chunk=64
# timeout: 120
# also: user
"""One file, every operation on its content at random, against an array: a plain one and a blob.

20,000 operations each with E2E_SCALE=full; less otherwise."""
import ctypes
import mmap
import os
import random

import e2e

N_STEPS = 20_000 if e2e.FULL else 1500
MAX = 1 << 20
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16


class File:
    """The file at `path`, of which the first `fixed` bytes stay as they are."""

    def __init__(self, path, start, seed):
        self.path, self.want, self.fixed = path, bytearray(start), len(start)
        self.rng = random.Random(seed)
        e2e.write(path, start)
        self.fd = os.open(path, os.O_RDWR)

    def span(self, end=MAX):
        off = self.rng.randrange(self.fixed, max(end, self.fixed + 1))
        n = min(self.rng.choice((1, 100, 5000, 70_000, 200_000)), MAX - off)
        return off, self.rng.randrange(n) + 1

    def put(self, off, data):
        self.want[len(self.want) : off] = bytes(max(0, off - len(self.want)))
        self.want[off : off + len(data)] = data

    def read(self):
        off, n = self.span()
        e2e.equal(os.pread(self.fd, n, off), bytes(self.want[off : off + n]), f"{n} at {off}")

    def write(self):
        off, n = self.span()
        data = self.rng.randbytes(n)
        e2e.equal(os.pwrite(self.fd, data, off), n, "written")
        self.put(off, data)

    def append(self):
        data = self.rng.randbytes(self.rng.randrange(1, 3000))
        if len(self.want) + len(data) > MAX:
            return
        with open(self.path, "ab", buffering=0) as f:
            f.write(data)
        self.want += data

    def mapped(self, write):
        off, n = self.span(len(self.want))
        n = min(n, len(self.want) - off)
        if n <= 0:
            return
        with mmap.mmap(self.fd, len(self.want)) as area:
            e2e.equal(area[off : off + n], bytes(self.want[off : off + n]), f"mapped {n} at {off}")
            if write:
                area[off : off + n] = data = self.rng.randbytes(n)
                self.put(off, data)

    def truncate(self):
        size = self.rng.randrange(self.fixed, MAX)
        os.truncate(self.rng.choice((self.fd, self.path)), size)
        self.want[size:] = bytes(max(0, size - len(self.want)))

    def allocate(self):
        off, n = self.span()
        mode = self.rng.choice((0, KEEP_SIZE, PUNCH_HOLE | KEEP_SIZE, ZERO_RANGE, ZERO_RANGE | KEEP_SIZE))
        if e2e.libc.fallocate(self.fd, mode, ctypes.c_long(off), ctypes.c_long(n)):
            error = ctypes.get_errno()
            raise OSError(error, f"fallocate {mode} {off} {n}")
        if mode & (PUNCH_HOLE | ZERO_RANGE):
            inside = min(off + n, len(self.want)) - off
            if inside > 0:
                self.put(off, bytes(inside))
        if not mode & KEEP_SIZE:
            self.want[len(self.want) :] = bytes(max(0, off + n - len(self.want)))

    def copy(self):
        src, n = self.span(len(self.want))
        n = min(n, len(self.want) - src)
        dst = self.span()[0]
        if n <= 0 or abs(dst - src) < n or dst + n > MAX:
            return
        done = os.copy_file_range(self.fd, self.fd, n, src, dst)
        self.put(dst, bytes(self.want[src : src + done]))

    def reopen(self):
        os.close(self.fd)
        e2e.equal(os.stat(self.path).st_size, len(self.want), "size when closed")
        self.fd = os.open(self.path, os.O_RDWR)

    def step(self):
        kinds = (self.read, self.read, self.write, self.write, self.append, lambda: self.mapped(False),
                 lambda: self.mapped(True), self.truncate, self.allocate, self.allocate, self.copy,
                 lambda: os.fsync(self.fd), self.reopen)
        self.rng.choice(kinds)()
        e2e.equal(os.fstat(self.fd).st_size, len(self.want), "size")


for name, start, state in (("plain", b"", "plain"), ("w.npy", e2e.npy(5000), "blob")):
    file = File(e2e.m(name), start, 11)
    for _ in range(N_STEPS):
        file.step()
    os.close(file.fd)
    e2e.equal(os.getxattr(e2e.m(name), "user.alcm.state").decode(), state, name)
    e2e.all_read_as({name: bytes(file.want)}, "chunk=64")
