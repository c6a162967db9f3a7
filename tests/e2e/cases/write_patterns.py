# SPDX-License-Identifier: MIT
# also: user
# timeout: 180
"""Checkpoints written as the frameworks do it (lib/patterns.py) come back to the last byte: read, mapped, by
O_DIRECT and in pieces; right after the close, after a remount, unpacked and packed again."""
import mmap
import os
import shutil
import subprocess

import e2e
import patterns


def files_below(top):
    for folder, _, names in os.walk(top):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), top)


def read_direct(path):
    """By O_DIRECT, in aligned blocks."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    buffer, out = mmap.mmap(-1, 1 << 18), bytearray()
    while n := os.preadv(fd, [buffer], len(out)):
        out += buffer[:n]
    os.close(fd)
    return bytes(out)


def read_private(path):
    """Mapped privately, as torch.load(mmap=True) does; a change of the mapping stays in it."""
    with open(path, "rb") as f:
        if not os.fstat(f.fileno()).st_size:
            return b""
        with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
            data = bytes(mapped)
            mapped[0] = data[0] ^ 0xFF
    return data


def read_end_first(path):
    """As zip readers do: the directory at the end, then the members."""
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    cut = max(0, size - 66_000)
    tail = os.pread(fd, size - cut, cut)
    head = os.pread(fd, cut, 0)
    os.close(fd)
    return head + tail


e2e.READERS += (read_direct, read_private, read_end_first)


def check(expected, when):
    for name, (data, mode, mtime) in expected.items():
        e2e.reads_as(e2e.m(name), data, when)
        now = os.stat(e2e.m(name))
        e2e.equal(now.st_mode, mode, f"{name} {when}: mode")
        if mtime is not None:
            e2e.equal(now.st_mtime_ns, mtime, f"{name} {when}: mtime")
    e2e.equal(sorted(files_below(e2e.MNT)), sorted(expected), f"files {when}")


expected = {}
plain = os.path.join(e2e.WORK, "plain")
for pattern in patterns.ALL:
    name = pattern.__name__
    for top in (plain, e2e.MNT):
        os.makedirs(os.path.join(top, name))
        pattern(os.path.join(top, name))
    for file in files_below(os.path.join(plain, name)):
        path = os.path.join(name, file)
        st = os.stat(os.path.join(plain, path))
        chosen = st.st_mtime_ns if st.st_mtime_ns % 10**9 == 123_456_789 else None
        expected[path] = (e2e.read(os.path.join(plain, path)), st.st_mode, chosen)
shutil.rmtree(plain)

check(expected, "right after the close")
e2e.remount()
check(expected, "after a remount")
e2e.unmount()
for verb in ("unpack", "pack"):
    subprocess.run([e2e.ALCM, verb, "-r", e2e.STORE], check=True, capture_output=True)
    e2e.mount()
    check(expected, f"after {verb}")
    e2e.unmount()
e2e.mount()
