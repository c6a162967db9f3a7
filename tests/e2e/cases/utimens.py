# SPDX-License-Identifier: MIT
# also: user
"""utimensat: nanoseconds, UTIME_NOW, UTIME_OMIT, symbolic links, directories."""
import ctypes
import os
import time

import e2e

UTIME_NOW, UTIME_OMIT, AT_FDCWD = (1 << 30) - 1, (1 << 30) - 2, -100


class Timespec(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]


def utimensat(path, atime_nsec, mtime_nsec):
    times = (Timespec * 2)((5, atime_nsec), (6, mtime_nsec))
    if e2e.libc.utimensat(AT_FDCWD, path.encode(), times, 0):
        raise OSError(ctypes.get_errno(), "utimensat")


def times(path):
    st = os.lstat(path)
    return st.st_atime_ns, st.st_mtime_ns


e2e.write(e2e.m("w.npy"), e2e.npy())
e2e.write(e2e.m("text"), b"text")
os.mkdir(e2e.m("dir"))
os.symlink("nowhere", e2e.m("link"))
for name in ("w.npy", "text", "dir", "link"):
    path = e2e.m(name)
    os.utime(path, ns=(1_234_567_890_987_654_321, 987_654_321_123_456_789), follow_symlinks=False)
    e2e.equal(times(path), (1_234_567_890_987_654_321, 987_654_321_123_456_789), name)
path = e2e.m("w.npy")
utimensat(path, 7, UTIME_OMIT)
e2e.equal(times(path), (5_000_000_007, 987_654_321_123_456_789), "mtime left out")
utimensat(path, UTIME_OMIT, UTIME_NOW)
e2e.equal(times(path)[0], 5_000_000_007, "atime left out")
# (nobody has read the file: what the daemon itself reads must not count)
assert abs(times(path)[1] / 1e9 - time.time()) < 60, "now"
