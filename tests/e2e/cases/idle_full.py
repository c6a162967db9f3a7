# SPDX-License-Identifier: MIT
# needs: root
# mount: no
"""Files that have been idle, in a store without room for their new content: they stay, and the log says so once."""
import os
import subprocess

import e2e
import numpy as np

MIB = 1 << 20
rng = np.random.default_rng(3)

if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48M", "none", e2e.STORE]).returncode:
    e2e.skip("tmpfs can't be mounted here")
data = (rng.standard_normal(3 * MIB) * 0.02).astype("f4").tobytes()
names = ["a.bin", "b.bin", "c.bin"]
for name in names:
    e2e.write(e2e.s(name), data)
e2e.write(e2e.s("small.bin"), data[:300_000])
e2e.write(e2e.s("filler"), bytes(9 * MIB))
e2e.mount("idle=1")
for name in (*names, "small.bin"):
    with open(e2e.m(name), "r+b", buffering=0) as f:
        f.seek(8192)
        f.write(data[8192:12288])


def complaints():
    return [line for line in e2e.log_text().splitlines() if "not compressed: " in line]


def at_work():
    return os.listdir(e2e.s(".alcm/swap"))


e2e.wait_until(lambda: e2e.is_blob("small.bin"), "the last one, for which there is room, is converted")
e2e.equal(len(complaints()), 1, f"lines in the log: {e2e.log_text()}")
assert "No space left" in complaints()[0], complaints()
assert not at_work(), "left in .alcm/swap"
for name in names:
    e2e.reads_as(e2e.m(name), data, name)
    assert not e2e.is_blob(name), name

# With room, the next change brings each back.
os.unlink(e2e.m("filler"))
os.unlink(e2e.m("c.bin"))
with open(e2e.m("a.bin"), "r+b", buffering=0) as f:
    f.write(data[:4096])
e2e.wait_until(lambda: e2e.is_blob("a.bin"), "a.bin is converted")
e2e.reads_as(e2e.m("a.bin"), data, "a.bin")
e2e.unmount()
e2e.equal(e2e.is_blob("a.bin"), True, "a.bin")
subprocess.run([e2e.ALCM, "check", e2e.STORE], check=True)
subprocess.run(["umount", e2e.STORE], check=True)
