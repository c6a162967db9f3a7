# SPDX-License-Identifier: MIT
# mount: no
# also: user
"""A store that reuses inode numbers, with and without birth times and file handles: an open file whose name is given
to another file below the mount never writes into that one."""
import os

import e2e
import shim

LIMIT = 100  # descriptors of the daemon, so that inodes are evicted
first, second, third = (e2e.npy(3000, seed=k) for k in (1, 2, 3))


def evict():
    for k in range(2 * LIMIT):
        e2e.read(e2e.m(f"other/{k}"))


def replace_below(name):
    """Give the name to a new file, of the same number if the store can do that."""
    os.unlink(e2e.s(name))
    e2e.write(e2e.s(name), third)


def try_all(what):
    for k in range(10):
        name = f"{what}{k}"
        e2e.write(e2e.m(name), first)
        fd = os.open(e2e.m(name), os.O_RDWR)
        os.pwrite(fd, second[200:], 200)
        evict()
        replace_below(name)
        try:
            os.pwrite(fd, second[200:], 200)
            os.fsync(fd)
        except OSError:
            pass  # that file is gone
        try:
            os.close(fd)
        except OSError:
            pass
        e2e.equal(e2e.read(e2e.s(name)), third, f"{what}: the new file below")
        # A file of another type under the number of the old one.
        os.unlink(e2e.s(name))
        os.mkdir(e2e.s(name))
        e2e.wait_until(lambda path=e2e.m(name): os.path.isdir(path), f"{what}: a directory took its place")
        assert os.listdir(e2e.m(name)) == [], what


stores = [("named", ())]
if not e2e.SANITIZED:  # a preloaded library and the sanitizer's own don't go together
    stores.append(("nameless", shim.prefix(nameless=1)))
for what, prefix in stores:
    e2e.mount("attr_timeout=0", prefix=("prlimit", f"--nofile={LIMIT}:{LIMIT}", *prefix))
    os.makedirs(e2e.m("other"), exist_ok=True)
    for k in range(2 * LIMIT):
        e2e.write(e2e.m(f"other/{k}"), b"x")
    try_all(what)
    e2e.unmount()
