# SPDX-License-Identifier: MIT
# mount: idle=1
# also: user
"""Files that are changed in place are compressed when nobody has had them open for a while; their times stay."""
import json
import mmap
import os

import e2e
import numpy as np

rng = np.random.default_rng(7)
weights = bytearray((rng.standard_normal(500_000) * 0.02).astype("f4").tobytes())
noise = bytearray(os.urandom(300_000))


def change(name, data, at=4096):
    """As a database does: some bytes in the middle, in place."""
    piece = rng.standard_normal(100).astype("f4").tobytes()
    data[at : at + len(piece)] = piece
    with open(e2e.m(name), "r+b", buffering=0) as f:
        f.seek(at)
        f.write(piece)


def why(name):
    return os.getxattr(e2e.m(name), "user.alcm.why").decode()


def converted():
    return json.loads(e2e.read(e2e.m(".alcm/stats")))["values"]["converted"]


# What was there before the mount, changed in place.
e2e.unmount()
for name, data in (("w.bin", weights), ("read.bin", weights), ("open.bin", weights), ("noise.bin", noise)):
    e2e.write(e2e.s(name), data)
contents = {"w.bin": weights, "noise.bin": noise, "read.bin": bytearray(weights), "open.bin": bytearray(weights)}
e2e.mount("idle=1")
reader = os.open(e2e.m("read.bin"), os.O_RDONLY)
mapping = mmap.mmap(reader, 0, prot=mmap.PROT_READ)
writer = os.open(e2e.m("open.bin"), os.O_RDWR)
for name, data in contents.items():
    change(name, data)
    assert not e2e.is_blob(name), name
before, noise_before = os.stat(e2e.m("w.bin")), os.stat(e2e.m("noise.bin"))
e2e.wait_until(lambda: e2e.is_blob("w.bin"), "w.bin is converted")
after = os.stat(e2e.m("w.bin"))
e2e.equal(after.st_ctime_ns, before.st_ctime_ns, "ctime of what was converted")
e2e.equal((after.st_ino, after.st_mtime_ns, after.st_size), (before.st_ino, before.st_mtime_ns, before.st_size), "file")
assert after.st_blocks < before.st_blocks, "takes no less"
e2e.equal(why("w.bin"), "its content", "why")

# What is open for writing isn't, and what would not get smaller is not either.
e2e.wait_until(lambda: why("noise.bin").startswith("already compressed"), "noise.bin is judged")
e2e.equal(os.stat(e2e.m("noise.bin")).st_ctime_ns, noise_before.st_ctime_ns, "ctime of what was looked at")
e2e.equal(os.stat(e2e.s("noise.bin")).st_ctime_ns, noise_before.st_ctime_ns, "its ctime in the store")
assert not e2e.is_blob("open.bin") and not e2e.is_blob("noise.bin")
# Nor is what a reader has open or mapped: tar would take a file whose ctime moves for changed.
assert not e2e.is_blob("read.bin"), "converted under its reader"
e2e.equal(mapping[:], bytes(contents["read.bin"]), "a mapping of before")
os.close(writer)
os.close(reader)
e2e.wait_until(lambda: e2e.is_blob("open.bin"), "open.bin is converted")
assert not e2e.is_blob("read.bin"), "converted while it is mapped"
mapping.close()
e2e.wait_until(lambda: e2e.is_blob("read.bin"), "read.bin is converted")
e2e.reads_as(e2e.m("read.bin"), bytes(contents["read.bin"]), "read.bin")
# A change that users make is one, though.
os.chmod(e2e.m("w.bin"), 0o640)
assert os.stat(e2e.m("w.bin")).st_ctime_ns > before.st_ctime_ns, "ctime after chmod"
e2e.wait_until(lambda: converted() == 3, "three files are counted")

# Whoever comes back finds it as it was, and so does who reads it then.
for at in (0, 70_000, 1_200_000):
    change("w.bin", weights, at)
e2e.all_read_as({name: bytes(data) for name, data in contents.items()}, "idle=1")

# One that a program works in with many small changes after all is plain again, there and then, and has to be idle
# for longer. While somebody reads the file below the mount it can't be changed in place, so that waits for its close.
n_changes = 0
below = open(e2e.s("w.bin"), "rb")
with open(e2e.m("w.bin"), "r+b", buffering=0) as f:
    while e2e.is_blob("w.bin"):
        at = int(rng.integers(len(weights) // 4096)) * 4096
        weights[at : at + 8] = f"{n_changes:8}".encode()
        f.seek(at)
        f.write(weights[at : at + 8])
        os.close(os.dup(f.fileno()))  # a commit
        n_changes += 1
        if n_changes == 100:
            below.close()
        assert n_changes < 1000, "never plain"
    assert n_changes > 100, f"plain after {n_changes} changes"
    e2e.reads_as(e2e.m("w.bin"), bytes(weights), "plain again")
    e2e.equal(os.path.exists(e2e.m(".alcm/caq/w.bin.json")), False, "a report")
    f.seek(4096)
    f.write(weights[4096:8192])
e2e.wait_until(lambda: e2e.is_blob("w.bin"), "w.bin is converted again")
e2e.reads_as(e2e.m("w.bin"), bytes(weights), "converted again")
npy = bytearray(e2e.npy(100_000))
e2e.write(e2e.m("w.npy"), npy)
with open(e2e.m("w.npy"), "r+b", buffering=0) as f:
    for k in range(150):
        f.seek(4096)
        f.write(npy[4096:4104])
        os.close(os.dup(f.fileno()))
assert e2e.is_blob("w.npy"), "a recognised format isn't made plain"

# A new file that its only writer closes while somebody reads it is converted then, under the reader's eyes.
data = e2e.npy(90_000)
with open(e2e.m("late.npy"), "wb", buffering=0) as f:
    f.write(b"\0" * len(data))
    reader = os.open(e2e.m("late.npy"), os.O_RDONLY)
    f.seek(0)
    f.write(data)
assert e2e.is_blob("late.npy")
e2e.equal(os.pread(reader, len(data), 0), data, "the reader's view")
os.close(reader)

# What is removed meanwhile is gone, with its space.
e2e.remount("idle=1000")
e2e.write(e2e.m("gone.db"), weights[: 1 << 16])
change("noise.bin", noise)
os.unlink(e2e.m("noise.bin"))


def deleted():
    found = []
    for entry in os.scandir(f"/proc/{e2e.daemon_pid()}/fd"):
        try:
            found += [entry.name] if "(deleted)" in os.readlink(entry.path) else []
        except FileNotFoundError:  # closed since it was listed
            pass
    return found


e2e.wait_until(lambda: not deleted(), "the daemon lets go of a removed file")
