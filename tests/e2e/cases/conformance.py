# SPDX-License-Identifier: MIT
# also: user
"""What suites for file systems found: access times, holes, extended attributes of symlinks, ACLs."""
import os
import shutil
import struct
import subprocess
import sys
import time

import e2e

OLD = 10**9  # seconds; an access before the last change is noted by any mount of the store


def atime_stays(name, change):
    os.utime(e2e.m(name), (OLD, OLD + 5))
    change(e2e.m(name))
    e2e.equal(os.stat(e2e.m(name)).st_atime, OLD, f"{name}: access time after {change.__name__}")


def append(path):
    with open(path, "ab", buffering=0) as f:
        f.write(b"more" * 2000)


def rewrite_start(path):
    with open(path, "r+b", buffering=0) as f:
        f.write(b"new")


def chmod(path):
    os.chmod(path, 0o600)
    os.stat(path)


# Writing is no access, whatever we look at meanwhile; reading is one.
e2e.write(e2e.m("plain"), b"text" * 3000)
e2e.write(e2e.m("w.npy"), e2e.npy(5000))
for name in ("plain", "w.npy"):
    for change in (append, chmod, *([rewrite_start] if name == "plain" else [])):
        atime_stays(name, change)
os.utime(e2e.m("plain"), (OLD, OLD + 5))
e2e.read(e2e.m("plain"))
now = os.stat(e2e.m("plain")).st_atime
assert now > time.time() - 100, f"access time after reading: {now}"

# With noatime reading isn't one either.
os.mkdir(e2e.m("dir"))
e2e.remount("noatime")
for name, look in (("plain", e2e.read), ("w.npy", e2e.read), ("w.npy", e2e.read_mmap), ("dir", os.listdir)):
    atime_stays(name, look)
e2e.remount()

# A page after preallocated ones is all that counts as data.
fd = os.open(e2e.m("sparse"), os.O_RDWR | os.O_CREAT)
try:
    os.posix_fallocate(fd, 0, 4 << 20)
    os.pwrite(fd, b"a" * 4096, 0)
    with open(e2e.s("sparse"), "rb") as f:
        hole = os.lseek(f.fileno(), 0, os.SEEK_HOLE)
    e2e.equal(os.lseek(fd, 0, os.SEEK_HOLE), hole, "hole, as in the store")
    if hole < 4 << 20:
        e2e.equal(hole, 4096, "hole")
finally:
    os.close(fd)

# Directions that only root can take: attributes of the link itself, not of what it leads to.
if e2e.IS_ROOT:
    os.symlink("plain", e2e.m("link"))
    os.setxattr(e2e.m("link"), "trusted.t", b"of the link", follow_symlinks=False)
    e2e.equal(os.getxattr(e2e.s("link"), "trusted.t", follow_symlinks=False), b"of the link", "store")
    e2e.equal(os.getxattr(e2e.m("link"), "trusted.t", follow_symlinks=False), b"of the link", "mount")
    e2e.equal(os.listxattr(e2e.m("link"), follow_symlinks=False), ["trusted.t"], "listed")
    e2e.equal(os.listxattr(e2e.m("plain")), [], "of its target")
    os.removexattr(e2e.m("link"), "trusted.t", follow_symlinks=False)
    e2e.equal(os.listxattr(e2e.m("link"), follow_symlinks=False), [], "after removal")

    # Who isn't in the file's group can't keep its setgid bit by way of an ACL.
    acl = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, 7, 0xFFFFFFFF) for tag in (0x01, 0x04, 0x20))
    set_acl = "import os, sys; os.setxattr(sys.argv[1], 'system.posix_acl_access', bytes.fromhex(sys.argv[2]))"
    os.chmod(e2e.WORK, 0o755)
    for group, left in ((4000, 0o2777), (4001, 0o777)):
        shutil.copy(e2e.m("plain"), e2e.m("acl"))
        os.chown(e2e.m("acl"), 99, 4000)
        os.chmod(e2e.m("acl"), 0o2755)
        subprocess.run(["setpriv", "--reuid=99", f"--regid={group}", "--clear-groups", sys.executable,
                        "-c", set_acl, e2e.m("acl"), acl.hex()], check=True)
        e2e.equal(os.stat(e2e.m("acl")).st_mode & 0o7777, left, f"mode after setfacl in group {group}")
        os.unlink(e2e.m("acl"))
