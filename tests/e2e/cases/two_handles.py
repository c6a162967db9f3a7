# SPDX-License-Identifier: MIT
# mount: chunk=64
"""What one handle writes, others see at once: read, stat, mmap; random operations on four handles."""
import mmap
import os
import random

import e2e

want = bytearray(e2e.npy(50_000))
e2e.write(e2e.m("w.npy"), want)
fds = [os.open(e2e.m("w.npy"), os.O_RDWR) for _ in range(4)]
mapped = mmap.mmap(fds[0], 0)
rng = random.Random(4)
for step in range(1500):
    fd = rng.choice(fds)
    off, n = rng.randrange(len(want) + 5000), rng.randrange(1, 30_000)
    kind = rng.randrange(10)
    if kind < 4:
        data = rng.randbytes(n)
        e2e.equal(os.pwrite(fd, data, off), n, "written")
        want[len(want) : off] = bytes(max(0, off - len(want)))
        want[off : off + n] = data
    elif kind < 8:
        e2e.equal(os.pread(fd, n, off), bytes(want[off : off + n]), f"step {step}")
    elif kind == 8:
        e2e.equal(os.stat(e2e.m("w.npy")).st_size, len(want), f"step {step}: size")
        at = rng.randrange(100_000)
        e2e.equal(mapped[at : at + 500], bytes(want[at : at + 500]), f"step {step}: mapped")
    elif rng.randrange(4) == 0:
        size = rng.randrange(210_000, 400_000)
        os.ftruncate(fd, size)
        want = want[:size] + bytes(size - len(want[:size]))
    else:
        (os.fsync if step % 2 else os.fdatasync)(fd)
mapped.close()
for fd in fds:
    os.close(fd)
e2e.all_read_as({"w.npy": bytes(want)}, "chunk=64")
