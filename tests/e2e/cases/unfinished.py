# SPDX-License-Identifier: MIT
# check: no
"""The daemon is killed amid a first save: the file is unfinished, which is no damage, and never passes for whole."""
import errno
import os
import subprocess

import e2e


def alcm(*args):
    return subprocess.run([e2e.ALCM, *args], capture_output=True, text=True, errors="replace")


data = e2e.npy(2_000_000)
fd = os.open(e2e.m("a.npy"), os.O_CREAT | os.O_RDWR)
for at in range(0, len(data) // 2, 1 << 20):
    os.write(fd, data[at : at + (1 << 20)])
e2e.write(e2e.m("whole.npy"), data)
e2e.wait_until(lambda: os.stat(e2e.s("a.npy")).st_size > 1 << 20, "some of it in the store")
e2e.kill_daemon()

# Of the store: said, and left alone, whether or not anything is repaired.
before = e2e.read(e2e.s("a.npy"))
for args in (("check", e2e.STORE), ("check", "--repair", e2e.STORE)):
    done = alcm(*args)
    assert done.returncode in (0, 4) and "damaged," in done.stdout, (args, done)
    assert "a.npy: unfinished" in done.stdout and "1 unfinished" in done.stdout, (args, done)
    assert "0 damaged" in done.stdout, (args, done)
    e2e.equal(e2e.read(e2e.s("a.npy")), before, f"{args}: left alone")
for args in (("cat", e2e.s("a.npy")), ("unpack", e2e.s("a.npy")), ("unpack", "-o", e2e.s("../out"), e2e.s("a.npy"))):
    done = alcm(*args)
    assert done.returncode == 3 and "no complete commit" in done.stderr, (args, done)
assert not os.path.exists(e2e.s("../out"))

e2e.mount()
with e2e.raises(errno.EIO):
    e2e.read(e2e.m("a.npy"))
with e2e.raises(errno.EIO):
    with open(e2e.m("a.npy"), "r+b", buffering=0) as f:
        f.write(b"in the middle")
e2e.equal(e2e.read(e2e.m("whole.npy")), data, "the other one")
e2e.unmount()

# By its own name what there is of it becomes a file.
done = alcm("check", "--repair", e2e.s("a.npy"))
e2e.equal(done.returncode, 4, done.stdout + done.stderr)
e2e.mount()
got = e2e.read(e2e.m("a.npy"))
assert got and data.startswith(got), len(got)
# Saved once more it is as any other.
e2e.write(e2e.m("a.npy"), data)
e2e.equal(e2e.read(e2e.m("a.npy")), data, "saved again")
