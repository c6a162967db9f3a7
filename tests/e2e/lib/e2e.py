# SPDX-License-Identifier: MIT
"""What the cases share: the mount, waiting, and comparing. `python3 e2e.py FUNCTION ARG…` for shell."""

import contextlib
import ctypes
import errno
import importlib
import json
import mmap
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

STORE, MNT, WORK, LOG = (os.environ[k] for k in ("STORE", "MNT", "WORK", "LOG"))
ALCMFS, ALCM = os.environ["ALCMFS"], os.environ["ALCM"]
FIXTURES, CORPUS, TOP = os.environ["FIXTURES"], os.environ["CORPUS"], os.environ["TOP"]
FULL = os.environ.get("E2E_SCALE") == "full"
SANITIZED = bool(os.environ.get("E2E_SANITIZED"))
IS_ROOT = os.geteuid() == 0

BLOB_MAGIC = b"\x89ALCM\r\n\x1a"
CHUNK = 256 * 1024
WAIT_SECONDS = 30

libc = ctypes.CDLL(None, use_errno=True)


def skip(why):
    """A failure, unless the case's top has "may skip" with this reason: see runner.py."""
    print(why)
    sys.exit(77)


def need(module):
    """A module that the case can't do without."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        skip(f"no {error.name}")


# --- the mount ---------------------------------------------------------------------------------


def wait_until(condition, what, seconds=WAIT_SECONDS):
    """Wait for a predicate; RuntimeError when it doesn't come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain: {what}")
        time.sleep(0.005)


def is_mounted():
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return any(line.split()[4] == MNT for line in f)


def status_path():
    return os.path.join(WORK, "daemon.status")


def daemon_pid():
    with open(os.path.join(WORK, "daemon.pid"), encoding="ascii") as f:
        return int(f.read())


def daemon_status():
    """The daemon's exit status as text, or None while it runs."""
    with contextlib.suppress(FileNotFoundError):
        with open(status_path(), encoding="ascii") as f:
            return f.read().strip() or None
    return None


def mount(options="", prefix=(), store=None):
    """Mount STORE at MNT in the foreground, its messages going to LOG."""
    pid = os.path.join(WORK, "daemon.pid")
    for path in (status_path(), pid):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    # a shell without job control starts background commands with SIGINT ignored, nohup with SIGHUP
    command = ["env", "--default-signal=INT,QUIT,HUP", *prefix, ALCMFS, "-f", store or STORE, MNT, *(["-o", options] if options else [])]
    # The shell waits for the daemon and notes how it ended, whoever is still there then.
    script = ('"$@" & echo $! >"$WORK/daemon.pid.new"; mv "$WORK/daemon.pid.new" "$WORK/daemon.pid"; '
              'wait $!; echo $? >"$WORK/daemon.status"')
    with open(LOG, "ab") as log:
        subprocess.Popen(["sh", "-c", script, "sh", *command], stdin=subprocess.DEVNULL,
                         stdout=log, stderr=log, cwd="/", start_new_session=True)
    wait_until(lambda: (is_mounted() and os.path.exists(pid)) or daemon_status(), "mount")
    if daemon_status():
        raise RuntimeError(f"mounting failed: {log_text()}")


def unmount(lazy=False):
    def try_once():
        done = subprocess.run(["fusermount3", "-uz" if lazy else "-u", MNT], capture_output=True)
        return done.returncode == 0

    # A RELEASE is asynchronous: the mount can be busy for a moment after the last close.
    wait_until(try_once, "unmount")
    wait_until(daemon_status, "the daemon's end")
    if daemon_status() != "0":
        raise RuntimeError(f"the daemon ended with {daemon_status()}")


def remount(options=""):
    unmount()
    mount(options)


def kill_daemon(sig=signal.SIGKILL):
    os.kill(daemon_pid(), sig)
    wait_until(daemon_status, "the daemon's end")
    subprocess.run(["fusermount3", "-uz", MNT], capture_output=True)
    wait_until(lambda: not is_mounted(), "unmount after kill")
    os.unlink(status_path())  # it didn't end well, and wasn't to


def log_text():
    with open(LOG, encoding="utf-8", errors="replace") as f:
        return f.read()


def drop_caches():
    """Forget cached pages of all files; False where that isn't allowed."""
    try:
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
            f.write("3")
        return True
    except OSError:
        return False


def validate(found, schema):
    """JSON against docs/SCHEMA.schema.json."""
    with open(os.path.join(TOP, f"docs/{schema}.schema.json"), encoding="utf-8") as f:
        wanted = json.load(f)
    for key in wanted["required"]:
        assert key in found, f"{key} is missing"
    need("jsonschema").validate(found, wanted)


# --- processes -----------------------------------------------------------------------------------


def all_processes(*jobs, allow=0):
    """Run each of these functions in a process of its own, at once; all must end well, or by signal `allow`."""
    pids = []
    for job in jobs:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                job()
                status = 0
            except BaseException:  # pylint: disable=broad-except
                traceback.print_exc()
            finally:
                os._exit(status)
        pids.append(pid)
    statuses = [os.waitpid(pid, 0)[1] for pid in pids]
    bad = [os.waitstatus_to_exitcode(s) for s in statuses if s not in (0, allow)]
    assert not bad, f"processes ended with {bad}"


# --- paths and files -----------------------------------------------------------------------------


def m(name):
    return os.path.join(MNT, name)


def s(name):
    return os.path.join(STORE, name)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def is_blob(name):
    """True when the store's file `name` is a blob."""
    with open(s(name), "rb") as f:
        return f.read(8) == BLOB_MAGIC


def npy(n=100_000, dtype="f4", seed=1):
    """The bytes of an .npy file of n weights."""
    import io

    import numpy as np

    out = io.BytesIO()
    values = np.random.default_rng(seed).standard_normal(n) * 0.02
    np.save(out, values.astype(dtype))
    return out.getvalue()


def fixtures(*groups):
    """(relative name, bytes) of the generated files."""
    for group in groups or ("good", "malformed", "plain"):
        for name in sorted(os.listdir(os.path.join(FIXTURES, group))):
            yield name, read(os.path.join(FIXTURES, group, name))


def corpus_files():
    """Relative paths of the corpus's arrays."""
    if not os.path.isdir(CORPUS):
        skip(f"no corpus, which is no part of the repository, at {CORPUS} (ALCM_CORPUS)")
    for folder, folders, names in os.walk(CORPUS):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".npy"):
                yield os.path.relpath(os.path.join(folder, name), CORPUS)


def equal(got, want, what):
    """Fail unless equal; bytes are reported by the first difference."""
    if got == want:
        return
    if isinstance(got, (bytes, bytearray)) and isinstance(want, (bytes, bytearray)):
        at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
        raise AssertionError(f"{what}: {len(got)} bytes, want {len(want)}; differ at {at}: "
                             f"{got[at:at + 8]!r}, want {want[at:at + 8]!r}")
    raise AssertionError(f"{what}: {got!r}, want {want!r}")


@contextlib.contextmanager
def raises(*errnos):
    """The block must fail with one of these errnos."""
    try:
        yield
    except OSError as error:
        if error.errno not in errnos:
            raise
        return
    raise AssertionError(f"no error, wanted {[errno.errorcode[e] for e in errnos]}")


# --- reading in every way ------------------------------------------------------------------------


def read_mmap(path):
    with open(path, "rb") as f:
        if os.fstat(f.fileno()).st_size == 0:
            return b""
        with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return bytes(mapped)


def read_random(path, n_threads=8, block=4096):
    """The file put together from 4 KiB preads in random order by several threads."""
    fd = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(fd).st_size
        out = bytearray(size)
        offsets = list(range(0, size, block))
        random.Random(size).shuffle(offsets)

        def fill(mine):
            for off in mine:
                data = os.pread(fd, block, off)
                out[off : off + len(data)] = data

        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(fill, [offsets[i::n_threads] for i in range(n_threads)]))
        return bytes(out)
    finally:
        os.close(fd)


READERS = (read, read_mmap, read_random)


def reads_as(path, data, when):
    """Every way of reading gives just these bytes, and stat their number."""
    equal(os.stat(path).st_size, len(data), f"{path} {when}: size")
    for reader in READERS:
        equal(reader(path), data, f"{path} {when}: {reader.__name__}")


def all_read_as(files, options=""):
    """files: {name in the mount: bytes}; read warm, cold and after a remount."""
    for name, data in files.items():
        reads_as(m(name), data, "warm")
    if IS_ROOT and drop_caches():
        for name, data in files.items():
            equal(read_random(m(name)), data, f"{name} cold, random")
        drop_caches()
        for name, data in files.items():
            equal(read_mmap(m(name)), data, f"{name} cold, mmap")
    remount(options)
    for name, data in files.items():
        reads_as(m(name), data, "after a remount")


if __name__ == "__main__":
    try:
        globals()[sys.argv[1]](*sys.argv[2:])
    except RuntimeError as error:
        sys.exit(str(error))
