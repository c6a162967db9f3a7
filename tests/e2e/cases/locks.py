# SPDX-License-Identifier: MIT
# also: user
"""flock and POSIX locks between processes: exclusion, waiting, release at close and at exit."""
import fcntl
import os
import signal
import subprocess
import sys

import e2e

CHILD = """
import fcntl, os, sys
how, path = sys.argv[1:3]
fd = os.open(path, os.O_RDWR)
{"flock": lambda: fcntl.flock(fd, fcntl.LOCK_EX),
 "posix": lambda: fcntl.lockf(fd, fcntl.LOCK_EX, 100, 50),
 "shared": lambda: fcntl.flock(fd, fcntl.LOCK_SH)}[how]()
print("locked", flush=True)
sys.stdin.readline()
"""


def child(how, path):
    return subprocess.Popen([sys.executable, "-c", CHILD, how, path], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def holds(process):
    e2e.equal(process.stdout.readline(), "locked\n", "the child")


def is_free(fd, how):
    try:
        if how == "posix":
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 120)
            fcntl.lockf(fd, fcntl.LOCK_UN, 10, 120)
        else:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(fd, fcntl.LOCK_UN)
        return True
    except BlockingIOError:
        return False


e2e.write(e2e.m("w.npy"), e2e.npy())
e2e.write(e2e.m("text"), b"text")
for name in ("w.npy", "text"):
    path = e2e.m(name)
    fd = os.open(path, os.O_RDWR)
    for how in ("flock", "posix"):
        assert is_free(fd, how)
        with child(how, path) as first:
            holds(first)
            assert not is_free(fd, how), f"{how} doesn't exclude"
            with child(how, path) as second:  # it waits, and gets its turn
                first.stdin.close()
                holds(second)
                second.stdin.close()
        assert is_free(fd, how), f"{how} is held after exit"
        with child(how, path) as killed:
            holds(killed)
            killed.kill()
        e2e.wait_until(lambda: is_free(fd, how), f"{how} released by kill")
    with child("shared", path) as one, child("shared", path) as two:
        holds(one)
        holds(two)
        assert not is_free(fd, "flock")
        one.stdin.close()
        two.stdin.close()
    # a waiter that is interrupted goes away, and the daemon goes on
    fcntl.flock(fd, fcntl.LOCK_EX)
    waiters = [child("flock", path) for _ in range(20)]
    e2e.equal(len(e2e.read(path)) > 0, True, "reading while twenty wait")
    for waiter in waiters:
        waiter.send_signal(signal.SIGTERM)
        waiter.communicate()
    fcntl.flock(fd, fcntl.LOCK_UN)
    # bytes beside the locked range are free
    with child("posix", path) as other:
        holds(other)
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 50, 0)
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 50, 200)
        other.stdin.close()
    os.close(fd)
