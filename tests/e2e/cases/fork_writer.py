# SPDX-License-Identifier: MIT
"""A forked child goes on writing after its parent has closed."""
import os

import e2e

data = e2e.npy(150_000)
fd = os.open(e2e.m("w.npy"), os.O_WRONLY | os.O_CREAT, 0o644)
os.write(fd, data[:200_000])
go_read, go_write = os.pipe()
child = os.fork()
if child == 0:
    os.read(go_read, 1)
    os.write(fd, data[200_000:])
    os.close(fd)
    os._exit(0)
os.close(fd)
e2e.equal(e2e.read(e2e.m("w.npy")), data[:200_000], "after the parent's close")
os.write(go_write, b"!")
e2e.equal(os.waitpid(child, 0)[1], 0, "the child's status")
e2e.equal(e2e.read(e2e.m("w.npy")), data, "after the child's close")
e2e.all_read_as({"w.npy": data})

# The child's exit closes, without any close() of its own.
fd = os.open(e2e.m("v.npy"), os.O_WRONLY | os.O_CREAT, 0o644)
child = os.fork()
if child == 0:
    os.write(fd, data)
    os._exit(0)
os.waitpid(child, 0)
os.close(fd)
e2e.all_read_as({"v.npy": data})
