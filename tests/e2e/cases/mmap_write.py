# SPDX-License-Identifier: MIT
# also: user
"""Pages written through a shared mapping whose descriptor is closed long before munmap."""
import mmap
import os

import e2e

data = bytearray(e2e.npy(300_000))
e2e.write(e2e.m("w.npy"), data)
for round_no in range(5):
    fd = os.open(e2e.m("w.npy"), os.O_RDWR)
    mapped = mmap.mmap(fd, len(data))
    os.close(fd)  # the mapping keeps the file open: FLUSH comes here, RELEASE with munmap
    for at in range(round_no * 17 + 200, len(data) - 10, 70_001):
        mapped[at : at + 5] = data[at : at + 5] = b"mmap%d" % round_no
    e2e.equal(e2e.read(e2e.m("w.npy")), bytes(data), "read while it is mapped")
    if round_no % 2:
        mapped.flush()
    mapped.close()
    e2e.equal(e2e.read(e2e.m("w.npy")), bytes(data), f"after munmap {round_no}")
e2e.all_read_as({"w.npy": bytes(data)})

# A private mapping changes nothing.
with open(e2e.m("w.npy"), "r+b") as f:
    with mmap.mmap(f.fileno(), 0, flags=mmap.MAP_PRIVATE) as private:
        private[:4] = b"oops"
e2e.equal(e2e.read(e2e.m("w.npy")), bytes(data), "after a private change")

# A fresh file written by nothing but its mapping.
with open(e2e.m("new.npy"), "w+b") as f:
    f.truncate(len(data))
    with mmap.mmap(f.fileno(), len(data)) as mapped:
        mapped[:] = bytes(data)
e2e.all_read_as({"new.npy": bytes(data), "w.npy": bytes(data)})
