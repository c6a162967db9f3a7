# SPDX-License-Identifier: MIT
# mount: chunk=64
# timeout: 120
# also: user
"""Directories are renamed and removed with all that is in them while files are saved there.

A save may fail because its directory has gone, and in no other way; what was saved reads back through
its descriptor, and nothing is left of what was removed. Longer with E2E_SCALE=full."""
import os
import random
import shutil
import time

import e2e

SECONDS = 30 if e2e.FULL else 3
RUN = e2e.m("run")
DATA = [e2e.npy(10_000 + 7000 * k, seed=k) for k in range(6)]


def make(path):
    try:
        os.mkdir(path)
    except FileExistsError:
        pass


def save(path, data):
    """As a framework does: a temporary name, rename, and a look at the result."""
    with open(f"{path}.tmp", "w+b", buffering=0) as f:
        for off in range(0, len(data), 50_000):
            f.write(data[off : off + 50_000])
        f.flush()
        os.close(os.dup(f.fileno()))  # commits
        e2e.equal(os.pread(f.fileno(), len(data) + 1, 0), data, path)
        try:
            os.rename(f"{path}.tmp", path)
        finally:  # whatever has become of its name
            e2e.equal(os.pread(f.fileno(), len(data) + 1, 0), data, path)


def saver(me, until):
    rng = random.Random(me)
    n_saved = n = 0
    while time.monotonic() < until or not n_saved:
        n += 1
        folder = os.path.join(RUN, f"step{rng.randrange(3)}")
        try:
            make(RUN)
            make(folder)
            save(os.path.join(folder, f"{me}x{n}.npy"), rng.choice(DATA))
            n_saved += 1
        except FileNotFoundError:
            pass


def remover(me, until):
    rng = random.Random(me)
    n = 0
    while time.monotonic() < until or n < 2:
        n += 1
        time.sleep(rng.random() / 10)  # let something be saved
        old = e2e.m(f"old{me}x{n}")
        try:
            os.rename(RUN if rng.randrange(2) else os.path.join(RUN, "step1"), old)
        except FileNotFoundError:
            continue
        while os.path.lexists(old):  # who is saving there may still add files
            shutil.rmtree(old, ignore_errors=True)


end = time.monotonic() + SECONDS
e2e.all_processes(*(lambda me=me: saver(me, end) for me in range(3)), *(lambda me=me: remover(me, end) for me in (7, 8)))
left = {os.path.relpath(os.path.join(folder, name), e2e.MNT)
        for folder, _, names in os.walk(e2e.MNT) for name in names}
e2e.remount("chunk=64")
for name in sorted(left):
    if not name.endswith(".tmp"):
        assert e2e.read(e2e.m(name)) in DATA, name
e2e.equal({name.split("/")[0] for name in left} - {"run"}, set(), "left of what was removed")
shutil.rmtree(RUN, ignore_errors=True)
e2e.equal(os.listdir(e2e.MNT), [], "after removing it all")

# Its reports have gone, too, though the last ones may have been written while that happened.
reports = [name for _, _, names in os.walk(e2e.s(".alcm/caq")) for name in names]
e2e.equal(reports, [], "reports of what was removed")
