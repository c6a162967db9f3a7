# SPDX-License-Identifier: MIT
# mount: no
# needs: root
"""The kernel reads ahead by two chunks, whatever the mount point is called."""
import os
import subprocess
import sys

import e2e

KIB = 512


def setting(mountpoint):
    device = os.stat(mountpoint).st_dev
    return f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb"


def read_ahead_kib(mountpoint):
    with open(setting(mountpoint), encoding="ascii") as f:
        return int(f.read())


def check(mountpoint, store):
    os.makedirs(mountpoint)
    os.makedirs(store)
    subprocess.run([e2e.ALCMFS, store, mountpoint], check=True)  # it returns when the mount is there
    try:
        if not os.access(setting(mountpoint), os.W_OK):
            print("/sys can't be written here")
            sys.exit(77)
        e2e.equal(read_ahead_kib(mountpoint), KIB, mountpoint)
    finally:
        subprocess.run(["fusermount3", "-u", mountpoint], check=True)


for i, name in enumerate(("plain", "with a space", "tab\tand newline\n", "back\\040slash", "spä ce/below")):
    check(os.path.join(e2e.WORK, "mounts", name), os.path.join(e2e.WORK, "stores", str(i)))
