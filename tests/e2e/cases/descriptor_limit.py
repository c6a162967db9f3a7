# SPDX-License-Identifier: MIT
# mount: no
# also: user
"""Few descriptors (ulimit -n): refused with the reason, or the log says nothing that isn't so, and the end is clean."""
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import e2e


def limited(n):
    """Root could raise the limit again, but for CAP_SYS_RESOURCE."""
    drop = ["setpriv", "--bounding-set=-sys_resource"] if e2e.IS_ROOT else []
    return (*drop, "prlimit", f"--nofile={n}:{n}")


refused = subprocess.run([*limited(12), os.environ["ALCMFS"], e2e.STORE, e2e.MNT],
                         capture_output=True, text=True)
assert refused.returncode == 1 and "ulimit -n" in refused.stderr, refused

data = e2e.npy(200_000)
paths = [e2e.m(f"{k}.npy") for k in range(24)]


def save(path):
    """Whether the program was told that all of it is kept."""
    try:
        with open(path, "wb", buffering=0) as f:
            return f.write(data) == len(data)
    except OSError:
        return False


for limit in (20, 24, 30, 40):
    e2e.mount(prefix=limited(limit))
    with ThreadPoolExecutor(len(paths)) as pool:
        for _ in range(4):
            kept = [path for path, done in zip(paths, pool.map(save, paths)) if done]
    assert "not saved" not in e2e.log_text(), e2e.log_text()
    os.kill(e2e.daemon_pid(), signal.SIGTERM)
    e2e.wait_until(e2e.daemon_status, "the daemon's end")
    e2e.equal(e2e.daemon_status(), "0", f"exit status with a limit of {limit}")
    e2e.wait_until(lambda: not e2e.is_mounted(), "the mount's end")
    e2e.mount()
    for path in kept:
        e2e.equal(e2e.read(path), data, path)
    e2e.unmount()
