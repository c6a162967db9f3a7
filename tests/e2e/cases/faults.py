# SPDX-License-Identifier: MIT
# mount: no
# may skip: don't go together
# timeout: 300
"""The n-th call of the daemon on its store fails, for every n of each scenario: a program hears of it at
write, fsync or close; what was committed stays; nothing hangs or leaks; then the mount works on.

Some n of each scenario; all of them with E2E_SCALE=full (and E2E_TIMEOUT)."""
import contextlib
import errno
import json
import os
import random
import signal
import sys

import e2e
import shim

if e2e.SANITIZED:
    e2e.skip("a preloaded library and the sanitizer's own don't go together")

EVERY = 1 if e2e.FULL else int(os.environ.get("FAULTS_EVERY", "13"))
HANG_SECONDS = 60
CHUNK = 64 * 1024
OPTIONS = "chunk=64,budget=8,attr_timeout=0"
FOREVER = 1 << 40

# name, kinds of calls, errno (0: short; -errno: half, then the error), calls in a row, whether no program may notice
MODES = (
    ("ENOSPC", shim.WRITE | shim.RESERVE | shim.NAME | shim.META, errno.ENOSPC, 1, False),
    ("ENOSPC to the end", shim.WRITE | shim.RESERVE | shim.NAME, errno.ENOSPC, FOREVER, False),
    ("EDQUOT", shim.WRITE | shim.RESERVE | shim.NAME, errno.EDQUOT, 1, False),
    ("EIO", shim.CALLS, errno.EIO, 1, False),
    ("EIO to the end", shim.CALLS, errno.EIO, FOREVER, False),
    ("EINTR", shim.READ | shim.WRITE | shim.RESERVE | shim.PUNCH | shim.TRUNCATE | shim.SYNC, errno.EINTR, 2,
     True),
    ("short", shim.READ | shim.WRITE, 0, 1, True),
    ("only short", shim.READ | shim.WRITE, 0, FOREVER, True),
    ("half, then EIO", shim.READ | shim.WRITE, -errno.EIO, 2, False),
    ("no memory", shim.MEMORY, errno.ENOMEM, 1, False),
)

faults = shim.Faults()
rng = random.Random(7)


def tensor(n_chunks, seed):
    return e2e.npy(n_chunks * CHUNK // 4 - 40, seed=seed)


OLD, NEW, OTHER = tensor(3, 1), tensor(3, 2), tensor(2, 3)
TEXT = b"a line of text\n" * 20_000


def pwrite_all(fd, data, off):
    """A write may be cut short by an error, which the next one then meets."""
    at = 0
    while at < len(data):
        at += os.pwrite(fd, data[at : at + 50_000], off + at)


class Trial:
    """One run of a scenario with one fault: what its program did and was told."""

    def __init__(self):
        self.errors = []
        self.content = {}  # name -> bytes that it must have; the last promise
        self.after = None  # called when there are no faults any more
        self.mixed = {}  # name -> the states that each of its bytes is from, after an error

    @contextlib.contextmanager
    def attempt(self):
        try:
            yield
        except OSError as error:
            self.errors.append(error.errno)

    def save(self, name, data, flags=os.O_TRUNC, sync=True):
        """As a careful program does it; True when nothing went wrong."""
        before = len(self.errors)
        # what was there may be gone from here on
        self.mixed[name] = (b"", self.content.pop(name, b""), data)
        with self.attempt():
            fd = os.open(e2e.m(name), os.O_RDWR | os.O_CREAT | flags, 0o644)
            try:
                pwrite_all(fd, data, 0)
                if sync:
                    os.fsync(fd)
            finally:
                os.close(fd)
        if len(self.errors) > before:
            return False
        self.content[name] = data
        del self.mixed[name]
        return True

    def change(self, name, new, action):
        """action(fd) makes of the file's content `new`."""
        before, old = len(self.errors), self.content.pop(name)
        self.mixed[name] = (old, new)
        with self.attempt():
            fd = os.open(e2e.m(name), os.O_RDWR)
            try:
                action(fd)
            finally:
                os.close(fd)
        if len(self.errors) == before:
            self.content[name] = new
            del self.mixed[name]


# --- scenarios: prepare(trial) without faults, run(trial) with them -----------------------------------------


def nothing(_):
    pass


def has_old(trial):
    assert trial.save("old.npy", OLD) and trial.save("old.txt", TEXT), trial.errors


def has_empty(trial):
    assert trial.save("late.npy", b""), trial.errors


def save(trial):
    trial.save("a.npy", NEW)
    trial.save("b.npy", OTHER, sync=False)


def save_plain(trial):
    trial.save("a.txt", TEXT)
    trial.save("a.npy", e2e.npy(100))  # too small for a blob


def replace(trial):
    """By a rename: whatever fails, the old version or the new one is there, whole."""
    for name, data in (("old.npy", NEW), ("old.txt", TEXT[::-1])):
        if not trial.save(name + ".tmp", data):
            continue
        try:
            os.rename(e2e.m(name + ".tmp"), e2e.m(name))
        except OSError as error:
            trial.errors.append(error.errno)
            continue
        trial.content[name] = trial.content.pop(name + ".tmp")


def rewrite(trial):
    new = OLD[:CHUNK] + NEW[CHUNK : CHUNK + 5000] + OLD[CHUNK + 5000 :]

    def action(fd):
        pwrite_all(fd, NEW[CHUNK : CHUNK + 5000], CHUNK)
        os.fsync(fd)

    trial.change("old.npy", new, action)


def append(trial):
    def action(fd):
        pwrite_all(fd, OTHER, len(OLD))

    trial.change("old.npy", OLD + OTHER, action)


def truncate(trial):
    def action(fd):
        os.ftruncate(fd, CHUNK + 999)
        os.fsync(fd)

    trial.change("old.npy", OLD[: CHUNK + 999], action)


def convert(trial):
    """The header comes last: a plain file turns into a blob at its last close."""
    new = NEW[: 2 * CHUNK]

    def action(fd):
        pwrite_all(fd, new[128:], 128)
        pwrite_all(fd, new[:128], 0)

    trial.change("late.npy", new, action)


def names(trial):
    for step in (lambda: os.mkdir(e2e.m("dir")), lambda: os.rename(e2e.m("old.npy"), e2e.m("dir/moved.npy")),
                 lambda: os.link(e2e.m("old.txt"), e2e.m("dir/linked")), lambda: os.unlink(e2e.m("old.txt"))):
        with trial.attempt():
            step()
    trial.after = find_names


def find_names(trial):
    """Wherever they are by now, files are whole, and none is lost."""
    moved, text = trial.content.pop("old.npy"), trial.content.pop("old.txt")
    for name, data in (("old.npy", moved), ("dir/moved.npy", moved), ("old.txt", text), ("dir/linked", text)):
        if os.path.exists(e2e.m(name)):
            trial.content[name] = data
    found = [name for name in trial.content if name.endswith(".npy")]
    assert len(found) == 1, f"the tensor is at {found}"
    assert trial.errors or "dir/linked" in trial.content, "the text is gone"


def load(trial):
    for name, data, size in (("old.npy", OLD, 30_000), ("old.txt", TEXT, 50_000), ("old.txt", TEXT, 1 << 20)):
        for part in range(0, len(data), size):
            with trial.attempt():
                fd = os.open(e2e.m(name), os.O_RDONLY)
                try:
                    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                    want = data[part : part + size]
                    got = b""
                    while len(got) < len(want):  # an error may cut a read short; the next one meets it
                        piece = os.pread(fd, len(want) - len(got), part + len(got))
                        assert piece, f"{name} ends at {part + len(got)}"
                        got += piece
                    e2e.equal(got, want, f"{name} at {part}")
                finally:
                    os.close(fd)


SCENARIOS = ((nothing, save), (nothing, save_plain), (has_old, replace), (has_old, rewrite), (has_old, append),
             (has_old, truncate), (has_empty, convert), (has_old, names), (has_old, load))


# --- one trial --------------------------------------------------------------------------------------------


def check_mixed(name, states):
    """After an error each byte is one that was written there, or a zero where nothing was yet."""
    try:
        got = e2e.read(e2e.m(name))
    except FileNotFoundError:
        return
    assert len(got) <= max(map(len, states)), f"{name}: {len(got)} bytes"
    for at in range(0, len(got), 500):
        piece = got[at : at + 500]
        if any(piece == s[at : at + len(piece)] for s in states):
            continue
        for i, byte in enumerate(piece, at):
            assert byte == 0 or any(s[i : i + 1] == bytes([byte]) for s in states), f"{name}: byte {i} is nobody's"


def verify(trial):
    for name, data in trial.content.items():
        e2e.equal(e2e.read(e2e.m(name)), data, name)
    for name, states in trial.mixed.items():
        check_mixed(name, states)


def works_on(trial):
    """Without faults everything works: the failed files can be saved anew."""
    for name in list(trial.mixed):
        count = len(trial.errors)
        assert trial.save(name, OTHER), f"saving {name} anew: {trial.errors[count:]}"
    verify(trial)


def clear():
    for top, folders, files in os.walk(e2e.MNT, topdown=False):
        for name in files:
            os.unlink(os.path.join(top, name))
        for name in folders:
            os.rmdir(os.path.join(top, name))


def run_once(scenario, mode, nth):
    """False: the scenario has fewer calls than that."""
    prepare, run = scenario
    _, kinds, err, count, unseen = mode
    trial = Trial()
    prepare(trial)
    faults.set(kinds, err, nth, count)
    run(trial)
    faults.clear()
    struck = faults.struck()
    if trial.after:
        trial.after(trial)
    if unseen and trial.errors:
        raise AssertionError(f"{[errno.errorcode[e] for e in trial.errors]} came through")
    wrong = [errno.errorcode[e] for e in trial.errors if e not in (err, errno.EIO, errno.ENOENT, errno.ESTALE)]
    assert not wrong, f"other errors than were made: {wrong}"
    verify(trial)
    works_on(trial)
    clear()
    return struck > 0


def stats():
    return json.loads(e2e.read(os.path.join(e2e.MNT, ".alcm/stats")))["values"]


def check_leaks(before):
    now = {}

    def flat():
        now.update(stats())
        return (now["budget_used_bytes"] == 0 and now["files_writing"] == 0 and
                now["descriptors"] <= before["descriptors"] + 8)

    e2e.wait_until(flat, "descriptors and buffers to be given back", 10)


def hung(_signal, _frame):
    raise RuntimeError(f"hung: {where}")


def sweep(scenario, mode):
    """Every nth call; how many there were."""
    global where
    nth = rng.randrange(EVERY) + 1
    while True:
        where = f"{scenario[1].__name__}, {mode[0]}, call {nth}"
        signal.alarm(HANG_SECONDS)
        try:
            more = run_once(scenario, mode, nth)
        except (AssertionError, OSError) as error:
            faults.clear()
            raise AssertionError(f"{where}: {error}") from error
        signal.alarm(0)
        if not more:
            return nth - 1
        nth += EVERY if nth < 400 else 13 * EVERY


def main():
    only = os.environ.get("FAULTS_ONLY")  # "append, EIO, 8": one trial, 0: all of them
    if only:
        name, rest = only.split(", ", 1)
        mode, nth = rest.rsplit(", ", 1)
        e2e.mount(OPTIONS, prefix=shim.prefix(control=faults.path, trace=1))
        scenario = next(s for s in SCENARIOS if s[1].__name__ == name)
        fault = next(m for m in MODES if m[0] == mode)
        _ = run_once(scenario, fault, int(nth)) if int(nth) else sweep(scenario, fault)
        return
    signal.signal(signal.SIGALRM, hung)
    e2e.mount(OPTIONS, prefix=shim.prefix(control=faults.path))
    total = 0
    for scenario in SCENARIOS:
        before = stats()
        counts = []
        for mode in MODES:
            counts.append(f"{mode[0]} {sweep(scenario, mode)}")
            total += 1
        check_leaks(before)
        print(f"{scenario[1].__name__}: {', '.join(counts)}", flush=True)
        # what is in the store must do without the daemon
        e2e.unmount()
        checked = e2e.subprocess.run([e2e.ALCM, "check", e2e.STORE], capture_output=True, text=True)
        e2e.equal(checked.returncode, 0, f"alcm check: {checked.stdout}{checked.stderr}")
        e2e.mount(OPTIONS, prefix=shim.prefix(control=faults.path))


where = ""
main()
sys.exit(0)
