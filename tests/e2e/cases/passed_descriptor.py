# SPDX-License-Identifier: MIT
# mount: no
# needs: root
"""A mount point /dev/fd/N: somebody else has mounted, an ordinary user's daemon serves."""
import ctypes
import os
import subprocess

import e2e

USER = 65534
fd = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={fd},rootmode=40000,user_id={USER},group_id={USER},allow_other,default_permissions"
if e2e.libc.mount(b"passed", os.fsencode(e2e.MNT), b"fuse.alcmfs", 0, options.encode()):
    e2e.skip(f"mount: {os.strerror(ctypes.get_errno())}")
os.chmod(e2e.WORK, 0o755)
os.chown(e2e.STORE, USER, USER)
daemon = subprocess.Popen(["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", e2e.ALCMFS,
                           "-f", e2e.STORE, f"/dev/fd/{fd}"], pass_fds=(fd,))
os.close(fd)
data = e2e.npy(300_000)
e2e.write(e2e.s("w.npy"), data)
e2e.wait_until(lambda: os.path.exists(e2e.m("w.npy")), "the daemon of a passed descriptor")
e2e.equal(e2e.read(e2e.m("w.npy")), data, "read through it")
subprocess.run(["umount", e2e.MNT], check=True)
e2e.equal(daemon.wait(e2e.WAIT_SECONDS), 0, "the daemon's end when it was unmounted")
