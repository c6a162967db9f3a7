# SPDX-License-Identifier: MIT
# also: user
"""SEEK_HOLE and SEEK_DATA: what was written is data, what was never written may be a hole."""
import errno
import os

import e2e

data = e2e.npy(400_000)
e2e.write(e2e.m("dense.npy"), data)
fd = os.open(e2e.m("dense.npy"), os.O_RDWR)
e2e.equal(os.lseek(fd, 0, os.SEEK_DATA), 0, "data at 0")
e2e.equal(os.lseek(fd, 0, os.SEEK_HOLE), len(data), "no invented hole")
e2e.equal(os.lseek(fd, 12345, os.SEEK_DATA), 12345, "data at 12345")
e2e.equal(os.lseek(fd, 0, os.SEEK_END), len(data), "the end")
for whence in (os.SEEK_DATA, os.SEEK_HOLE):
    with e2e.raises(errno.ENXIO):
        os.lseek(fd, len(data), whence)
os.close(fd)


def data_ranges(fd):
    size, at, out = os.fstat(fd).st_size, 0, []
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as error:
            assert error.errno == errno.ENXIO
            break
        at = os.lseek(fd, start, os.SEEK_HOLE)
        out.append((start, at))
    return out


def check(fd, want, when):
    """All that isn't zero lies in a data range; what lies between really reads as zeros."""
    covered = bytearray(len(want))
    for start, end in data_ranges(fd):
        covered[start:end] = b"\1" * (end - start)
    for written in (0, 4_000_000, 9_999_990):
        assert covered[written], f"{when}: {written} is no data"
    e2e.equal(os.pread(fd, len(want), 0), bytes(want), when)
    return covered.count(1)


want = bytearray(10_000_000)
with open(e2e.m("sparse.npy"), "w+b", buffering=0) as f:
    for at, piece in ((0, data[:200]), (4_000_000, b"middle"), (9_999_990, b"0123456789")):
        os.pwrite(f.fileno(), piece, at)
        want[at : at + len(piece)] = piece
    check(f.fileno(), want, "before close")
with open(e2e.m("sparse.npy"), "rb") as f:
    n_data = check(f.fileno(), want, "after close")
assert n_data < 2_000_000, f"{n_data} bytes of data: holes are filled"
e2e.all_read_as({"sparse.npy": bytes(want)})
# zeros that were written are data
e2e.write(e2e.m("zeros.npy"), data[:128] + bytes(1 << 20))
with open(e2e.m("zeros.npy"), "rb") as f:
    e2e.equal(os.lseek(f.fileno(), 0, os.SEEK_HOLE), 128 + (1 << 20), "written zeros")
