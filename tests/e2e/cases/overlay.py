# SPDX-License-Identifier: MIT
# needs: root
# mount: no
# timeout: 120
"""A store on overlayfs. Whatever copies a file of the lower layer up, it stays one file: what one handle wrote is what
another reads, with the kernel's file handles for overlayfs and without."""
import os
import shutil
import subprocess

import e2e
import shim

LAYERS = os.path.join(e2e.WORK, "layers")
DATA = e2e.npy(400_000)


def layer(name):
    return os.path.join(LAYERS, name)


def mounted(*command):
    return subprocess.run(["mount", *command], capture_output=True, check=False).returncode == 0


def relabel(path):
    os.link(path, path + ".link")
    os.unlink(path + ".link")


# What copies a file up, and by which path: in the mount, or below it.
COPY_UPS = {
    "write": (e2e.m, lambda path: None),
    "chmod": (e2e.m, lambda path: os.chmod(path, 0o640)),
    "chown": (e2e.m, lambda path: os.chown(path, 0, 65534)),
    "utime": (e2e.m, lambda path: os.utime(path, (1, 1))),
    "xattr": (e2e.m, lambda path: os.setxattr(path, "user.x", b"1")),
    "link": (e2e.m, relabel),
    "rename": (e2e.m, lambda path: os.rename(path, path + ".new") or os.rename(path + ".new", path)),
    "below": (e2e.s, lambda path: os.chmod(path, 0o640)),
}


def use(name, where, copy_up):
    """Handles from before and after the copy-up change parts of the file; returns what it must be."""
    want, fds = bytearray(DATA), [os.open(e2e.m(name), os.O_RDWR)]
    reader = os.open(e2e.m(name), os.O_RDONLY)
    e2e.equal(os.pread(reader, 1000, 50_000), DATA[50_000:51_000], name)
    copy_up(where(name))
    for at in (50_000, 60_000, 900_000):
        os.pwrite(fds[-1], b"A" * 5000, at)
        want[at:at + 5000] = b"A" * 5000
        fds.append(os.open(e2e.m(name), os.O_RDWR))
        os.stat(e2e.m(name))
        e2e.equal(e2e.read(e2e.m(name)), bytes(want), f"{name}: read by name")
        e2e.equal(os.pread(reader, len(want) + 1, 0), bytes(want), f"{name}: read by an old handle")
    os.ftruncate(fds[0], 1_000_000)
    del want[1_000_000:]
    e2e.equal(os.stat(e2e.m(name)).st_size, len(want), f"{name}: size")
    for fd in (*fds, reader):
        os.close(fd)
    return bytes(want)


def check(prefix, options):
    shutil.rmtree(layer("upper"), ignore_errors=True)
    for name in ("upper", "work"):
        os.makedirs(layer(name), exist_ok=True)
    layers = f"lowerdir={layer('lower')},upperdir={layer('upper')},workdir={layer('work')}{options}"
    if not mounted("-t", "overlay", "-o", layers, "none", e2e.STORE):
        e2e.skip("no overlayfs")
    e2e.mount("attr_timeout=0", prefix=prefix)
    want = {name: use(name, *how) for name, how in COPY_UPS.items()}
    e2e.remount()
    for name, data in want.items():
        e2e.equal(e2e.read(e2e.m(name)), data, f"{name} after a remount")
    e2e.unmount()
    subprocess.run([e2e.ALCM, "check", e2e.STORE], check=True, capture_output=True)
    subprocess.run(["umount", e2e.STORE], check=True)


os.makedirs(LAYERS)
if not mounted("-t", "tmpfs", "-o", "size=200m", "none", LAYERS):
    e2e.skip("no tmpfs")
os.mkdir(layer("lower"))
e2e.mount(store=layer("lower"))
for file in COPY_UPS:
    e2e.write(e2e.m(file), DATA)
e2e.unmount()
check((), "")
check((), ",index=on,nfs_export=on")
if not e2e.SANITIZED:  # a preloaded library and the sanitizer's own don't go together
    check(shim.prefix(nameless=1), "")
