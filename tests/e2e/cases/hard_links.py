# SPDX-License-Identifier: MIT
# also: user
"""Two names, one file: content, size, link count and inode, over a rewrite and a remount."""
import os

import e2e

first, second = e2e.npy(30_000), e2e.npy(40_000, "f8")
e2e.write(e2e.m("a.npy"), first)
os.link(e2e.m("a.npy"), e2e.m("b.npy"))
for name in ("a.npy", "b.npy"):
    e2e.reads_as(e2e.m(name), first, "linked")
    e2e.equal(os.stat(e2e.m(name)).st_nlink, 2, "links")
e2e.equal(os.stat(e2e.m("a.npy")).st_ino, os.stat(e2e.m("b.npy")).st_ino, "inodes")

e2e.write(e2e.m("b.npy"), second)
e2e.equal(e2e.read(e2e.m("a.npy")), second, "written by the other name")
with open(e2e.m("a.npy"), "r+b") as f:
    f.seek(1000)
    f.write(b"change")
want = second[:1000] + b"change" + second[1006:]
e2e.all_read_as({"a.npy": want, "b.npy": want})
os.unlink(e2e.m("a.npy"))
e2e.reads_as(e2e.m("b.npy"), want, "one name removed")
e2e.equal(os.stat(e2e.m("b.npy")).st_nlink, 1, "links left")

# A link made while the file is being written.
with open(e2e.m("c.npy"), "wb") as f:
    f.write(first[:9999])
    os.link(e2e.m("c.npy"), e2e.m("d.npy"))
    f.write(first[9999:])
e2e.all_read_as({"c.npy": first, "d.npy": first})
