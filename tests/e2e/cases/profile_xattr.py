# SPDX-License-Identifier: MIT
# also: user
"""user.alcm.profile of a directory: writable, checked, stored, inherited."""
import errno
import os

import e2e

NAME = "user.alcm.profile"
os.makedirs(e2e.m("a/b"))
e2e.equal(os.getxattr(e2e.m("a/b"), NAME), b"lossless", "the mount's default")
os.setxattr(e2e.m("a"), NAME, b"lossless")
e2e.equal(os.getxattr(e2e.m("a"), NAME), b"lossless", "set")
e2e.equal(os.getxattr(e2e.m("a/b"), NAME), b"lossless", "inherited")
e2e.equal(os.listxattr(e2e.m("a")), [], "not listed")
LONG = b"bounded:0.1" + 60 * b"0"  # a number all the same
for bad in (b"nonsense", b"", b"lossless ", b"\xff" * 300, LONG, b"paper\0x", b"paper\0\0"):
    with e2e.raises(errno.EINVAL, errno.ERANGE):
        os.setxattr(e2e.m("a"), NAME, bad)
e2e.equal(os.getxattr(e2e.m("a"), NAME), b"lossless", "unchanged by what is invalid")
e2e.write(e2e.m("a/b/w.npy"), e2e.npy())
e2e.equal(os.getxattr(e2e.m("a/b/w.npy"), NAME), b"lossless", "of a file")
e2e.remount()
e2e.equal(os.getxattr(e2e.m("a"), NAME), b"lossless", "after a remount")
os.setxattr(e2e.m("a"), NAME, b"paper\0")
e2e.equal(os.getxattr(e2e.m("a/b"), NAME), b"paper", "set with the byte that ends it in C")
# What can't be understood, since it was set in the store or by a later version, permits nothing.
for odd in (b"nonsense", LONG, b"paper\0x", b""):
    os.setxattr(e2e.s("a/b"), NAME, odd)
    e2e.equal(os.getxattr(e2e.m("a/b"), NAME), b"lossless", f"{odd!r} in the store")
    e2e.write(e2e.m("a/b/odd.npy"), e2e.npy())
    e2e.equal(os.getxattr(e2e.m("a/b/odd.npy"), NAME), b"lossless", f"of a file below {odd!r}")
    os.unlink(e2e.m("a/b/odd.npy"))
os.removexattr(e2e.m("a"), NAME)
with e2e.raises(errno.ENODATA):
    os.getxattr(e2e.s("a"), NAME)
e2e.equal(os.getxattr(e2e.m("a/b/w.npy"), NAME), b"lossless", "of a file, still")
