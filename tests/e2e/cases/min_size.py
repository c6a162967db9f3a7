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
e2e.wait_until(lambda: e2e.is_blob("small.npy"), "taken up after growing")
e2e.all_read_as({"small.npy": large, "large.npy": large}, "min_size=10000")

e2e.remount("min_size=0")
e2e.write(e2e.m("tiny.npy"), e2e.npy(10))
e2e.equal(e2e.read(e2e.m("tiny.npy")), e2e.npy(10), "tiny")
assert os.stat(e2e.m("tiny.npy")).st_size == len(e2e.npy(10))
