# SPDX-License-Identifier: MIT
# also: user
"""Files that turn out to be tensors only at their last close are compressed then."""
import os

import e2e

data = e2e.npy(90_000)
files = {}


def header_last():
    with open(e2e.m("header_last.npy"), "wb") as f:
        f.seek(128)
        f.write(data[128:])
        f.seek(0)
        f.write(data[:128])


def truncate_first():
    """As safetensors' and NumPy's memmap do: size first, then the pages."""
    with open(e2e.m("truncate_first.npy"), "w+b") as f:
        f.truncate(len(data))
        f.seek(0)
        f.write(data)


def allocate_first():
    with open(e2e.m("allocate_first.npy"), "w+b") as f:
        os.posix_fallocate(f.fileno(), 0, len(data))
        f.write(data)


def one_byte_first():
    with open(e2e.m("one_byte_first.npy"), "wb", buffering=0) as f:
        for i in range(8):
            f.write(data[i : i + 1])
        f.write(data[8:])


def two_openings():
    """Begun plain, made a tensor file by a second opening."""
    e2e.write(e2e.m("two_openings.npy"), bytes(len(data)))
    with open(e2e.m("two_openings.npy"), "r+b") as f:
        f.write(data)


for make in (header_last, truncate_first, allocate_first, one_byte_first, two_openings):
    make()
    name = f"{make.__name__}.npy"
    files[name] = data
    e2e.equal(e2e.read(e2e.m(name)), data, name)
    inode = os.stat(e2e.m(name)).st_ino
    e2e.wait_until(lambda: e2e.is_blob(name), f"{name} is converted", 10)
    e2e.equal(os.stat(e2e.m(name)).st_ino, inode, f"{name}: inode")

# With a second name or a second opening it is left alone.
with open(e2e.m("linked.npy"), "wb") as f:
    f.seek(128)
    f.write(data[128:])
    os.link(e2e.m("linked.npy"), e2e.m("other.npy"))
    f.seek(0)
    f.write(data[:128])
e2e.all_read_as({**files, "linked.npy": data, "other.npy": data})
assert not e2e.is_blob("linked.npy")

# What was copied in below the mount is no blob until `alcm pack`, and reads all the same.
e2e.unmount()
e2e.write(e2e.s("below.npy"), data)
e2e.mount()
e2e.reads_as(e2e.m("below.npy"), data, "copied in below the mount")
