# SPDX-License-Identifier: MIT
# also: user
# check: no
"""A blob of a newer format, or with an unknown coder: EIO and a log line that says so; never touched."""
import errno
import os
import struct
import sys

import e2e

sys.path.insert(0, os.path.join(e2e.TOP, "tests/decoder"))
import alcm_decode

data = e2e.npy(100_000)
e2e.write(e2e.m("newer.npy"), data)
e2e.write(e2e.m("coder.npy"), data)
e2e.unmount()


def rehash(blob, at, body_from, body_to, order):
    """Set the hash at `at` + 8 (or 40: of a record's body) anew."""
    value = alcm_decode.hash64(bytes(blob[body_from:body_to]) + order)
    blob[at : at + 8] = struct.pack("<Q", value)


def make_newer(blob):
    for start, end in ((0, 64), (len(blob) - 128, len(blob))):
        blob[start + 16] = 2
        rehash(blob, start + 8, start + 16, end, b"")


def make_unknown_coder(blob, offset, length):
    body = offset + 64 + struct.unpack_from("<I", blob, offset + 52)[0]
    blob[body + 9] = 99  # the first plane's coder
    rehash(blob, offset + 40, offset + 64, offset + length, b"")
    rehash(blob, offset + 8, offset + 16, offset + 64, bytes(blob[offset : offset + 8]))


for name in ("newer.npy", "coder.npy"):
    first = alcm_decode.open_blob(e2e.s(name)).entries[0]
    blob = bytearray(e2e.read(e2e.s(name)))
    if name == "newer.npy":
        make_newer(blob)
    else:
        make_unknown_coder(blob, *first)
    e2e.write(e2e.s(name), blob)
before = e2e.read(e2e.s("newer.npy"))
e2e.mount()
for name, word in (("newer.npy", "newer"), ("coder.npy", "newer")):
    with e2e.raises(errno.EIO):
        e2e.read(e2e.m(name))
    lines = [line for line in e2e.log_text().splitlines() if name in line]
    assert lines and word in lines[0], f"{name}: {lines}"
with e2e.raises(errno.EIO):
    with open(e2e.m("newer.npy"), "r+b", buffering=0) as f:
        f.write(b"x")
assert "newer.npy" in os.listdir(e2e.MNT)
os.stat(e2e.m("newer.npy"))
os.rename(e2e.m("newer.npy"), e2e.m("kept.npy"))  # names are the store's
e2e.equal(e2e.read(e2e.s("kept.npy")), before, "untouched")
os.unlink(e2e.m("coder.npy"))
