# SPDX-License-Identifier: MIT
# needs: root
# timeout: 120
# mount: idle=0
"""File handles, as NFS servers keep them, stay good when the kernel has forgotten the files, and never name
another file. With more files than are kept: ESTALE; with noforget: none is lost."""
import ctypes
import errno
import os
import struct

import e2e

AT_EMPTY_PATH, DROP_DENTRIES = 0x1000, "2"
libc = ctypes.CDLL(None, use_errno=True)
mnt = None


def handle_of(path):
    buf = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
    mount_id = ctypes.c_int()
    if libc.name_to_handle_at(-100, path.encode(), buf, ctypes.byref(mount_id), 0):
        raise OSError(ctypes.get_errno(), "name_to_handle_at", path)
    return buf


def open_handle(handle, flags=os.O_RDONLY):
    fd = libc.open_by_handle_at(mnt, handle, flags)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "open_by_handle_at")
    return fd


def contents(handle):
    with open(open_handle(handle), "rb") as f:
        return f.read()


def listing(handle):
    fd = open_handle(handle, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return sorted(os.listdir(fd))
    finally:
        os.close(fd)


def forget():
    if not e2e.drop_caches():
        e2e.skip("the kernel's caches can't be dropped here")
    for _ in range(3):
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
            f.write(DROP_DENTRIES)


def stale(handle):
    with e2e.raises(errno.ESTALE):
        os.close(open_handle(handle, os.O_PATH))


def enter():
    global mnt
    mnt = os.open(e2e.MNT, os.O_RDONLY | os.O_DIRECTORY)


tensor, plain = e2e.npy(), b"plain text\n"
enter()
os.makedirs(e2e.m("dir/sub"))
e2e.write(e2e.m("dir/sub/a.npy"), tensor)
e2e.write(e2e.m("dir/plain"), plain)
os.symlink("plain", e2e.m("dir/link"))
e2e.write(e2e.m("gone"), plain)
e2e.write(e2e.m("over"), plain)
e2e.write(e2e.m("moved.npy"), tensor)
names = ("dir", "dir/sub", "dir/sub/a.npy", "dir/plain", "gone", "over", "moved.npy", "")
handles = {name: handle_of(e2e.m(name)) for name in names}


def check(when):
    e2e.equal(contents(handles["dir/sub/a.npy"]), tensor, f"a tensor {when}")
    e2e.equal(contents(handles["dir/plain"]), plain, f"a plain file {when}")
    e2e.equal(contents(handles["moved.npy"]), tensor, f"a file that is renamed {when}")
    e2e.equal(listing(handles["dir"]), ["link", "plain", "sub"], f"a directory {when}")
    e2e.equal(listing(handles["dir/sub"]), ["a.npy"], f"a directory below {when}")


check("that is known")
forget()
check("after the kernel forgot it")
forget()
check("after it forgot it again")
# A file opened by its handle is the one that its name leads to, and may be written.
forget()
fd = open_handle(handles["dir/plain"], os.O_RDWR)
os.pwrite(fd, b"PLAIN", 0)
e2e.equal(os.fstat(fd).st_ino, os.stat(e2e.m("dir/plain")).st_ino, "inode number")
os.close(fd)
e2e.equal(e2e.read(e2e.m("dir/plain")), b"PLAIN text\n", "written by handle")
os.truncate(e2e.m("dir/plain"), 0)
e2e.write(e2e.m("dir/plain"), plain)

# Renamed while forgotten, themselves or their directory.
forget()
os.rename(e2e.m("moved.npy"), e2e.m("dir/sub/moved.npy"))
os.rename(e2e.m("dir/sub/moved.npy"), e2e.m("elsewhere.npy"))
os.rename(e2e.m("dir"), e2e.m("renamed"))
check("after a rename")
forget()
check("forgotten after a rename")

# Removed, by unlink() or by rename(); their inode numbers may come again.
forget()
os.unlink(e2e.m("gone"))
e2e.write(e2e.m("new"), b"new")
os.rename(e2e.m("new"), e2e.m("over"))
for n in range(50):
    e2e.write(e2e.m(f"again{n}"), b"another")
forget()
stale(handles["gone"])
stale(handles["over"])
forged = ctypes.create_string_buffer(handles["gone"].raw, 136)
struct.pack_into("Q", forged, 8, 0x123456789ABC)
stale(forged)

# Those of another mount name nothing here.
os.close(mnt)
e2e.remount("budget=8")
enter()
for name in names[:-1]:
    stale(handles[name])


def many(options):
    """Handles of more files than budget=8 keeps: how many are good when all are forgotten?"""
    global mnt
    os.close(mnt)
    e2e.remount(options)
    enter()
    found = [handle_of(e2e.m(f"many/{n}")) for n in range(4400)]
    forget()
    good = 0
    for n, handle in enumerate(found):
        try:
            e2e.equal(contents(handle), b"%d" % n, f"file {n}")
            good += 1
        except OSError as error:
            e2e.equal(error.errno, errno.ESTALE, f"file {n}")
    return good


os.mkdir(e2e.m("many"))
for n in range(4400):
    e2e.write(e2e.m(f"many/{n}"), b"%d" % n)
good = many("budget=8")
assert 3900 < good < 4400, f"{good} files are kept"
e2e.equal(many("budget=8,noforget"), 4400, "files with noforget")
os.close(mnt)
