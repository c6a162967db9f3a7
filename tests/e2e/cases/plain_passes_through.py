# SPDX-License-Identifier: MIT
# also: user
"""What is no tensor is the store's own file, byte for byte, at once and whatever its name."""
import os

import e2e

for name, data in e2e.fixtures("plain"):
    e2e.write(e2e.m(name), data)
    e2e.equal(e2e.read(e2e.s(name)), data, f"{name} in the store")
    e2e.equal(os.stat(e2e.s(name)).st_ino, os.stat(e2e.m(name)).st_ino, f"{name}: inode")

# Nothing of it waits in a buffer of ours: it is in the store before the close.
with open(e2e.m("log.npy"), "wb", buffering=0) as f:
    for i in range(50):
        f.write(b"line %d\n" % i)
        e2e.equal(e2e.read(e2e.s("log.npy")).count(b"\n"), i + 1, "lines in the store")
    f.seek(3)
    f.write(b"X")
    e2e.equal(e2e.read(e2e.s("log.npy"))[:5], b"linX ", "a byte changed")
