# SPDX-License-Identifier: MIT
# also: user
"""renameat2 with NOREPLACE and EXCHANGE, also between a blob and a plain file."""
import ctypes
import errno
import os

import e2e

NOREPLACE, EXCHANGE, AT_FDCWD = 1, 2, -100


def renameat2(old, new, flags):
    if e2e.libc.renameat2(AT_FDCWD, os.fsencode(e2e.m(old)), AT_FDCWD, os.fsencode(e2e.m(new)), flags):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


blob, plain = e2e.npy(50_000), b"plain text\n" * 1000
e2e.write(e2e.m("w.npy"), blob)
e2e.write(e2e.m("notes"), plain)
with e2e.raises(errno.EEXIST):
    renameat2("w.npy", "notes", NOREPLACE)
renameat2("w.npy", "notes", EXCHANGE)
e2e.all_read_as({"w.npy": plain, "notes": blob})
renameat2("notes", "free", NOREPLACE)
with e2e.raises(errno.ENOENT):
    renameat2("free", "gone", EXCHANGE)
os.mkdir(e2e.m("dir"))
renameat2("free", "dir", EXCHANGE)
assert os.path.isdir(e2e.m("free"))
e2e.all_read_as({"w.npy": plain, "dir": blob})
