# SPDX-License-Identifier: MIT
"""Asynchronous direct writes under buffered readers: once a write is complete, everybody reads it."""
import ctypes
import mmap
import os
import platform
import struct
import threading

import e2e

N_ROUNDS = 2000 if e2e.FULL else 150
SIZE = 1 << 20
CALLS = {"x86_64": (206, 209, 208), "aarch64": (0, 2, 4)}
if platform.machine() not in CALLS:
    e2e.skip("the numbers of the system calls are not known for this machine")
IO_SETUP, IO_SUBMIT, IO_GETEVENTS = CALLS[platform.machine()]
PWRITE = 1


def call(number, *args):
    done = e2e.libc.syscall(ctypes.c_long(number), *(ctypes.c_void_p(a) for a in args))
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


context = ctypes.c_ulong()
call(IO_SETUP, 8, ctypes.addressof(context))


def write_async(fd, area, off):
    """Submit one write and wait for it."""
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    block = ctypes.create_string_buffer(
        struct.pack("<QIIHhIQQqQII", 0, 0, 0, PWRITE, 0, fd, address, len(area), off, 0, 0, 0))
    blocks = (ctypes.c_void_p * 1)(ctypes.addressof(block))
    event = (ctypes.c_long * 4)()
    call(IO_SUBMIT, context.value, 1, ctypes.addressof(blocks))
    call(IO_GETEVENTS, context.value, 1, 1, ctypes.addressof(event), None)
    e2e.equal(event[2], len(area), "written")


def fill(name, start):
    """`start` bytes of the file are a header; behind it is what is rewritten."""
    path = e2e.m(name)
    done = threading.Event()

    def reader():
        fd = os.open(path, os.O_RDONLY)
        while not done.is_set():
            for off in range(0, SIZE, 4096):
                os.pread(fd, 4096, start + off)
        os.close(fd)

    area = mmap.mmap(-1, SIZE)
    direct, plain = os.open(path, os.O_RDWR | os.O_DIRECT), os.open(path, os.O_RDONLY)
    readers = [threading.Thread(target=reader) for _ in range(4)]
    for thread in readers:
        thread.start()
    try:
        for k in range(N_ROUNDS):
            area[:] = bytes([k % 251]) * SIZE
            write_async(direct, area, start)
            e2e.equal(os.pread(plain, SIZE, start), area[:], f"{name}, round {k}")
    finally:
        done.set()
        for thread in readers:
            thread.join()
    os.close(direct)
    os.close(plain)


e2e.write(e2e.m("plain"), bytes(SIZE))
fill("plain", 0)
header = e2e.npy(5000)[:128].ljust(4096)
e2e.write(e2e.m("w.npy"), header + bytes(SIZE))
fill("w.npy", 4096)
e2e.equal(os.getxattr(e2e.m("w.npy"), "user.alcm.state"), b"blob", "state")
