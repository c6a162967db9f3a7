# SPDX-License-Identifier: MIT
# needs: root
# check: no
"""Directories become links to a closed place outside, below the mount and through it, while a user who may not
go there works in them: nothing outside is read, written, made or removed on that user's behalf."""
import ctypes
import os
import random
import subprocess
import sys
import time

import e2e

OUT = os.path.join(e2e.WORK, "outside")
USER = 1234
SECONDS = 20 if e2e.FULL else 3
SECRET = b"the secret of another user"
HIDDEN = e2e.npy(123_457)  # of a length that nothing else has
AT_FDCWD, RENAME_EXCHANGE = -100, 2
libc = ctypes.CDLL(None, use_errno=True)


def exchange(a, b):
    return libc.renameat2(AT_FDCWD, a.encode(), AT_FDCWD, b.encode(), RENAME_EXCHANGE)


def snapshot():
    found = {}
    for folder, _, names in os.walk(OUT):
        found[folder] = os.stat(folder).st_mtime_ns
        for name in names:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            found[path] = (e2e.read(path), st.st_mtime_ns, st.st_ctime_ns, st.st_mode, st.st_uid)
    return found


def until(deadline, step):
    n = 0
    while time.monotonic() < deadline:
        step()
        n += 1
    return n


def child(work):
    """`work` in a process of its own; it fails by an exit status."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
        os._exit(0)
    except BaseException as error:  # pylint: disable=broad-except
        print(f"{error!r}", file=sys.stderr, flush=True)
        os._exit(1)


def swap(base, deadline, uid=None):
    if uid:
        os.setgid(uid)
        os.setuid(uid)
    until(deadline, lambda: (exchange(f"{base}/d", f"{base}/l"), time.sleep(0.0003)))


def no_secret(data):
    assert SECRET not in data, "the secret was read"
    assert str(len(HIDDEN)).encode() not in data, "a report tells of it"


def work(deadline):
    """What the user tries; the kernel follows links with the user's own rights, which end at OUT."""
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    rng = random.Random(os.getpid())

    def read(name):
        with open(e2e.m(name), "rb") as f:
            no_secret(f.read())

    def write(name):
        with open(e2e.m(name), "wb") as f:
            f.write(b"mine")

    steps = [
        lambda: read("d/secret"),
        lambda: read("d/secret.npy"),
        lambda: read(".alcm/caq/d/secret.npy.json"),
        lambda: os.listdir(e2e.m(".alcm/caq/d")),
        lambda: write("d/secret"),
        lambda: write(f"d/new{rng.randrange(4)}"),
        lambda: os.mkdir(e2e.m("d/dir")),
        lambda: os.rmdir(e2e.m("d/dir")),
        lambda: os.rename(e2e.m("d/new0"), e2e.m("d/new1")),
        lambda: os.rename(e2e.m("d/secret"), e2e.m("d/taken")),
        lambda: os.link(e2e.m("d/secret"), e2e.m("link")),
        lambda: os.unlink(e2e.m("d/secret")),
        lambda: os.symlink("x", e2e.m("d/s")),
        lambda: os.unlink(e2e.m("d/s")),
        lambda: os.chmod(e2e.m("d/secret"), 0o666),
        lambda: os.truncate(e2e.m("d/secret"), 0),
        lambda: os.setxattr(e2e.m("d/secret"), "user.a", b"b"),
        lambda: no_secret(os.getxattr(e2e.m("d/secret.npy"), "user.alcm.caq")),
    ]

    def step():
        try:
            rng.choice(steps)()
        except OSError:
            pass

    n = until(deadline, step)
    assert n > 50, f"{n} steps only"


os.makedirs(OUT)
e2e.write(f"{OUT}/secret", SECRET)
e2e.write(f"{OUT}/secret.npy", HIDDEN)
subprocess.run([e2e.ALCM, "pack", f"{OUT}/secret.npy"], check=True)
os.chmod(OUT, 0o700)
os.chmod(e2e.WORK, 0o755)
os.chmod(e2e.STORE, 0o777)
os.chmod(e2e.MNT, 0o777)
os.mkdir(e2e.m("d"))
e2e.write(e2e.m("d/secret"), b"mine")
e2e.write(e2e.m("d/secret.npy"), e2e.npy(seed=2))
for name in ("d", "d/secret", "d/secret.npy"):
    os.chown(e2e.m(name), USER, USER)
os.symlink(OUT, e2e.s("l"))
before = snapshot()

end = time.monotonic() + SECONDS
children = [child(lambda: swap(e2e.STORE, end)), child(lambda: swap(e2e.MNT, end, USER))]
children += [child(lambda: work(end)) for _ in range(4)]
failed = [pid for pid in children if os.waitpid(pid, 0)[1]]
assert not failed, "see above"
assert snapshot() == before, "something outside was touched"
