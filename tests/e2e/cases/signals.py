# SPDX-License-Identifier: MIT
# also: user
"""SIGTERM, SIGINT and SIGHUP unmount cleanly; what was closed is there."""
import os
import signal
import subprocess

import e2e

files = {}
for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    files[f"{sig.name}.npy"] = e2e.npy(50_000, seed=int(sig))
    e2e.write(e2e.m(f"{sig.name}.npy"), files[f"{sig.name}.npy"])
    os.kill(e2e.daemon_pid(), sig)
    e2e.wait_until(e2e.daemon_status, f"end by {sig.name}")
    e2e.equal(e2e.daemon_status(), "0", f"exit status by {sig.name}")
    e2e.wait_until(lambda: not e2e.is_mounted(), f"unmount by {sig.name}")
    e2e.mount()
    for name, data in files.items():
        e2e.equal(e2e.read(e2e.m(name)), data, name)

# What else would kill leaves the mount alone: limits of CPU time and of file sizes, log rotations, timers.
others = ("USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "PWR", "STKFLT", "XCPU", "XFSZ", "PIPE")
for name in others:
    os.kill(e2e.daemon_pid(), getattr(signal, "SIG" + name))
os.kill(e2e.daemon_pid(), signal.SIGRTMIN + 1)
e2e.equal(e2e.read(e2e.m("SIGHUP.npy")), files["SIGHUP.npy"], "after signals of others")
os.kill(e2e.daemon_pid(), signal.SIGQUIT)
e2e.wait_until(e2e.daemon_status, "end by SIGQUIT")
e2e.equal(e2e.daemon_status(), "0", "exit status by SIGQUIT")
e2e.mount()

# With a file open and half written: what was written before is kept as far as close or the signal.
f = open(e2e.m("open.npy"), "wb", buffering=0)
data = e2e.npy(300_000)
f.write(data[:700_000])
os.fsync(f.fileno())
f.write(data[700_000:])
os.kill(e2e.daemon_pid(), signal.SIGTERM)
e2e.wait_until(e2e.daemon_status, "end with an open file")
e2e.equal(e2e.daemon_status(), "0", "exit status with an open file")
try:
    f.close()
except OSError:
    pass
subprocess.run(["fusermount3", "-uz", e2e.MNT], capture_output=True)
e2e.wait_until(lambda: not e2e.is_mounted(), "unmount")
e2e.mount()
got = e2e.read(e2e.m("open.npy"))
assert len(got) >= 700_000, f"{len(got)} bytes left of 700,000 that were synced"
e2e.equal(got, data[: len(got)], "a prefix")
