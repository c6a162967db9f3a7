# SPDX-License-Identifier: MIT
# needs: root
"""Who may create by a group, may: with more groups than fit a page, and from another PID namespace."""
import os
import stat
import subprocess

import e2e

GROUP, USER = 9000, 2000
os.chmod(e2e.WORK, 0o755)
os.chmod(e2e.STORE, 0o755)


def make_dirs(top):
    """What the group may write, what it may only read, and what is nobody else's."""
    for name, mode, group in (("shared", 0o2770, GROUP), ("read", 0o2750, GROUP), ("closed", 0o700, 0)):
        path = os.path.join(top, name)
        os.makedirs(path, exist_ok=True)
        os.chown(path, 0, group)
        os.chmod(path, mode)


def attempt(call):
    try:
        call()
        return 0
    except OSError as error:
        return error.errno


def as_caller(top, groups, tag):
    """What a user with these groups can make below `top`: (what, error, owner, group, mode)."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.setgroups(groups)
        os.setgid(USER)
        os.setuid(USER)
        os.umask(0o027)
        for where in ("shared", "read", "closed"):
            base = os.path.join(top, where, tag)
            for what, call in (("f", lambda p: os.close(os.open(p, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))),
                               ("d", lambda p: os.mkdir(p, 0o777)),
                               ("l", lambda p: os.symlink("x", p)),
                               ("p", lambda p: os.mkfifo(p, 0o666))):
                os.write(write, f"{where} {what} {attempt(lambda: call(base + what))}\n".encode())
        os._exit(0)
    os.wait()
    os.close(write)
    with os.fdopen(read) as f:
        errors = f.read()
    made = []
    for where in ("shared", "read", "closed"):
        for name in sorted(os.listdir(os.path.join(top, where))):
            st = os.lstat(os.path.join(top, where, name))
            made.append((where, name, st.st_uid, st.st_gid, stat.filemode(st.st_mode)))
    return errors, made


plain = os.path.join(e2e.WORK, "plain")
make_dirs(plain)
make_dirs(e2e.MNT)
CALLERS = [([GROUP], "member"), ([], "stranger"), (list(range(6000, 6299)) + [GROUP], "many"),
           (list(range(20000, 24000)), "many-strange")]
for groups, tag in CALLERS:
    e2e.equal(as_caller(e2e.MNT, groups, tag), as_caller(plain, groups, tag), tag)

# The daemon in a PID namespace of its own can't look its callers up.
e2e.unmount()
e2e.mount(prefix=("unshare", "-p", "--fork", "--kill-child"))
for groups, tag in CALLERS:
    tag += "-elsewhere"
    e2e.equal(as_caller(e2e.MNT, groups, tag), as_caller(plain, groups, tag), tag)
subprocess.run(["umount", e2e.MNT], check=True)
