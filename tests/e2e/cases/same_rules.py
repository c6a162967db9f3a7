# SPDX-License-Identifier: MIT
# needs: root
"""Who may do what is as on the store's own filesystem: one list of attempts by several users, in a plain
directory and in the mount, must end alike, word by word.

Left out: setgid without execution by the group, which gives nobody any rights, and which the kernel's FUSE leaves
alone where ext4 clears it."""
import os
import subprocess

import e2e

ALICE, BOB, CAROL, TEAM = 1001, 1002, 1003, 2000
MANY = list(range(3000, 3100)) + [TEAM]
DATA = e2e.npy(20_000)
log = []


def attempt(base, what, user, groups, act):
    """The outcome of act(base), done by a process of that user."""
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setgroups(groups)
            os.setgid(user)
            os.setuid(user)
            os.umask(0o022)
            try:
                said = repr(act(base))
            except OSError as error:
                said = error.strerror
            os.write(into, said.encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as f:
        said = f.read().decode()
    os.waitpid(pid, 0)
    log.append(f"{what} (user {user}): {said}")


def state(path):
    st = os.lstat(path)
    return f"{st.st_mode:o} {st.st_uid} {st.st_gid}"


def append(path):
    with open(path, "ab") as f:
        f.write(b"x")
    return state(path)


def rewrite(path):
    with open(path, "r+b") as f:
        f.seek(200)
        f.write(b"x")
    return state(path)


def make(path, data=b"x"):
    with open(path, "xb") as f:
        f.write(data)
    return state(path)


def allocate(path):
    fd = os.open(path, os.O_RDWR)
    os.posix_fallocate(fd, 0, 1 << 20)
    os.close(fd)
    return state(path)


def chown(path, user, group):
    os.chown(path, user, group)
    return state(path)


def chmod(path, mode):
    os.chmod(path, mode)
    return state(path)


def acl(base, path, entries):
    subprocess.run(["setfacl", *entries, f"{base}/{path}"], check=True)


def sticky(base):
    os.mkdir(f"{base}/tmp")
    os.chmod(f"{base}/tmp", 0o1777)
    attempt(base, "make in a sticky directory", ALICE, [], lambda b: make(f"{b}/tmp/a", DATA))
    attempt(base, "remove another's", BOB, [], lambda b: os.unlink(f"{b}/tmp/a"))
    attempt(base, "rename another's", BOB, [], lambda b: os.rename(f"{b}/tmp/a", f"{b}/tmp/b"))
    attempt(base, "rename over another's", BOB, [],
            lambda b: (make(f"{b}/tmp/bobs"), os.rename(f"{b}/tmp/bobs", f"{b}/tmp/a")))
    attempt(base, "link another's", BOB, [], lambda b: os.link(f"{b}/tmp/a", f"{b}/tmp/l"))
    attempt(base, "open another's to write", BOB, [], lambda b: append(f"{b}/tmp/a"))
    attempt(base, "remove one's own", ALICE, [], lambda b: os.unlink(f"{b}/tmp/a"))


def set_ids(base):
    os.mkdir(f"{base}/ids")
    os.chmod(f"{base}/ids", 0o777)
    acts = {
        "append": append, "rewrite": rewrite, "truncate": lambda p: (os.truncate(p, 300), state(p)),
        "grow": lambda p: (os.truncate(p, 1 << 20), state(p)), "allocate": allocate,
        "chown to oneself": lambda p: chown(p, BOB, -1), "chmod": lambda p: chmod(p, 0o6755),
    }
    for name, act in acts.items():
        for mode in (0o6777, 0o2777, 0o4777):
            for owner, user in ((ALICE, BOB), (BOB, BOB)):
                for kind, data in (("plain", b"y" * 5000), ("blob", DATA)):
                    path = f"ids/{kind}"
                    with open(f"{base}/{path}", "wb") as f:
                        f.write(data)
                    os.chown(f"{base}/{path}", owner, TEAM)
                    os.chmod(f"{base}/{path}", mode)
                    attempt(base, f"{name} {kind} of {owner}, {mode:o}", user, [],
                            lambda b, p=path, a=act: a(f"{b}/{p}"))
                    os.unlink(f"{base}/{path}")


def groups(base):
    os.mkdir(f"{base}/team")
    os.chown(f"{base}/team", 0, TEAM)
    os.chmod(f"{base}/team", 0o2770)
    attempt(base, "outside of the group", BOB, [], lambda b: make(f"{b}/team/no"))
    attempt(base, "by a supplementary group", ALICE, [TEAM], lambda b: make(f"{b}/team/w", DATA))
    attempt(base, "by the last of many", BOB, MANY, lambda b: make(f"{b}/team/many"))
    attempt(base, "a directory hands its group on", ALICE, [TEAM],
            lambda b: (os.mkdir(f"{b}/team/sub"), state(f"{b}/team/sub")))
    attempt(base, "give to a group of one's own", ALICE, [TEAM],
            lambda b: chown(f"{b}/team/w", -1, TEAM))
    attempt(base, "give to another group", ALICE, [TEAM], lambda b: chown(f"{b}/team/w", -1, BOB))
    attempt(base, "setgid on another group's file", CAROL, [],
            lambda b: chmod(f"{b}/team/w", 0o2755))


def acls(base):
    os.mkdir(f"{base}/acl")
    os.chmod(f"{base}/acl", 0o777)
    attempt(base, "make", ALICE, [], lambda b: make(f"{b}/acl/w", DATA))
    os.chmod(f"{base}/acl/w", 0o600)
    attempt(base, "read without", BOB, [], lambda b: len(e2e.read(f"{b}/acl/w")))
    acl(base, "acl/w", ["-m", f"u:{BOB}:r"])
    attempt(base, "read with", BOB, [], lambda b: len(e2e.read(f"{b}/acl/w")))
    attempt(base, "write with", BOB, [], lambda b: append(f"{b}/acl/w"))
    acl(base, "acl/w", ["-m", "m::-"])
    attempt(base, "masked", BOB, [], lambda b: len(e2e.read(f"{b}/acl/w")))
    acl(base, "acl", ["-d", "-m", f"u:{BOB}:rw,g::-,o::-"])
    attempt(base, "make below a default", ALICE, [], lambda b: make(f"{b}/acl/inherits", DATA))
    attempt(base, "write what it grants", BOB, [], lambda b: append(f"{b}/acl/inherits"))
    attempt(base, "read what it doesn't", CAROL, [], lambda b: len(e2e.read(f"{b}/acl/inherits")))
    attempt(base, "a directory below", ALICE, [],
            lambda b: (os.mkdir(f"{b}/acl/sub"), state(f"{b}/acl/sub")))
    attempt(base, "set another's", BOB, [],
            lambda b: os.setxattr(f"{b}/acl/w", "system.posix_acl_access", b"\2\0\0\0"))


def others(base):
    os.mkdir(f"{base}/own")
    os.chown(f"{base}/own", ALICE, ALICE)
    attempt(base, "make", ALICE, [], lambda b: make(f"{b}/own/w", DATA))
    for user in (BOB, 0):
        attempt(base, "chmod another's", user, [], lambda b: chmod(f"{b}/own/w", 0o640))
        attempt(base, "chown", user, [], lambda b: chown(f"{b}/own/w", BOB, -1))
        attempt(base, "a device", user, [],
                lambda b: (os.mknod(f"{b}/own/null", 0o20666, os.makedev(1, 3)), state(f"{b}/own/null")))
        attempt(base, "trusted attribute", user, [],
                lambda b: os.setxattr(f"{b}/own/w", "trusted.a", b"1"))
        attempt(base, "list of attributes", user, [], lambda b: os.listxattr(f"{b}/own/w"))
        attempt(base, "times", user, [], lambda b: os.utime(f"{b}/own/w", (1, 1)))


def outcomes(base):
    log.clear()
    os.mkdir(base)
    os.chmod(base, 0o755)
    for part in (sticky, set_ids, groups, acls, others):
        part(base)
    return list(log)


os.chmod(e2e.WORK, 0o755)
os.chmod(e2e.STORE, 0o755)
want = outcomes(os.path.join(e2e.WORK, "plain"))
got = outcomes(e2e.m("same"))
assert len(want) > 100 and sum("denied" in line or "permitted" in line for line in want) > 10, len(want)
differ = [f"{a}\n    in the mount: {b}" for a, b in zip(want, got) if a != b]
assert not differ, "\n" + "\n".join(differ)
