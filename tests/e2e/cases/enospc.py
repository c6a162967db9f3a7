# SPDX-License-Identifier: MIT
# needs: root
# mount: no
"""A full disk is an error of write, fsync or close, never silent; what was there stays; later it works."""
import errno
import os
import shutil
import subprocess

import e2e
import numpy as np


def big_store():
    """A store of 48 MiB: an ext4 image if loop devices work here, else tmpfs."""
    image = os.path.join(e2e.WORK, "image")
    with open(image, "wb") as f:
        f.truncate(48 << 20)
    mkfs = shutil.which("mkfs.ext4")
    done = mkfs and subprocess.run([mkfs, "-q", "-m0", "-O", "^has_journal", image],
                                   capture_output=True).returncode == 0 and subprocess.run(
        ["mount", "-o", "loop", image, e2e.STORE], capture_output=True).returncode == 0
    if not done:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48M", "none", e2e.STORE],
                              capture_output=True).returncode == 0
    if not done:
        e2e.skip("neither a loop device nor tmpfs can be mounted here")


def save(name, data, sync=False):
    """Write as a careful program does; returns the error that it meets, or 0."""
    try:
        fd = os.open(e2e.m(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError as error:
        return error.errno
    try:
        try:
            for i in range(0, len(data), 100_000):
                piece = data[i : i + 100_000]
                n = os.write(fd, piece)
                while n < len(piece):
                    n += os.write(fd, piece[n:])
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        return error.errno
    return 0


big_store()
e2e.mount("chunk=64")
old = e2e.npy(2_000_000)  # 8 MB
e2e.equal(save("old.npy", old, sync=True), 0, "saving with room")
noise = np.random.default_rng(1).bytes(100 << 20)
header = e2e.npy(10)[:128]

for sync in (False, True):
    e2e.equal(save("big.npy", header + noise, sync), errno.ENOSPC, f"too big, sync={sync}")
    e2e.equal(e2e.read(e2e.m("old.npy")), old, "the old file")
    # What was written before the error reads back, as on any file system.
    got = e2e.read(e2e.m("big.npy"))
    e2e.equal(got, (header + noise)[: len(got)], "the part that was written")
    os.unlink(e2e.m("big.npy"))

# Rewriting in place what takes little space by what takes much, with a disk that is nearly full: an
# error, and old or new bytes everywhere.
flat = old[:128] + bytes(len(old) - 128)
e2e.equal(save("flat.npy", flat, sync=True), 0, "saving zeros")
filler = 0
while save(f"filler{filler}", noise[: 2 << 20]) == 0:
    filler += 1
errors = []
with open(e2e.m("flat.npy"), "r+b", buffering=0) as f:
    for at in range(1024, len(flat) - (1 << 20), 1 << 20):
        try:
            os.pwrite(f.fileno(), noise[at : at + (1 << 20)], at)
            os.fsync(f.fileno())
        except OSError as error:
            errors.append(error.errno)
e2e.equal(set(errors), {errno.ENOSPC}, "rewriting in place without room")
got = e2e.read(e2e.m("flat.npy"))
e2e.equal(len(got), len(flat), "size after the failed rewrite")
e2e.equal(got[:1024], flat[:1024], "what wasn't rewritten")
for at in range(0, len(got), 65536):
    piece = got[at : at + 65536]
    ok = all(piece[i] in (flat[at + i], noise[at + i]) for i in range(0, len(piece), 97))
    assert ok, f"neither old nor new bytes at {at}"

# With room again everything works.
os.unlink(e2e.m("old.npy"))
os.unlink(e2e.m("flat.npy"))
for i in range(filler + 1):
    os.unlink(e2e.m(f"filler{i}"))
e2e.equal(save("old.npy", old, sync=True), 0, "saving when there is room again")
e2e.remount("chunk=64")
e2e.reads_as(e2e.m("old.npy"), old, "after a remount")
e2e.unmount()
done = subprocess.run([e2e.ALCM, "check", e2e.STORE], capture_output=True, text=True)
e2e.equal(done.returncode, 0, f"alcm check: {done.stdout}{done.stderr}")
