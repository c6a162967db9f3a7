# SPDX-License-Identifier: MIT
# needs: root
# mount: no
# timeout: 120
"""A quota that is used up is EDQUOT of write, fsync or close, never silent; what was there stays; later it works.

On a file system of its own: ext4 with a quota of the user, or btrfs with one of a subvolume, whichever is here."""
import contextlib
import ctypes
import errno
import os
import shutil
import struct
import subprocess

import e2e
import numpy as np

USER = 65534
MIB = 1 << 20
LIMIT = 40 * MIB  # btrfs may take twice what is stored: parts of extents aren't given back


def run(*command):
    """Whether the program is here and ends well."""
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True).returncode == 0
    return False


def limit_user():
    """quotactl(2): what setquota(8) does, which not everybody has."""
    set_quota, user_quota, block_limits = 0x800008, 0, 1
    with open("/proc/mounts", encoding="utf-8") as f:
        device = next(line.split()[0] for line in f if line.split()[1] == e2e.STORE)
    limits = struct.pack("=8QI4x", LIMIT // 1024, LIMIT // 1024, 0, 0, 0, 0, 0, 0, block_limits)
    command = ctypes.c_int(-(1 << 32) + (set_quota << 8 | user_quota))
    return e2e.libc.quotactl(command, device.encode(), USER, limits) == 0


def store_with_quota(image):
    """The store, or a directory of it, on a file system with a limit; None: there is none such."""
    for command in (["mkfs.ext4", "-q", "-m0", "-O", "quota", "-E", "quotatype=usrquota"], ["mkfs.btrfs", "-q", "-f"]):
        with open(image, "wb") as f:
            f.truncate(192 * MIB)
        options = "loop,usrquota" if "mkfs.ext4" in command else "loop"
        if not run(*command, image) or not run("mount", "-o", options, image, e2e.STORE):
            continue
        if "mkfs.ext4" in command:
            assert limit_user(), "quotactl"
            return e2e.STORE
        volume = e2e.s("volume")
        if (run("btrfs", "subvolume", "create", volume) and run("btrfs", "quota", "enable", e2e.STORE)
                and run("btrfs", "quota", "rescan", "-w", e2e.STORE)
                and run("btrfs", "qgroup", "limit", str(LIMIT), volume)):
            return volume
        run("umount", e2e.STORE)
    return None


def save(name, data, sync=False):
    """Write as a careful program does; returns the error that it meets, or 0."""
    try:
        with open(e2e.m(name), "wb", buffering=0) as f:
            for at in range(0, len(data), 100_000):
                piece = data[at : at + 100_000]
                while piece:
                    piece = piece[f.write(piece) :]
            if sync:
                os.fsync(f.fileno())
    except OSError as error:
        return error.errno
    return 0


def replace(name, data):
    """As training code does: beside the old file, then over it."""
    error = save("new.tmp", data, sync=True)
    if error:
        remove("new.tmp")
        return error
    os.replace(e2e.m("new.tmp"), e2e.m(name))
    return 0


def remove(*names):
    """On ext4 the space is there at once; btrfs itself gives it back a while later. The quota may have had no room
    for a name either."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(e2e.m(name))
    if volume == e2e.STORE:
        return

    def has_room():
        os.sync()
        try:
            with open(os.path.join(volume, "room"), "wb") as f:
                os.posix_fallocate(f.fileno(), 0, 12 * MIB)
        except OSError:
            return False
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(volume, "room"))
        os.sync()
        return True

    e2e.wait_until(has_room, "the space of what was removed")


def pieces_are(got, *versions):
    """Every piece is of one of these versions."""
    e2e.equal(len(got), len(versions[0]), "size")
    for at in range(0, len(got), 4096):
        assert got[at : at + 4096] in [v[at : at + 4096] for v in versions], f"neither old nor new bytes at {at}"


def as_the_user():
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    head = e2e.npy(10)[:128]
    noise = head + np.random.default_rng(1).bytes(2 * LIMIT)
    old = noise[: 8 * MIB]
    e2e.equal(save("old.npy", old, sync=True), 0, "within the quota")

    for sync in (False, True):
        e2e.equal(save("big.npy", noise, sync), errno.EDQUOT, f"beyond it, sync={sync}")
        e2e.equal(e2e.read(e2e.m("old.npy")), old, "the old file")
        # What was written before the error reads back, as on any file system.
        got = e2e.read(e2e.m("big.npy"))
        e2e.equal(got, noise[: len(got)], "the part that was written")
        remove("big.npy")

    # The old version of what can't be replaced survives.
    e2e.equal(replace("old.npy", noise[-36 * MIB :]), errno.EDQUOT, "replacing it by more than there is room for")
    e2e.equal(e2e.read(e2e.m("old.npy")), old, "the old version")
    with open(e2e.m("reserved"), "wb") as f:
        os.posix_fallocate(f.fileno(), 0, 10 * MIB)  # where the failed one was a moment ago
    remove("reserved")
    # So does what lies between when it is changed in place, of which each chunk is old or new.
    flat = head + bytes(8 * MIB - 128)
    e2e.equal(save("flat.npy", flat, sync=True), 0, "zeros")
    n = 0
    while not save(f"filler{n}", noise[n * MIB : (n + 1) * MIB], sync=True):
        n += 1
    new, error = flat[:MIB] + noise[MIB : 8 * MIB], 0
    try:
        with open(e2e.m("flat.npy"), "r+b", buffering=0) as f:
            for at in range(MIB, 8 * MIB, MIB):
                os.pwrite(f.fileno(), new[at : at + MIB], at)
                os.fsync(f.fileno())
    except OSError as failed:
        error = failed.errno
    e2e.equal(error, errno.EDQUOT, "changing it in place")
    pieces_are(e2e.read(e2e.m("flat.npy")), flat, new)
    e2e.equal(e2e.read(e2e.m("old.npy")), old, "the neighbour")

    # With room again everything works.
    remove("flat.npy", *(f"filler{k}" for k in range(n + 1)))
    e2e.equal(replace("old.npy", noise[: 9 * MIB]), 0, "replacing it when there is room")
    e2e.equal(e2e.read(e2e.m("old.npy")), noise[: 9 * MIB], "the new version")


os.chmod(e2e.WORK, 0o755)
volume = store_with_quota(os.path.join(e2e.WORK, "image"))
if not volume:
    e2e.skip("no file system with quotas can be mounted here: neither ext4 nor btrfs")
os.chmod(volume, 0o777)
e2e.mount("chunk=64", store=volume)
e2e.all_processes(as_the_user)
e2e.unmount()
e2e.mount("chunk=64", store=volume)
with open(e2e.m("old.npy"), "rb") as f:
    e2e.equal(len(f.read()), 9 * MIB, "after a remount")
e2e.unmount()
done = subprocess.run([e2e.ALCM, "check", volume], capture_output=True, text=True)
e2e.equal(done.returncode, 0, f"alcm check: {done.stdout}{done.stderr}")
if volume != e2e.STORE:
    run("umount", e2e.STORE)
