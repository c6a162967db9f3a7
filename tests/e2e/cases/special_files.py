# SPDX-License-Identifier: MIT
# also: user
"""What else a file system has: fifos, sockets, symbolic links, access, directories, their errors."""
import errno
import os
import socket
import stat
import threading

import e2e

os.mkfifo(e2e.m("fifo"), 0o640)
assert stat.S_ISFIFO(os.stat(e2e.m("fifo")).st_mode)
writer = threading.Thread(target=lambda: e2e.write(e2e.m("fifo"), b"through the pipe"))
writer.start()
e2e.equal(e2e.read(e2e.m("fifo")), b"through the pipe", "fifo")
writer.join()
os.chdir(e2e.MNT)
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind("socket")
    listening.listen()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("socket")
os.chdir("/")
if e2e.IS_ROOT:
    os.mknod(e2e.m("null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    e2e.equal(os.stat(e2e.m("null")).st_rdev, os.makedev(1, 3), "device")

os.symlink("some/where/" + "x" * 300, e2e.m("link"))
e2e.equal(os.readlink(e2e.m("link")), "some/where/" + "x" * 300, "readlink")
e2e.equal(os.lstat(e2e.m("link")).st_size, 311, "size of the link")
e2e.write(e2e.m("w.npy"), e2e.npy())
os.symlink("w.npy", e2e.m("short"))
e2e.equal(e2e.read(e2e.m("short")), e2e.npy(), "through the link")

os.makedirs(e2e.m("a/b/c"))
with e2e.raises(errno.ENOTEMPTY):
    os.rmdir(e2e.m("a"))
with e2e.raises(errno.EINVAL):
    os.rename(e2e.m("a"), e2e.m("a/b/d"))
with e2e.raises(errno.ENOTDIR):
    os.rmdir(e2e.m("w.npy"))
with e2e.raises(errno.EISDIR, errno.EPERM):
    os.unlink(e2e.m("a"))
with e2e.raises(errno.ENOTDIR):
    os.stat(e2e.m("w.npy/x"))
with e2e.raises(errno.ENAMETOOLONG):
    e2e.write(e2e.m("n" * 256), b"")
with e2e.raises(errno.EEXIST):
    os.open(e2e.m("w.npy"), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
with e2e.raises(errno.ELOOP):
    os.open(e2e.m("short"), os.O_RDONLY | os.O_NOFOLLOW)
e2e.write(e2e.m("n" * 255), b"longest name")

kinds = {entry.name: entry for entry in os.scandir(e2e.MNT)}
assert kinds["a"].is_dir(follow_symlinks=False) and kinds["link"].is_symlink()
assert kinds["w.npy"].is_file(follow_symlinks=False) and not kinds["fifo"].is_file()
e2e.equal(kinds["w.npy"].inode(), os.stat(e2e.m("w.npy")).st_ino, "inode in the listing")
assert os.access(e2e.m("w.npy"), os.R_OK | os.W_OK) and not os.access(e2e.m("w.npy"), os.X_OK)

folder = os.open(e2e.m("a"), os.O_RDONLY)
os.fsync(folder)
os.close(folder)
fd = os.open(e2e.m("w.npy"), os.O_WRONLY)
with e2e.raises(errno.EBADF):
    os.read(fd, 10)
os.close(fd)
fd = os.open(e2e.m("w.npy"), os.O_RDONLY)
with e2e.raises(errno.EBADF):
    os.write(fd, b"x")
with e2e.raises(errno.EINVAL):
    os.lseek(fd, -5, os.SEEK_SET)
os.close(fd)
with e2e.raises(errno.EINVAL):
    os.truncate(e2e.m("w.npy"), -1)

# A large directory, read while names come and go.
for i in range(3000):
    e2e.write(e2e.m(f"a/{i:04}"), b"")
seen = []
for entry in os.scandir(e2e.m("a")):
    seen.append(entry.name)
    if len(seen) == 1000:
        for i in range(0, 3000, 7):
            os.unlink(e2e.m(f"a/{i:04}"))
stay = {f"{i:04}" for i in range(3000) if i % 7}
e2e.equal(stay - set(seen), set(), "names that were there all the time")
e2e.equal(len(seen), len(set(seen)), "no name twice")
e2e.equal(set(os.listdir(e2e.m("a"))), stay | {"b"}, "in the end")
