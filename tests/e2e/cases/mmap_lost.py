# SPDX-License-Identifier: MIT
# mount: no
# may skip: don't go together
# also: user
"""Mapped pages that the store can't take: msync says so, and so does each fsync and close of a writer, by anybody,
until they are written again or cut off. Files stored as they are, compressed, and not decided yet."""
import errno
import mmap
import os

import e2e
import shim

if e2e.SANITIZED:
    e2e.skip("a preloaded library and the sanitizer's own don't go together")

SIZE, FROM, TO = 900_000, 100_000, 800_000
FOREVER = 1 << 40
faults = shim.Faults()
ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


def fails(what, err, when):
    """The kernel itself calls most errors EIO."""
    try:
        what()
    except OSError as error:
        assert error.errno in (err, errno.EIO), f"{when}: {error}"
    else:
        raise AssertionError(f"{when} succeeds, though pages are lost ({errno.errorcode[err]})")


def close(path, mode=os.O_RDWR):
    os.close(os.open(path, mode))


def sync(path, mode=os.O_RDWR):
    fd = os.open(path, mode)
    try:
        os.fsync(fd)
    finally:
        try:
            os.close(fd)
        except OSError:
            pass


def make(kind):
    path = e2e.m(f"{kind}.npy")
    fd = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR)
    if kind == "undecided":
        os.ftruncate(fd, SIZE)
    else:
        data = b"line of text\n" * SIZE if kind == "plain" else e2e.npy(SIZE // 4)
        os.write(fd, data[:SIZE])
        os.fsync(fd)
        os.close(os.dup(fd))
    return path, fd


def lose(fd, err):
    """The mapping whose pages were not taken, and its bytes."""
    mapped = mmap.mmap(fd, 0)
    at = 0 if mapped[:1] == b"\0" else FROM
    with faults.set(shim.WRITE | shim.RESERVE, err, 1, FOREVER):
        mapped[at:TO] = os.urandom(TO - at)
        fails(mapped.flush, err, "msync")
    return mapped


def tell_everybody(path, fd, err):
    for k in range(2):
        fails(lambda: os.fsync(fd), err, f"fsync {k}")
        fails(lambda: sync(path), err, f"fsync of another descriptor {k}")
        fails(lambda: sync(path, os.O_RDONLY), err, f"fsync of a reader {k}")
        fails(lambda: os.close(os.dup(fd)), err, f"close of a duplicate {k}")
        fails(lambda: close(path), err, f"close of another writer {k}")
    close(path, os.O_RDONLY)


def check(kind, err):
    path, fd = make(kind)
    mapped = lose(fd, err)
    tell_everybody(path, fd, err)
    if (kind, err) == ("blob", errno.EIO):  # such a blob takes nothing more
        mapped.close()
        fails(lambda: os.close(fd), err, "the last close")
        os.unlink(path)
        return
    want = mapped[:]
    mapped[FROM + 200_000 : FROM + 300_000] = want[FROM + 200_000 : FROM + 300_000]
    fails(mapped.flush, err, "msync when a part was written again")
    fails(lambda: os.fsync(fd), err, "fsync when a part was written again")
    mapped[:] = want
    mapped.flush()
    os.fsync(fd)
    os.close(os.dup(fd))
    mapped.close()
    os.close(fd)
    sync(path)
    e2e.drop_caches()
    e2e.equal(e2e.read(path), want, f"{kind}: written again")

    fd = os.open(path, os.O_RDWR)
    mapped = lose(fd, err)
    mapped.close()
    fails(lambda: sync(path), err, "fsync before it is cut")
    os.ftruncate(fd, 0)
    os.fsync(fd)
    os.close(fd)
    sync(path)
    os.unlink(path)


e2e.mount("chunk=64", prefix=shim.prefix(control=faults.path))
for kind in ("plain", "blob", "undecided"):
    for err in ERRORS:
        check(kind, err)
assert e2e.log_text().count("are lost") >= 3 * len(ERRORS), e2e.log_text()
assert "plain.npy: changes at offset" in e2e.log_text(), e2e.log_text()
