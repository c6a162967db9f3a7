#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run the cases of tests/e2e/cases, each with a store, a mount and a temporary folder of its own.

usage: tests/e2e/run [--build DIR] [--filter PATTERN]… [-j N] [-k] [-l] [-v]

  --build DIR       where alcmfs and alcm were built (default: $ALCM_BUILD, or build)
  --filter PATTERN  only cases whose name contains PATTERN, or one of several
  -j N              cases at a time (default: 2)
  -k                keep the folder of a case that failed
  -l                list the cases
  -v                show what a case said also when it passed

A case is an executable file's worth of Python or shell; it fails with a status other than 0, and is
skipped with 77. A case that is skipped has failed, unless its top or ALCM_ALLOW_SKIP allows it. Comments
at its top say how it is run:

  # mount: OPTIONS     mounted with -o OPTIONS at the start ("no": not at all)
  # timeout: SECONDS   the default is 60
  # needs: root        skipped for an ordinary user
  # also: user         root runs it a second time as an ordinary user
  # check: no          `alcm check` of the store isn't expected to be clean in the end
  # may skip: REASON   skipping is no failure when the case's last line has REASON in it

Around every case: when it is done, the file system must unmount, the daemon must exit with 0, no
sanitizer may have reported anything, and `alcm check` must find the store clean. Whatever a case leaves
behind is unmounted and killed.

Variables: ALCM_CORPUS (default ../shared/corpus), TMPDIR (default /var/tmp), E2E_SCALE=ci|full: see the
cases that use it; E2E_TIMEOUT: seconds, instead of what the cases say; ALCM_ALLOW_SKIP: names of cases
(hdf5.py,quota.py) whose skipping is no failure.
"""

import argparse
import ctypes
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CASES = os.path.join(HERE, "cases")
SKIPPED = 77
USER = 65534  # nobody: what "an ordinary user" is when root runs the tests
PR_SET_CHILD_SUBREAPER = 36
DAEMON_SECONDS = 20


def headers(path):
    """The "# key: value" comments at the top of a case."""
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                break
            match = re.match(r"# (mount|timeout|needs|also|check|may skip): (.*)", line)
            if match:
                found[match[1]] = match[2].strip()
    return found


# --- one case: the supervisor --------------------------------------------------------------------


def mounts_below(folder):
    """Mount points below `folder`, innermost first."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        points = [line.split()[4].replace("\\040", " ") for line in f]
    return [p for p in reversed(points) if p.startswith(folder + "/")]


def children():
    """Our descendants' ids: as the subreaper, all of them end up as our children."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as f:
        return [int(pid) for pid in f.read().split()]


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def children_gone(seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        reap()
        if not children():
            return True
        time.sleep(0.01)
    return False


def clean_up(work):
    """Unmount and kill whatever is left; returns what should not have been."""
    found = []
    for point in mounts_below(work):
        if subprocess.run(["fusermount3", "-u", point], capture_output=True).returncode == 0:
            continue
        if subprocess.run(["umount", point], capture_output=True).returncode == 0:
            continue
        found.append(f"{point} was busy")
        subprocess.run(["fusermount3", "-uz", point], capture_output=True)
        subprocess.run(["umount", "-l", point], capture_output=True)
    if not children_gone(DAEMON_SECONDS):
        dump_daemon(work)
        for pid in children():
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
                found.append(f"still running: {f.read().replace(chr(0), ' ')}")
            os.kill(pid, signal.SIGKILL)
        while children() and not children_gone(1):
            for pid in children():  # what the killed ones left to us
                os.kill(pid, signal.SIGKILL)
    return found


def daemon_complaints(env):
    """What the daemons of the case said or did that no daemon should."""
    found = []
    status = os.path.join(env["WORK"], "daemon.status")
    if os.path.exists(status):
        with open(status, encoding="ascii") as f:
            text = f.read().strip()
        if text != "0":
            found.append(f"the daemon ended with status {text}")
    with open(env["LOG"], encoding="utf-8", errors="replace") as f:
        for line in f:
            if re.search(r"Sanitizer|runtime error:|Assertion .* failed", line):
                found.append(line.strip())
    return found[:20]


def check_store(env):
    done = subprocess.run([env["ALCM"], "check", env["STORE"]], capture_output=True, text=True)
    if done.returncode:
        return [f"alcm check: exit {done.returncode}: {done.stdout}{done.stderr}"]
    return []


def run_process(path, env, seconds):
    command = [sys.executable if path.endswith(".py") else "/bin/bash", path]
    with subprocess.Popen(command, env=env, cwd=env["WORK"], stdin=subprocess.DEVNULL,
                          start_new_session=True) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            print(f"gave up after {seconds} s", flush=True)
            dump_daemon(env["WORK"])
            os.killpg(process.pid, signal.SIGKILL)
            # a case stuck in a request returns when the connection is gone
            for point in mounts_below(env["WORK"]):
                subprocess.run(["fusermount3", "-uz", point], capture_output=True)
            for pid in children():
                if pid != process.pid:
                    os.kill(pid, signal.SIGKILL)
            return -1


def dump_daemon(work):
    """Where the daemon's threads are, for a case that hangs."""
    try:
        with open(os.path.join(work, "daemon.pid"), encoding="ascii") as f:
            pid = f.read().strip()
        if shutil.which("gdb"):
            subprocess.run(["gdb", "-p", pid, "-batch", "-ex", "thread apply all bt 12"],
                           stderr=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.SubprocessError):
        pass


def supervise(path, work):
    """Run one case in `work`; what it and the daemon say goes to our output."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    sys.path.insert(0, os.path.join(HERE, "lib"))
    env = dict(os.environ, WORK=work, STORE=f"{work}/store", MNT=f"{work}/mnt", TOP=TOP,
               LOG=f"{work}/daemon.log", PYTHONPATH=os.path.join(HERE, "lib"), PYTHONUNBUFFERED="1",
               PYTHONDONTWRITEBYTECODE="1")
    os.environ.update(env)
    for folder in (env["STORE"], env["MNT"]):
        os.mkdir(folder)
    with open(env["LOG"], "w", encoding="ascii"):
        pass
    head = headers(path)
    problems = []
    status = 1
    try:
        if head.get("mount") != "no":
            import e2e  # needs the environment

            e2e.mount(head.get("mount", ""))
        status = run_process(path, env, timeout(head))
    except RuntimeError as error:
        problems.append(str(error))
    problems += clean_up(work)
    problems += daemon_complaints(env)
    if not problems and status == 0 and head.get("check") != "no":
        problems += check_store(env)
    if status not in (0, SKIPPED) or problems:
        print("\n".join(problems))
        with open(env["LOG"], encoding="utf-8", errors="replace") as f:
            log = f.read()
        print("--- the daemon said:\n" + log[-6000:] if log else "--- the daemon said nothing")
        status = status if status not in (0, SKIPPED) else 1
    return 1 if status not in (0, SKIPPED) else status


def timeout(head):
    return int(os.environ.get("E2E_TIMEOUT") or head.get("timeout", 60)) * slowness()


def slowness():
    """How many times longer everything may take: a sanitized build is slow."""
    return 4 if os.environ.get("E2E_SANITIZED") else 1


# --- all cases -------------------------------------------------------------------------------------


class Runner:
    def __init__(self, args):
        self.keep = args.keep
        self.base = tempfile.mkdtemp(prefix="alcm-e2e-", dir=os.environ.get("TMPDIR", "/var/tmp"))
        os.chmod(self.base, 0o755)
        self.env = dict(os.environ, ALCMFS=f"{args.build}/fs/alcmfs", ALCM=f"{args.build}/tools/alcm",
                        FIXTURES=f"{self.base}/fixtures", CORPUS=corpus(),
                        PATH=f"/usr/sbin:/sbin:{os.environ['PATH']}", LC_ALL="C.UTF-8",
                        E2E_RUNNER=str(os.getpid()))
        if b"__asan_init" in read(self.env["ALCMFS"]) or b"__tsan_init" in read(self.env["ALCMFS"]):
            self.env["E2E_SANITIZED"] = "1"
        generate = os.path.join(TOP, "tests/fixtures/generate.py")
        subprocess.run([sys.executable, generate, self.env["FIXTURES"]], check=True)

    def copy_for_user(self):
        """What the cases need, where any user may read it: our own folders may be closed to others."""
        top = os.path.join(self.base, "top")
        os.mkdir(top)
        for folder in ("tests", "docs"):
            shutil.copytree(os.path.join(TOP, folder), os.path.join(top, folder))
        if os.path.isdir(self.env["CORPUS"]):
            shutil.copytree(self.env["CORPUS"], os.path.join(top, "corpus"))
        for program in ("ALCMFS", "ALCM"):
            shutil.copy(self.env[program], top)
        subprocess.run(["chmod", "-R", "a+rX", top], check=True)

    def run_one(self, name, as_user):
        """(name, status, word for it, output) of one case."""
        work = os.path.join(self.base, f"{name}{'-user' if as_user else ''}".replace(".", "-"))
        os.mkdir(work)
        command = [sys.executable, os.path.join(HERE, "runner.py"), "--one",
                   os.path.join(CASES, name), work]
        env = self.env
        if as_user:
            os.chown(work, USER, USER)
            command[1:4] = [os.path.join(self.base, "top/tests/e2e/runner.py"), "--one",
                            os.path.join(self.base, "top/tests/e2e/cases", name)]
            command = as_ordinary_user(command)
            env = dict(env, ALCMFS=f"{self.base}/top/alcmfs", ALCM=f"{self.base}/top/alcm",
                       CORPUS=f"{self.base}/top/corpus")
        if os.geteuid() == 0:
            command = in_own_namespace(command, self.base if as_user else None)
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode in (0, SKIPPED) or not self.keep:
            shutil.rmtree(work, ignore_errors=True)
        return (f"{name} (as a user)" if as_user else name,
                *verdict(name, done.returncode, done.stdout.decode(errors="replace")))

    def finish(self):
        if not self.keep or set(os.listdir(self.base)) <= {"fixtures", "top", "fuse"}:
            shutil.rmtree(self.base, ignore_errors=True)
        else:
            print(f"kept: {self.base}")


def as_ordinary_user(command):
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]


@functools.cache
def propagation():
    """How `unshare` can make a mount namespace here: a chroot's root is no mount to make private."""
    for how in ("private", "unchanged"):
        if subprocess.run(["unshare", "-m", "--propagation", how, "true"],
                          capture_output=True).returncode == 0:
            return how
    return None


def in_own_namespace(command, base):
    """`command` where its mounts are in no namespace that other programs copy: a copy holds a mount, and
    its daemon runs on. `base`: with a /dev/fuse that users may open as on a usual system."""
    how = propagation()
    if not how:
        return command
    steps = []
    if how == "private":  # other programs' daemons should be able to end, too
        steps.append("umount -a -l -t fuse.alcmfs")
    if base and os.stat("/dev/fuse").st_mode & 0o006 != 0o006:
        node = os.path.join(base, "fuse")
        steps.append(f"{{ [ -e {node} ] || mknod -m 666 {node} c 10 229; }}")
        steps.append(f"mount --bind {node} /dev/fuse")
    script = "; ".join([*steps, 'exec "$@"'])
    return ["unshare", "-m", "--propagation", how, "sh", "-c", script, "sh", *command]


def corpus():
    return os.environ.get("ALCM_CORPUS", os.path.join(TOP, "../shared/corpus"))


def may_skip(name, why):
    """Is it no failure that case `name` is skipped?"""
    if name in os.environ.get("ALCM_ALLOW_SKIP", "").split(","):
        return True
    allowed = headers(os.path.join(CASES, name)).get("may skip")
    return bool(allowed) and allowed in why


def verdict(name, status, output):
    """(status, word for it, output to show) of a case that ended with `status`."""
    if status != SKIPPED:
        return (status, "ok", output) if status == 0 else (1, "FAILED", output)
    why = (output.strip().splitlines() or ["?"])[-1]
    if may_skip(name, why):
        return SKIPPED, "skipped", why
    return 1, "FAILED", f"{why}\nskipped; ALCM_ALLOW_SKIP={name} allows it"


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as error:
        sys.exit(f"tests/e2e/run: {error}; build first, or say --build DIR")


def plan(patterns):
    """(case, as_user) for everything that is to run."""
    for name in sorted(os.listdir(CASES)):
        if not name.endswith((".py", ".sh")) or not any(p in name for p in patterns):
            continue
        head = headers(os.path.join(CASES, name))
        if os.geteuid() == 0 or head.get("needs") != "root":
            yield name, False
        if os.geteuid() == 0 and head.get("also") == "user":
            yield name, True


def parse(argv):
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0],
                                     epilog=__doc__, add_help=True,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.environ.get("ALCM_BUILD", os.path.join(TOP, "build")))
    parser.add_argument("--filter", action="append")
    parser.add_argument("-j", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("-k", dest="keep", action="store_true")
    parser.add_argument("-l", dest="list", action="store_true")
    parser.add_argument("-v", dest="verbose", action="store_true")
    args = parser.parse_args(argv)
    args.build = os.path.abspath(args.build)
    return args


def main(argv):
    if argv[:1] == ["--one"]:
        return supervise(*argv[1:])
    args = parse(argv)
    cases = list(plan(args.filter or [""]))
    if args.list:
        print("\n".join(name + (" (as a user)" if user else "") for name, user in cases))
        return 0
    runner = Runner(args)
    if any(user for _, user in cases):
        runner.copy_for_user()
    counts = {0: 0, 1: 0, SKIPPED: 0}
    try:
        with ThreadPoolExecutor(args.j) as pool:
            started = time.monotonic()
            for name, status, word, output in pool.map(lambda c: runner.run_one(*c), cases):
                counts[status] += 1
                print(f"{word:8}{name}", flush=True)
                if status or args.verbose:
                    print("".join(f"    {line}\n" for line in output.splitlines()), flush=True)
    finally:
        runner.finish()
    print(f"{counts[SKIPPED]} skipped, {time.monotonic() - started:.0f} s")
    print(f"{counts[0]} passed, {counts[1]} failed")
    return 1 if counts[1] or not counts[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
