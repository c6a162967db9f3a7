# SPDX-License-Identifier: MIT
# also: user
"""User xattrs are the store's; the virtual ones can be read and aren't listed."""
import errno
import os

import e2e

VIRTUAL = ("state", "ratio", "stored_size", "codec", "caq", "cpu_seconds", "profile")

e2e.write(e2e.m("w.npy"), e2e.npy())
e2e.write(e2e.m("text"), b"no tensor\n" * 1000)
os.mkdir(e2e.m("dir"))
for name in ("w.npy", "text", "dir"):
    path = e2e.m(name)
    os.setxattr(path, "user.note", b"\x00bytes\xff")
    os.setxattr(path, "user.long", b"x" * 2000)
    e2e.equal(os.getxattr(path, "user.note"), b"\x00bytes\xff", name)
    e2e.equal(sorted(os.listxattr(path)), ["user.long", "user.note"], f"{name}: list")
    e2e.equal(sorted(os.listxattr(e2e.s(name))), ["user.long", "user.note"], f"{name} in the store")
    with e2e.raises(errno.EEXIST):
        os.setxattr(path, "user.note", b"", os.XATTR_CREATE)
    with e2e.raises(errno.ENODATA):
        os.setxattr(path, "user.none", b"", os.XATTR_REPLACE)
    with e2e.raises(errno.ENODATA):
        os.getxattr(path, "user.none")
    os.removexattr(path, "user.long")
    with e2e.raises(errno.ENODATA):
        os.removexattr(path, "user.long")
e2e.equal(os.listxattr(e2e.m("w.npy")), ["user.note"], "list in the end")


def virtual(name, key):
    return os.getxattr(e2e.m(name), f"user.alcm.{key}").decode()


for key in VIRTUAL:
    assert virtual("w.npy", key), key
stored, logical = int(virtual("w.npy", "stored_size")), os.stat(e2e.m("w.npy")).st_size
e2e.equal(virtual("w.npy", "profile"), "lossless", "profile")
assert 0 < stored < logical, stored
assert abs(float(virtual("w.npy", "ratio")) - logical / stored) < 0.01, virtual("w.npy", "ratio")
caq = float(virtual("w.npy", "ratio")) / (float(virtual("w.npy", "cpu_seconds")) + 1)
assert abs(float(virtual("w.npy", "caq")) - caq) < 0.01, virtual("w.npy", "caq")
assert virtual("w.npy", "state") != virtual("text", "state"), "a blob and a plain file"
with e2e.raises(errno.ENODATA):
    virtual("w.npy", "nonsense")
for key in ("ratio", "state", "caq"):
    with e2e.raises(errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.EROFS):
        os.setxattr(e2e.m("w.npy"), f"user.alcm.{key}", b"1")

# Set before and during a write, they survive compressing, remount and rename.
with open(e2e.m("v.npy"), "wb") as f:
    os.setxattr(f.fileno(), "user.early", b"1")
    f.write(e2e.npy())
e2e.remount()
e2e.equal(os.getxattr(e2e.m("v.npy"), "user.early"), b"1", "set while writing")
e2e.equal(os.getxattr(e2e.m("w.npy"), "user.note"), b"\x00bytes\xff", "after a remount")
assert int(virtual("w.npy", "stored_size")) == stored
