# SPDX-License-Identifier: MIT
# also: user
"""A blob's bytes are user data when they come through the mount: they read back as they are."""
import os

import e2e

data = e2e.npy(100_000)
e2e.write(e2e.m("w.npy"), data)
raw = e2e.read(e2e.s("w.npy"))
assert raw[:8] == e2e.BLOB_MAGIC
files = {
    "raw.npy": raw,
    "cut": raw[:-100],
    "magic": raw[:8],
    "part_of_magic": raw[:3],
    "doubled": raw + raw,
}
for name, content in files.items():
    e2e.write(e2e.m(name), content)
with open(e2e.m("slowly"), "wb", buffering=0) as f:  # one byte at a time
    for i in range(200):
        f.write(raw[i : i + 1])
files["slowly"] = raw[:200]
with open(e2e.m("late"), "wb", buffering=0) as f:  # its start comes last
    f.seek(8)
    f.write(raw[8:])
    f.seek(0)
    f.write(raw[:8])
files["late"] = raw
with open(e2e.m("overwritten"), "w+b", buffering=0) as f:  # plain at first
    f.write(b"x" * 5000)
    f.seek(0)
    f.write(raw)
files["overwritten"] = raw + b"x" * max(0, 5000 - len(raw))
e2e.all_read_as(files)

# Twice over: the store's file of a blob in a blob.
twice = e2e.read(e2e.s("raw.npy"))
e2e.write(e2e.m("twice"), twice)
e2e.all_read_as({"twice": twice, **files})
for name in files:
    os.rename(e2e.m(name), e2e.m(name + ".moved"))
    e2e.equal(e2e.read(e2e.m(name + ".moved")), files[name], name)
