# SPDX-License-Identifier: MIT
# mount: no
# also: user
"""A daemon under a file size limit: EFBIG where the store's file would grow beyond it, nothing else breaks."""
import errno
import os

import e2e

LIMIT = 2 << 20
small, big = e2e.npy(100_000), e2e.npy(2_000_000)


def save(name, data, step):
    """The bytes that writes took and the error that ended them; close() must succeed then."""
    fd = os.open(e2e.m(name), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
    done = 0
    try:
        while done < len(data):
            done += os.write(fd, data[done:done + step])
        os.fsync(fd)
    except OSError as error:
        return done, error.errno
    finally:
        os.close(fd)
    return done, 0


e2e.mount("chunk=64", prefix=("prlimit", f"--fsize={LIMIT}"))
e2e.equal(save("small.npy", small, 1 << 20), (len(small), 0), "below the limit")

for name, data in (("blob.npy", big), ("plain", b"text " * (1 << 20))):
    for step in (60_000, 1 << 20):
        done, error = save(name, data, step)
        e2e.equal(error, errno.EFBIG, f"{name}, {step} bytes a time")
        assert done >= LIMIT * 3 // 4, f"{name}: only {done} bytes fitted below {LIMIT}"
        e2e.equal(e2e.read(e2e.m(name)), data[:done], f"{name}: what was taken")

# A saved file that outgrows the limit later keeps what it had, and can go on being used.
with open(e2e.m("small.npy"), "r+b", buffering=0) as f:
    noise = os.urandom(300_000)
    f.seek(len(small))
    with e2e.raises(errno.EFBIG):
        while True:
            f.write(noise)
    os.ftruncate(f.fileno(), len(small))
    os.fsync(f.fileno())
    with e2e.raises(errno.EFBIG):
        os.posix_fallocate(f.fileno(), 0, 100 << 20)
e2e.equal(e2e.read(e2e.m("small.npy"))[:len(small)], small, "what was there before")
e2e.write(e2e.m("short"), b"text")
with e2e.raises(errno.EFBIG):
    os.truncate(e2e.m("short"), 10 << 20)
e2e.equal(e2e.read(e2e.m("short")), b"text", "a plain file that couldn't grow")
os.truncate(e2e.m("blob.npy"), 0)

e2e.remount()
e2e.equal(e2e.read(e2e.m("small.npy")), small, "after a remount")
assert e2e.is_blob("small.npy")
e2e.equal(save("blob.npy", big, 1 << 20), (len(big), 0), "without a limit")
