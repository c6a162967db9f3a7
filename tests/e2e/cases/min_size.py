# SPDX-License-Identifier: MIT
# mount: min_size=10000
"""Files that end below min_size are stored plain, those that end above it are not."""
import os

import e2e

small, large = e2e.npy(2000), e2e.npy(3000)
assert len(small) < 10000 < len(large)
for name, data in (("small.npy", small), ("large.npy", large)):
    e2e.write(e2e.m(name), data)
e2e.equal(e2e.read(e2e.s("small.npy")), small, "the small one in the store")
assert e2e.is_blob("large.npy")
# What was reserved while nobody knew how much would come is given back.
assert os.stat(e2e.s("small.npy")).st_blocks * 512 <= 16384, os.stat(e2e.s("small.npy"))

# It grows later: its last close takes it up.
e2e.write(e2e.m("small.npy"), large)
e2e.wait_until(lambda: e2e.is_blob("small.npy"), "converted after growing")
e2e.all_read_as({"small.npy": large, "large.npy": large}, "min_size=10000")

e2e.remount("min_size=0")
e2e.write(e2e.m("tiny.npy"), e2e.npy(10))
e2e.equal(e2e.read(e2e.m("tiny.npy")), e2e.npy(10), "tiny")
assert os.stat(e2e.m("tiny.npy")).st_size == len(e2e.npy(10))

# Larger than a chunk: nobody knows what a file will be until it is closed.
e2e.remount("min_size=1000000,chunk=64")
below, above = e2e.npy(200_000), e2e.npy(400_000)
assert 3 * 65536 < len(below) < 1_000_000 < len(above)
for name, data in (("below.npy", below), ("above.npy", above), ("grows.npy", below), ("pieces.npy", above)):
    with open(e2e.m(name), "wb", buffering=0) as f:
        for at in range(0, len(data), 50_000):
            f.write(data[at : at + 50_000])
e2e.equal(e2e.read(e2e.s("below.npy")), below, "below min_size, several chunks")
e2e.equal(os.getxattr(e2e.m("below.npy"), "user.alcm.state").decode(), "plain", "state")
assert e2e.is_blob("above.npy") and e2e.is_blob("pieces.npy")
e2e.write(e2e.m("grows.npy"), above)
e2e.wait_until(lambda: e2e.is_blob("grows.npy"), "converted after growing")
e2e.all_read_as({"below.npy": below, "above.npy": above, "grows.npy": above, "pieces.npy": above})
