# SPDX-License-Identifier: MIT
# also: user
"""That a file isn't worth compressing stays known: over remounts, renames and new times, until it changes."""
import os
import subprocess

import e2e

noise = os.urandom(200_000)
KEPT = "user.alcm.verdict"


def kept(path):
    try:
        return os.getxattr(path, KEPT).decode()
    except OSError:
        return None


def why(name):
    return os.getxattr(e2e.m(name), "user.alcm.why").decode()


probe = e2e.s("probe")
e2e.write(probe, b"")
try:
    os.setxattr(probe, "user.test", b"1")
except OSError:
    e2e.skip("the store has no extended attributes")

e2e.write(e2e.m("noise"), noise)
e2e.write(e2e.m("log.txt"), b"step 17\n" * 1000)
e2e.write(e2e.m("w.npy"), e2e.npy(30_000))
st = os.stat(e2e.m("noise"))
told = f"1 tensors 200000 {st.st_mtime_ns} already compressed: noise at 16 of 16 places"
e2e.equal(kept(e2e.s("noise")), told, "what is kept in the store")
e2e.equal(kept(e2e.m("noise")), told, "what the mount shows of it")
assert KEPT not in os.listxattr(e2e.m("noise")), "listed"
for name in ("log.txt", "w.npy"):
    e2e.equal(kept(e2e.s(name)), None, f"{name}: kept without a sample")


def believed():
    """What stands there is told, whatever it is; so we can see that nobody sampled the file."""
    e2e.unmount()
    os.setxattr(e2e.s("noise"), KEPT, told.replace("noise at", "marked at").encode())
    e2e.mount()
    return "marked" in why("noise")


assert believed(), "not after a remount"
e2e.equal(os.stat(e2e.m("noise")).st_mtime_ns, st.st_mtime_ns, "mtime")
for command in ("info", "report --json"):
    for top in (e2e.MNT, e2e.STORE):
        done = subprocess.run([e2e.ALCM, *command.split(), f"{top}/noise"], capture_output=True, text=True)
        assert "marked at 16 of 16" in done.stdout + done.stderr, (command, top, done)

# It goes with the file, under other names and with other times.
os.mkdir(e2e.m("dir"))
os.rename(e2e.m("noise"), e2e.m("dir/other"))
assert "marked" in why("dir/other"), "not after a rename"
os.utime(e2e.m("dir/other"), ns=(5, 1_500_000_000_123_456_789))
assert "marked" in why("dir/other"), "not with a new mtime"
assert " 1500000000123456789 " in kept(e2e.s("dir/other")), kept(e2e.s("dir/other"))
os.rename(e2e.m("dir/other"), e2e.m("noise"))

# By another measure it is judged anew, and so it is when the text is none.
e2e.remount("detect=all")
assert "noise at 16" in why("noise"), why("noise")
for text in (b"", b"1 tensors 200000", b"2" + told.encode()[1:], b"\xff" * 150, told.encode() + b"\n", b"x" * 5000):
    e2e.unmount()
    try:
        os.setxattr(e2e.s("noise"), KEPT, text)
    except OSError:  # 5000 bytes are too many for some
        pass
    e2e.mount()
    assert "noise at 16" in why("noise"), (text, why("noise"))

# Any change takes it away, before the mtime can tell.
told = told.replace(str(st.st_mtime_ns), str(os.stat(e2e.m("noise")).st_mtime_ns))
for change in ("write", "truncate", "empty"):
    e2e.write(e2e.m("noise"), noise)
    assert kept(e2e.s("noise")), "judged again at its close"
    with open(e2e.m("noise"), "wb" if change == "empty" else "r+b", buffering=0) as f:
        if change == "write":
            f.write(b"x")
        elif change == "truncate":
            f.truncate(100_000)
        e2e.equal(kept(e2e.s("noise")), None, f"kept after {change}")

# Nobody but the mount says what it says; who copies attributes isn't stopped.
os.setxattr(e2e.m("log.txt"), KEPT, told.encode())
e2e.equal(kept(e2e.s("log.txt")), None, "set through the mount")
