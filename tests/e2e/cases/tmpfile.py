# SPDX-License-Identifier: MIT
# needs: root
# may skip: no O_TMPFILE
"""O_TMPFILE and linkat: a tensor without a name that gets one when it is complete."""
import errno
import os

import e2e

data = e2e.npy(120_000)
try:
    fd = os.open(e2e.MNT, os.O_TMPFILE | os.O_RDWR, 0o640)
except OSError as error:
    if error.errno in (errno.EOPNOTSUPP, errno.EISDIR):
        e2e.skip("no O_TMPFILE: libfuse has it from 3.17 on")
    raise
os.write(fd, data[:50_000])
os.write(fd, data[50_000:])
e2e.equal(os.pread(fd, len(data), 0), data, "before it has a name")
e2e.equal(os.listdir(e2e.MNT), [], "names")
os.fsync(fd)
# Python calls linkat(2), which alone follows the link, only when there is a directory's descriptor.
os.link(f"/proc/self/fd/{fd}", e2e.m("w.npy"), src_dir_fd=fd, follow_symlinks=True)
os.close(fd)
e2e.all_read_as({"w.npy": data})
assert e2e.is_blob("w.npy")
e2e.equal(os.stat(e2e.m("w.npy")).st_mode & 0o777, 0o640, "mode")

nameless = os.open(e2e.MNT, os.O_TMPFILE | os.O_RDWR, 0o640)
os.write(nameless, data)
os.close(nameless)
e2e.equal(sorted(os.listdir(e2e.STORE)), [".alcm", "w.npy"], "nothing is left in the store")
