# SPDX-License-Identifier: MIT
# timeout: 7200
"""Many small files, written, listed, changed, moved and removed through the mount; tensors among them.

200,000 with E2E_SCALE=full; less otherwise."""
import os
import shutil

import e2e

N_FILES, PER_DIR = (200_000, 1000) if e2e.FULL else (3000, 100)
tensor = e2e.npy(1500)  # every 20th; just large enough to become a blob


def content(k):
    return tensor + b"%d" % k if k % 20 == 0 else b"file %d\n" % k * (k % 50)


def path(k):
    return e2e.m(f"d{k // PER_DIR}/f{k % PER_DIR}")


for k in range(N_FILES):
    if k % PER_DIR == 0:
        os.mkdir(os.path.dirname(path(k)))
    e2e.write(path(k), content(k))
for d in range(N_FILES // PER_DIR):
    with os.scandir(e2e.m(f"d{d}")) as entries:
        sizes = {entry.name: entry.stat().st_size for entry in entries}
    e2e.equal(sizes, {f"f{k}": len(content(d * PER_DIR + k)) for k in range(PER_DIR)}, f"listing of d{d}")

for k in range(0, N_FILES, 7):  # some grow,
    with open(path(k), "ab") as f:
        f.write(b"more")
for k in range(3, N_FILES, 7):  # some are replaced,
    e2e.write(path(k) + ".new", content(k + 1))
    os.replace(path(k) + ".new", path(k))
for k in range(5, N_FILES, 7):  # some go
    os.unlink(path(k))


def expected(k):
    return [content(k) + b"more", content(k), content(k), content(k + 1), content(k), None, content(k)][k % 7]


def check(when, step):
    for k in range(0, N_FILES, step):
        want = expected(k)
        if want is None:
            assert not os.path.lexists(path(k)), f"{path(k)} {when}"
        else:
            e2e.equal(e2e.read(path(k)), want, f"{path(k)} {when}")


check("when changed", 1)
e2e.remount()
check("after a remount", 3)
n_left = sum(len(names) for _, _, names in os.walk(e2e.MNT))
e2e.equal(n_left, sum(k % 7 != 5 for k in range(N_FILES)), "files")
for d in range(N_FILES // PER_DIR):
    shutil.rmtree(e2e.m(f"d{d}"))
e2e.equal(os.listdir(e2e.MNT), [], "left")
e2e.equal([name for _, _, names in os.walk(e2e.s(".alcm/caq")) for name in names], [], "reports left")
