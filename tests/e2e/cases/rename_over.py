# SPDX-License-Identifier: MIT
# also: user
"""Frameworks write a temporary name, fsync and rename over the old file."""
import os

import e2e

for i in range(30):
    data = e2e.npy(20_000 + i, seed=i)
    with open(e2e.m("w.npy.tmp"), "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.rename(e2e.m("w.npy.tmp"), e2e.m("w.npy"))
    e2e.equal(e2e.read(e2e.m("w.npy")), data, f"round {i}")
    e2e.equal(sorted(os.listdir(e2e.MNT)), ["w.npy"], "names")
assert e2e.is_blob("w.npy")

# Who has the old file open keeps it.
old = open(e2e.m("w.npy"), "rb")
new = e2e.npy(5000, "f8")
e2e.write(e2e.m("x"), new)
os.replace(e2e.m("x"), e2e.m("w.npy"))
e2e.equal(old.read(), data, "the old file, still open")
old.close()

# Renamed while it is being written.
with open(e2e.m("a.tmp"), "wb") as f:
    f.write(new[:1000])
    os.rename(e2e.m("a.tmp"), e2e.m("a.npy"))
    f.write(new[1000:])
e2e.all_read_as({"w.npy": new, "a.npy": new})
