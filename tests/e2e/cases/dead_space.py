# SPDX-License-Identifier: MIT
# mount: no
# timeout: 240
# also: user
"""A closed file takes no more than it would uncompressed and a twentieth, whatever was written to it and how often, and
what is said to be stored is what the disk holds."""
import os
import random

import e2e
import numpy as np

PUNCH_HOLE, KEEP_SIZE = 2, 1
BLOCK = 4096
ROUNDS = 60 if e2e.FULL else 14
rng = random.Random(7)
values = np.random.default_rng(7)


def weights(n):
    return (values.normal(size=n // 4) * 0.02).astype("f4").tobytes()


def noise(n):
    return values.bytes(n)


class File:
    """A compressed file and the bytes that it must have."""

    def __init__(self, name, make, size):
        self.path, self.make = e2e.m(name), make
        # Few bytes are noise and the type is known, or it would stay plain.
        self.head = e2e.npy(size // 4)[:128]
        self.want = bytearray(self.head + make(size))
        e2e.write(self.path, self.want)

    def change(self, sync, *writes):
        fd = os.open(self.path, os.O_RDWR)
        for at, data in writes:
            os.pwrite(fd, data, at)
            self.want[at:at + len(data)] = data
        if sync:
            os.fsync(fd)
        os.close(fd)

    def check(self, what):
        st, data = os.stat(self.path), len(self.want)
        taken = st.st_blocks * 512
        assert taken <= 1.05 * data + 2 * BLOCK, f"{what}: {data} bytes take {taken}: {taken / data:.3f} times"
        stored = int(os.getxattr(self.path, "user.alcm.stored_size"))
        assert stored >= taken and stored - taken <= BLOCK, f"{what}: said to be stored in {stored}, they take {taken}"
        e2e.equal(e2e.read(self.path), bytes(self.want), what)


def append(f, sync):
    f.change(sync, (len(f.want), f.make(40_000)))


def rewrite_head(f, sync):
    f.change(sync, (0, f.head))


def in_place(f, sync):
    f.change(sync, *((rng.randrange(128, len(f.want) - 400), f.make(400)) for _ in range(3)))


def overwrite(f, sync):
    f.change(sync, (128, f.make(len(f.want) - 128)))


def shrink(f, sync):
    size = max(len(f.want) - 100_000, 300_000)
    os.truncate(f.path, size)
    del f.want[size:]
    in_place(f, sync)


def punch(f, sync):
    """A part of a chunk, so that the rest of it stays."""
    at, n = rng.randrange(128, len(f.want) - 50_000), 30_000
    fd = os.open(f.path, os.O_RDWR)
    e2e.libc.fallocate(fd, PUNCH_HOLE | KEEP_SIZE, e2e.ctypes.c_long(at), e2e.ctypes.c_long(n))
    f.want[at:at + n] = bytes(n)
    if sync:
        os.fsync(fd)
    os.close(fd)


for chunk in (256, 64):
    e2e.mount(f"chunk={chunk},attr_timeout=0,idle=0")
    files = {}
    for how in (append, rewrite_head, in_place, overwrite, shrink, punch):
        for make in (weights, noise):
            for sync in (False, True):
                name = f"{how.__name__}-{make.__name__}-{sync}-{chunk}"
                f = files[name] = File(name, make, 1_200_000)
                for k in range(ROUNDS):
                    how(f, sync)
                    f.check(f"{name}, change {k}")
    # The daemon dies in the middle of changes, and the next one closes the file.
    held = [os.open(f.path, os.O_RDWR) for f in files.values()]
    for fd, f in zip(held, files.values()):
        os.pwrite(fd, f.make(len(f.want) - 128), 128)
    e2e.kill_daemon()
    for fd in held:
        try:
            os.close(fd)
        except OSError:
            pass
    e2e.mount(f"chunk={chunk},attr_timeout=0,idle=0")
    for name, f in files.items():
        f.change(False, (0, f.head))
        f.want[:] = e2e.read(f.path)
        f.check(f"{name} after a crash")
    # And what du adds up is what the disk holds.
    on_disk = sum(os.stat(f.path).st_blocks * 512 for f in files.values())
    said = e2e.json.loads(e2e.subprocess.check_output([e2e.ALCM, "du", "--json", e2e.MNT]))["all"]["stored_bytes"]
    assert abs(said - on_disk) <= BLOCK * len(files), (said, on_disk)
    for f in files.values():
        os.unlink(f.path)
    e2e.unmount()
    e2e.subprocess.run([e2e.ALCM, "check", e2e.STORE], check=True, capture_output=True)
