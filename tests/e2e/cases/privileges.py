# SPDX-License-Identifier: MIT
# also: user
"""The daemon keeps what acting for callers takes and nothing else, in every thread, and still works."""
import os
import subprocess

import e2e

# capabilities(7): chown, dac_override, dac_read_search, fowner, fsetid, setgid, setuid, mknod, lease, setfcap
ALWAYS = sum(1 << cap for cap in (0, 1, 2, 3, 4, 6, 7, 27, 28, 31))
AT_TIMES = 1 << 21 | 1 << 24  # sys_admin, sys_resource


def status(task):
    with open(f"/proc/{task}/status", encoding="ascii") as f:
        return dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)


def check_threads():
    pid = e2e.daemon_pid()
    tasks = os.listdir(f"/proc/{pid}/task")
    assert len(tasks) > 1, tasks
    for task in tasks:
        s = status(f"{pid}/task/{task}")
        permitted = ALWAYS | AT_TIMES if e2e.IS_ROOT else 0
        e2e.equal(int(s["CapPrm"], 16) & ~permitted, 0, "more is permitted than needed")
        e2e.equal(int(s["CapEff"], 16) & ~(ALWAYS if e2e.IS_ROOT else 0), 0, "effective")
        e2e.equal(int(s["CapInh"], 16) | int(s["CapAmb"], 16), 0, "handed on")
        e2e.equal(s["Umask"], "0000", "umask")
        if e2e.IS_ROOT:
            e2e.equal(int(s["CapBnd"], 16) & ~permitted, 0, "to be had by exec")
            e2e.equal(s["NoNewPrivs"], "1", "NoNewPrivs")
    e2e.equal(os.readlink(f"/proc/{pid}/fd/0"), "/dev/null", "standard input")


def as_user(script):
    done = subprocess.run(["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "sh", "-c", script],
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def check_root_still_can():
    """What root's callers may do needs more of the daemon than creating files does."""
    big = os.urandom(3 << 20)
    e2e.write(e2e.m("plain"), big)
    os.setxattr(e2e.m("plain"), "trusted.secret", b"1")
    os.setxattr(e2e.m("plain"), "user.open", b"2")
    e2e.equal(os.getxattr(e2e.m("plain"), "trusted.secret"), b"1", "a trusted attribute")
    e2e.equal(sorted(os.listxattr(e2e.m("plain"))), ["trusted.secret", "user.open"], "root's list")
    os.chmod(e2e.WORK, 0o755)
    code, said = as_user(f"python3 -c 'import os; print(os.listxattr(\"{e2e.m('plain')}\"))'")
    assert code == 0 and "user.open" in said and "secret" not in said, said
    os.removexattr(e2e.m("plain"), "trusted.secret")
    os.mknod(e2e.m("null"), 0o20666, os.makedev(1, 3))
    os.chown(e2e.m("plain"), 4321, 4321)
    os.chmod(e2e.m("plain"), 0o600)
    code, said = as_user(f"cat '{e2e.m('plain')}'")
    assert code and "denied" in said, "the daemon's rights are not its callers'"
    e2e.drop_caches()
    e2e.equal(e2e.read(e2e.m("plain")), big, "large reads")


check_threads()
e2e.write(e2e.m("w.npy"), e2e.npy())
e2e.reads_as(e2e.m("w.npy"), e2e.npy(), "by the daemon that dropped its rights")
check_threads()
if e2e.IS_ROOT:
    check_root_still_can()
