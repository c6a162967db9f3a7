# SPDX-License-Identifier: MIT
# mount: profile=bounded:0.001,threads=2
# also: user
# check: no
# timeout: 90
"""Lossy files are closed again and again while others read them: the kernel is told to drop its pages each time,
and waits for reads meanwhile. No request waits for that, the mount goes on answering, and a daemon that is told
to end in the middle of it ends."""
import mmap
import os
import signal
import subprocess
import threading
import time

import e2e
import numpy as np

N, SECONDS = 12, 20 if e2e.FULL else 4
end = time.monotonic() + SECONDS
failures, n_closed = [], [0] * N


def guarded(job):
    def run(*args):
        try:
            job(*args)
        except Exception as err:  # pylint: disable=broad-except
            failures.append(f"{job.__name__}{args}: {err!r}")

    return run


def read_again_and_again(path):
    fd = os.open(path, os.O_RDONLY)
    while time.monotonic() < end:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.pread(fd, 1 << 21, 0)
    os.close(fd)


def close_again_and_again(path, k):
    fd = os.open(path, os.O_RDWR)
    rng = np.random.default_rng(k)
    while time.monotonic() < end:
        for at in range(4096, 1_000_000, 262_144):
            os.pwrite(fd, rng.standard_normal(2000).astype("f4").tobytes(), at)
        os.close(os.dup(fd))
        n_closed[k] += 1
    os.close(fd)


def ask():
    while time.monotonic() < end:
        done = subprocess.run(["cat", e2e.m(".alcm/stats")], capture_output=True, timeout=e2e.WAIT_SECONDS)
        assert done.returncode == 0, done
        time.sleep(0.1)


paths = [e2e.m(f"{k}.npy") for k in range(N)]
for k, path in enumerate(paths):
    e2e.write(path, e2e.npy(300_000, seed=k))
jobs = [(ask, ())] + [(close_again_and_again, (p, k)) for k, p in enumerate(paths)]
jobs += [(read_again_and_again, (p,)) for p in paths for _ in range(2)]
threads = [threading.Thread(target=guarded(job), args=args, daemon=True) for job, args in jobs]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(SECONDS + e2e.WAIT_SECONDS)
assert not any(t.is_alive() for t in threads), "the mount hangs"
e2e.equal(failures, [], "failures")
assert min(n_closed) > 0, n_closed

# One who opens the file after the close sees the stored values at once, one who had it mapped soon.
for k, path in enumerate(paths):
    fd = os.open(path, os.O_RDWR)
    mapped = mmap.mmap(fd, 0, access=mmap.ACCESS_READ)
    os.pwrite(fd, np.random.default_rng(k).standard_normal(250_000).astype("f4").tobytes(), 128)
    os.close(os.dup(fd))
    stored = e2e.read(path)
    e2e.wait_until(lambda m=mapped, s=stored: m[:] == s, "the mapping shows what is stored")
    os.close(fd)

# The end, while the kernel is being told and waits for requests.
end = time.monotonic() + SECONDS
threads = [threading.Thread(target=job, args=args, daemon=True) for job, args in jobs[1:]]
threading.excepthook = lambda args: None
for thread in threads:
    thread.start()
time.sleep(0.5)
os.kill(e2e.daemon_pid(), signal.SIGTERM)
e2e.wait_until(e2e.daemon_status, "the daemon's end")
e2e.equal(e2e.daemon_status(), "0", "its status")
subprocess.run(["fusermount3", "-uz", e2e.MNT], capture_output=True)
for thread in threads:
    thread.join(e2e.WAIT_SECONDS)
