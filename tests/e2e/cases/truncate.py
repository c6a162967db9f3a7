# SPDX-License-Identifier: MIT
# mount: chunk=64
# also: user
"""truncate up and down, to 0, by path and by descriptor, and O_TRUNC rewrites."""
import os

import e2e

data = e2e.npy(60_000)
want = bytearray(data)
e2e.write(e2e.m("w.npy"), data)
for size in (200_001, 70_000, 65_536, 65_535, 300_000, 65_537, 4096, 100, 90_000):
    os.truncate(e2e.m("w.npy"), size)
    want = want[:size] + bytes(size - len(want[:size]))
    e2e.reads_as(e2e.m("w.npy"), bytes(want), f"truncated to {size}")
    e2e.equal(e2e.read(e2e.m("w.npy")), bytes(want), "again")
with open(e2e.m("w.npy"), "r+b") as f:
    f.seek(0, 2)
    f.write(data)
    f.flush()
    f.truncate(95_000)
    want = (want + data)[:95_000]
    e2e.equal(os.fstat(f.fileno()).st_size, 95_000, "fstat")
e2e.all_read_as({"w.npy": bytes(want)}, "chunk=64")

os.truncate(e2e.m("w.npy"), 0)
e2e.reads_as(e2e.m("w.npy"), b"", "emptied")
e2e.write(e2e.m("w.npy"), b"now it is text\n" * 1000)
e2e.reads_as(e2e.m("w.npy"), b"now it is text\n" * 1000, "rewritten as text")
for i in range(10):
    data = e2e.npy(20_000 + 3000 * i, seed=i)
    e2e.write(e2e.m("w.npy"), data)  # O_TRUNC
    e2e.equal(e2e.read(e2e.m("w.npy")), data, f"rewrite {i}")
e2e.all_read_as({"w.npy": data}, "chunk=64")
# ten rewrites don't take the space of ten
assert os.stat(e2e.m("w.npy")).st_blocks * 512 < 2 * len(data), os.stat(e2e.m("w.npy"))

with open(e2e.m("w.npy"), "rb") as reader:  # truncated under a reader's nose
    reader.read(10)
    e2e.write(e2e.m("w.npy"), data[:5000])
    e2e.equal(reader.read(), data[10:5000], "the reader sees the new content")

# A save that is begun again while its first chunk is being encoded: nothing of that comes behind the new end.
data = e2e.npy(16_400)
for i in range(40):
    with open(e2e.m(f"again{i}.npy"), "wb", buffering=0) as f:
        f.write(data)
        f.truncate(0)
        e2e.equal(os.stat(e2e.s(f"again{i}.npy")).st_size, 0, "emptied, in the store")
        f.seek(0)
        f.write(data[:1000])
    e2e.equal(e2e.read(e2e.m(f"again{i}.npy")), data[:1000], "begun again")
