# SPDX-License-Identifier: MIT
# mount: chunk=64
# timeout: 120
"""Renames, links and removals of files that are being saved and committed; content is checked.

Savers write tensors under a temporary name, rename, and read back; movers take finished files to other
directories and back, link and remove them; all the while files are removed under their writers.
Longer with E2E_SCALE=full."""
import errno
import os
import random
import time

import e2e

SECONDS = 30 if e2e.FULL else 3
N_SAVERS, N_MOVERS = 3, 2
DIRS = [e2e.m(f"d{k}") for k in range(3)]
GONE = (errno.ENOENT, errno.EEXIST)  # somebody was faster
DATA = [e2e.npy(20_000 + 3000 * k, seed=k) for k in range(8)]


def content(name):
    """What the file of this name has in it, wherever it lies: c3-17 has the third content."""
    return DATA[int(os.path.basename(name).split("-")[0][1:])]


def save(path, data, rng):
    with open(path, "xb", buffering=0) as f:
        for off in range(0, len(data), 30_000):
            f.write(data[off : off + 30_000])
            if rng.randrange(10) == 0:
                os.fsync(f.fileno())


def saver(me, until):
    rng = random.Random(me)
    n = 0
    while time.monotonic() < until or not n:
        n += 1
        name = f"c{rng.randrange(len(DATA))}-{me}x{n}"
        temp = os.path.join(rng.choice(DIRS), f"{name}.tmp")
        save(temp, content(name), rng)
        e2e.equal(e2e.read(temp), content(name), f"{temp} just saved")
        if rng.randrange(3):
            os.rename(temp, os.path.join(rng.choice(DIRS), name))
        else:
            replaced = os.path.join(rng.choice(DIRS), f"{name.split('-')[0]}-shared")
            os.rename(temp, replaced)


def unlinked_writer(me, until):
    """Goes on writing to and reading from files that have lost their names."""
    rng = random.Random(-me)
    n = 0
    while time.monotonic() < until or not n:
        n += 1
        data = rng.choice(DATA)
        path = os.path.join(rng.choice(DIRS), f"gone-{me}x{n}")
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        half = rng.randrange(len(data))
        os.write(fd, data[:half])
        os.close(os.dup(fd))  # commits
        os.unlink(path)
        os.pwrite(fd, data[half:], half)
        os.close(os.dup(fd))
        e2e.equal(os.pread(fd, len(data) + 1, 0), data, f"{path} without a name")
        e2e.equal(os.fstat(fd).st_nlink, 0, "links")
        os.close(fd)


def pick(rng):
    """A finished file of some directory."""
    folder = rng.choice(DIRS)
    names = [name for name in os.listdir(folder) if name[0] == "c" and not name.endswith(".tmp")]
    return os.path.join(folder, rng.choice(names)) if names else None


def move(rng):
    path = pick(rng)
    if not path:
        return
    target = os.path.join(rng.choice(DIRS), os.path.basename(path))
    kind = rng.randrange(6)
    if kind < 3:
        os.rename(path, target)
    elif kind == 3:
        os.link(path, f"{target}l")
    elif kind == 4:
        e2e.equal(e2e.read(path), content(path), path)
    elif rng.randrange(2):
        os.unlink(path)


def mover(me, until):
    rng = random.Random(100 + me)
    while time.monotonic() < until:
        try:
            move(rng)
        except OSError as error:
            if error.errno not in GONE:
                raise


for folder in DIRS:
    os.mkdir(folder)
end = time.monotonic() + SECONDS
jobs = [(saver, me) for me in range(N_SAVERS)] + [(mover, me) for me in range(N_MOVERS)] + [(unlinked_writer, 1)]
e2e.all_processes(*(lambda job=job, me=me: job(me, end) for job, me in jobs))
files = {os.path.join(f"d{k}", name): content(name) for k in range(3) for name in os.listdir(DIRS[k])}
assert files and not any(name.endswith(".tmp") or "gone" in name for name in files), sorted(files)
for name, data in files.items():
    e2e.equal(e2e.read(e2e.m(name)), data, name)
e2e.remount("chunk=64")
for name, data in files.items():
    e2e.equal(e2e.read(e2e.m(name)), data, f"{name} after a remount")
    assert e2e.is_blob(name), name
