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

# Whoever copied a store's file meant what is in it: they are told what it is, and how to get that out.
WHY = "a compressed file of another store; `alcm cat` extracts it"
for name in ("raw.npy", "slowly", "late", "overwritten"):
    e2e.equal(os.getxattr(e2e.m(name), "user.alcm.why").decode(), WHY, name)
    for top in (e2e.MNT, e2e.STORE):
        assert WHY in e2e.subprocess.check_output([e2e.ALCM, "info", f"{top}/{name}"], text=True), f"{top}/{name}"
e2e.equal(os.getxattr(e2e.m("part_of_magic"), "user.alcm.why").decode(), "below min_size (4096 bytes)", "no whole magic")
e2e.equal(e2e.log_text().count(WHY), 1, "lines in the log")
e2e.equal(e2e.subprocess.check_output([e2e.ALCM, "cat", e2e.m("raw.npy")]), data, "alcm cat")

# Twice over: the store's file of a blob in a blob.
twice = e2e.read(e2e.s("raw.npy"))
e2e.write(e2e.m("twice"), twice)
e2e.all_read_as({"twice": twice, **files})
for name in files:
    os.rename(e2e.m(name), e2e.m(name + ".moved"))
    e2e.equal(e2e.read(e2e.m(name + ".moved")), files[name], name)
