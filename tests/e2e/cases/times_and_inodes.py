# SPDX-License-Identifier: MIT
# also: user
"""Compressing changes no time; inode numbers and times stay over rename, link and remount."""
import os

import e2e

data = e2e.npy(200_000)
FIELDS = ("st_ino", "st_mtime_ns", "st_size", "st_mode", "st_uid", "st_gid", "st_blocks")


def identity(name):
    st = os.stat(e2e.m(name))
    return {field: getattr(st, field) for field in FIELDS}


with open(e2e.m("w.npy"), "wb") as f:
    f.write(data)
    inode = os.fstat(f.fileno()).st_ino
closed = identity("w.npy")
e2e.equal(closed["st_ino"], inode, "inode over compressing")
assert e2e.is_blob("w.npy")
os.rename(e2e.m("w.npy"), e2e.m("v.npy"))
e2e.equal(identity("v.npy"), closed, "after rename")
e2e.equal(e2e.read(e2e.m("v.npy")), data, "content")
e2e.equal(identity("v.npy"), closed, "after reading")
e2e.remount()
e2e.equal(identity("v.npy"), closed, "after a remount")
e2e.equal(os.stat(e2e.s("v.npy")).st_mtime_ns, closed["st_mtime_ns"], "mtime in the store")
os.link(e2e.m("v.npy"), e2e.m("u.npy"))
e2e.equal(identity("u.npy"), closed, "after link")

# fsync and a late commit of mapped pages don't move it either, but a write does.
then = 1_000_000_000_123_456_789
os.utime(e2e.m("v.npy"), ns=(then, then))
fd = os.open(e2e.m("v.npy"), os.O_RDWR)
os.fsync(fd)
os.close(fd)
e2e.equal(os.stat(e2e.m("v.npy")).st_mtime_ns, then, "mtime after fsync")
with open(e2e.m("v.npy"), "r+b") as f:
    f.write(data[:10])
assert os.stat(e2e.m("v.npy")).st_mtime_ns > then, "a write sets the time"

# What is still buffered, so not in the store, changes st_ctime all the same.
with open(e2e.m("v.npy"), "r+b", buffering=0) as f:
    for name, change in (("write", lambda: f.write(data[:10])), ("truncate", lambda: f.truncate(len(data) - 1))):
        before = os.fstat(f.fileno()).st_ctime_ns
        e2e.wait_until(lambda: change() and os.fstat(f.fileno()).st_ctime_ns > before, f"ctime after {name}")
    before = os.fstat(f.fileno()).st_ctime_ns
assert os.stat(e2e.m("v.npy")).st_ctime_ns >= before, "ctime goes back at the close"

# utimens while data is still buffered: the later commit must not move it.
with open(e2e.m("t.npy"), "wb") as f:
    f.write(data)
    f.flush()
    os.utime(f.fileno(), ns=(then, then + 1))
e2e.equal(os.stat(e2e.m("t.npy")).st_mtime_ns, then + 1, "mtime set before close")
e2e.remount()
e2e.equal(os.stat(e2e.m("t.npy")).st_mtime_ns, then + 1, "the same after a remount")
