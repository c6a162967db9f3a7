# SPDX-License-Identifier: MIT
# also: user
"""O_DIRECT, O_SYNC and O_DSYNC from the caller, on blobs and on plain files."""
import mmap
import os

import e2e

data = e2e.npy(300_000)
for name, content in (("w.npy", data), ("plain", bytes(reversed(data)))):
    size = len(content) // 4096 * 4096
    buffer = mmap.mmap(-1, size)
    buffer[:] = content[:size]
    fd = os.open(e2e.m(name), os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o644)
    e2e.equal(os.pwrite(fd, buffer, 0), size, "written")
    got = mmap.mmap(-1, size)
    e2e.equal(os.preadv(fd, [got], 0), size, "read")
    e2e.equal(got[:], content[:size], f"{name} with O_DIRECT")
    # not aligned at all: ours needn't care
    os.pwrite(fd, memoryview(buffer)[100:1100], 777)
    os.close(fd)
    want = bytearray(content[:size])
    want[777:1777] = content[100:1100]
    e2e.reads_as(e2e.m(name), bytes(want), "buffered")
    for flag in (os.O_SYNC, os.O_DSYNC):
        fd = os.open(e2e.m(name), os.O_RDWR | flag)
        os.pwrite(fd, b"synced", 5000)
        os.close(fd)
    want[5000:5006] = b"synced"
    e2e.all_read_as({name: bytes(want)})
