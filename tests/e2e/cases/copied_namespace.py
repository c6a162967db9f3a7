# SPDX-License-Identifier: MIT
# needs: root
"""A mount namespace that another program makes while a case runs holds no copy of the case's mount."""
import os
import subprocess

import e2e

outside = ("nsenter", "-t", os.environ["E2E_RUNNER"], "-m")
e2e.write(e2e.m("a.npy"), e2e.npy())
with subprocess.Popen([*outside, "unshare", "-m", "sh", "-c", "echo made; exec sleep 600"],
                      stdout=subprocess.PIPE) as other:
    try:
        e2e.equal(other.stdout.readline(), b"made\n", "the other program")
        e2e.unmount()  # waits for the daemon's end
    finally:
        other.kill()
