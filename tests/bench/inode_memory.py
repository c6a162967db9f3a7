#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the daemon's memory is for files that the kernel knows, and for files that are open: prints a Markdown table.

    inode_memory.py [--build DIR] [--dir DIR] [--known N] [--open N] [--budget MIB]

Makes N empty files in a store (on tmpfs by default), mounts it, looks each of them up once, and has the kernel forget
them (root only). Then, in a new mount, it keeps N files open, each with 16 KiB of a tensor file written. An O_PATH
descriptor of each file keeps the kernel from forgetting it too early; .alcm/stats says how many inodes are known.
"""

import argparse
import json
import os
import resource
import shutil
import struct
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PER_DIRECTORY = 1000


def names(n):
    return (f"{k // PER_DIRECTORY}/{k}" for k in range(n))


def make_directories(top, n):
    for d in range((n + PER_DIRECTORY - 1) // PER_DIRECTORY):
        os.mkdir(f"{top}/{d}")


def tensor_file(n_bytes):
    """A .npy file of float32 of this size, its values noise."""
    shape = (n_bytes - 128) // 4
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape},), }}"
    magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118)
    return magic + head.ljust(117).encode() + b"\n" + os.urandom(n_bytes - 128)


def hold(point, wanted, ready, over):
    """In a process of its own: look files up and keep the kernel from forgetting them, until `over` is closed."""
    child = os.fork()
    if child:
        return child
    os.close(over[1])
    held = [os.open(f"{point}/{name}", os.O_PATH) for name in wanted]
    os.write(ready, b"%c" % bool(held))
    os.read(over[0], 1)
    os._exit(0)


def look_up(point, n):
    """Look n files up by as many processes as their descriptors need. They let go of them when what is returned is
    called."""
    share = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100
    ready, over = os.pipe(), os.pipe()
    wanted, children = list(names(n)), []
    for first in range(0, n, share):
        children.append(hold(point, wanted[first : first + share], ready[1], over))
        os.read(ready[0], 1)

    def let_go():
        os.close(over[1])
        for child in children:
            os.waitpid(child, 0)

    return let_go


class Mount:
    """The store, mounted at `point` while the block lasts."""

    def __init__(self, build, store, point, options):
        self.command = [f"{build}/fs/alcmfs", "-f", "-o", options, store, point]
        self.point = point

    def __enter__(self):
        self.daemon = subprocess.Popen(self.command)
        while not os.path.ismount(self.point):
            if self.daemon.poll() is not None:
                raise SystemExit("the mount failed")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        subprocess.run(["fusermount3", "-u", self.point], check=True)
        self.daemon.wait()

    def memory(self):
        """KiB, when what is kept for speed went back."""
        time.sleep(2.5)
        with open(f"/proc/{self.daemon.pid}/status", encoding="ascii") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    def inodes(self):
        with open(f"{self.point}/.alcm/stats", encoding="ascii") as stats:
            return int(json.load(stats)["values"]["inodes"])


def row(what, n, before, now):
    each = f"{(now - before) * 1024 / n:,.0f} B" if n else ""
    print(f"| {what} | {n:,} | {now / 1024:,.1f} MiB | {each} |", flush=True)


def forget(point):
    """Have the kernel forget the mount's files; only root may."""
    os.sync()
    subprocess.run(["mount", "-o", "remount", point], check=False, stderr=subprocess.DEVNULL)
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as drop:
        drop.write("2")


def measure_known(mount, n):
    before, known = mount.memory(), mount.inodes()
    row("nothing", 0, before, before)
    let_go = look_up(mount.point, n)
    known = mount.inodes() - known
    row("known", known, before, mount.memory())
    let_go()
    if os.geteuid() == 0:
        forget(mount.point)
        row("forgotten again", n, before, mount.memory())


def measure_open(mount, n, data):
    before = mount.memory()
    files = []
    for name in names(n):
        fd = os.open(f"{mount.point}/{name}", os.O_RDWR | os.O_CREAT, 0o644)
        os.write(fd, data)
        files.append(fd)
    row("open, written to", n, before, mount.memory())
    for fd in files:
        os.close(fd)
    row("closed", n, before, mount.memory())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", default=os.environ.get("ALCM_BUILD", f"{TOP}/build"))
    parser.add_argument("--dir", default="/dev/shm", help="where the store is made")
    parser.add_argument("--known", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=10_000)
    parser.add_argument("--budget", type=int, default=32)
    args = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    options = f"budget={args.budget}"

    top = tempfile.mkdtemp(prefix="alcm-inode-memory-", dir=args.dir)
    point = tempfile.mkdtemp(prefix="alcm-inode-memory-")
    known, opened = f"{top}/known", f"{top}/open"
    try:
        os.mkdir(known)
        make_directories(known, args.known)
        for name in names(args.known):
            os.mknod(f"{known}/{name}")
        os.mkdir(opened)
        make_directories(opened, args.open)
        print("| files | n | the daemon's memory | each |\n|---|---:|---:|---:|")
        with Mount(args.build, known, point, options) as mount:
            measure_known(mount, args.known)
        shutil.rmtree(known)
        with Mount(args.build, opened, point, options) as mount:
            measure_open(mount, args.open, tensor_file(16 << 10))
    finally:
        shutil.rmtree(top, ignore_errors=True)
        os.rmdir(point)


if __name__ == "__main__":
    main()
