# SPDX-License-Identifier: MIT
# mount: no
# may skip: don't go together
# timeout: 300
"""Power failures under a real daemon: all that it does to its store is logged, then stores are made of parts of the
log, as a failure after each change may leave them, and read on "another boot". What was fsynced is there; what was
changed since is the old version or the new one, and nothing else.

Some moments, a few failures each; every one with E2E_SCALE=full (and E2E_TIMEOUT)."""
import os
import random
import shutil
import subprocess
import sys

import e2e
import replay
import shim

if e2e.SANITIZED:
    e2e.skip("a preloaded library and the sanitizer's own don't go together")

STRIDE, N_FAILURES = (1, 6) if e2e.FULL else (int(os.environ.get("POWER_STRIDE", "9")), 2)
SEED = int(os.environ.get("POWER_SEED", "1"))
LOG = os.path.join(e2e.WORK, "store.log")
CHUNK = 64 * 1024
ANY = object()  # nothing is promised: the file is being written for the first time, or anew


class History:
    """Of each name: (log length before, after, content; None: no such file; ANY) of every change of it."""

    def __init__(self):
        self.steps = {}

    def change(self, name, content, action, durable=True):
        before = os.path.getsize(LOG)
        steps = self.steps.setdefault(name, [(0, 0, None, True)])
        action()
        steps.append((before, os.path.getsize(LOG), content, durable))

    def allowed(self, name, length):
        """The contents that `name` may have when the log had that length."""
        out = []
        for before, after, content, durable in self.steps[name]:
            if before > length:
                break
            if durable and after <= length:
                out = []
            out.append(content)
        return out


history = History()


def sync_folder(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


def write(name, data, flags, off=0, sync=True):
    fd = os.open(e2e.m(name), os.O_RDWR | os.O_CREAT | flags, 0o644)
    at = 0
    while at < len(data):
        at += os.pwrite(fd, data[at : at + 50_000], off + at)
    if sync:
        os.fsync(fd)
    os.close(fd)


def save(name, data, flags=os.O_EXCL):
    """Written for the first time, or over what was emptied: nothing is promised before it is done."""

    def action():
        write(name, data, flags)
        sync_folder(os.path.dirname(e2e.m(name)))

    history.change(name, ANY, lambda: None, durable=False)
    history.change(name, data, action)


def replace(name, data):
    def action():
        write(name + ".tmp", data, os.O_EXCL)
        os.rename(e2e.m(name + ".tmp"), e2e.m(name))
        sync_folder(os.path.dirname(e2e.m(name)))

    history.change(name, data, action)


def truncate(name, size):
    fd = os.open(e2e.m(name), os.O_RDWR)
    os.ftruncate(fd, size)
    os.fsync(fd)
    os.close(fd)


def header_last(name, data):
    """Taken up at its close: a job in .alcm/swap overwrites the file. Its content stays all the while."""
    fd = os.open(e2e.m(name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)

    def action():
        os.pwrite(fd, data[128:], 128)
        os.pwrite(fd, data[:128], 0)
        os.fsync(fd)
        sync_folder(e2e.MNT)

    history.change(name, ANY, lambda: None, durable=False)
    history.change(name, data, action)
    history.change(name, data, lambda: os.close(fd), durable=False)


def scenario():
    one, two, three = (e2e.npy(n * CHUNK // 4 - 40, seed=n) for n in (3, 2, 1))
    patched = one[:CHUNK] + two[CHUNK : CHUNK + 20_000] + one[CHUNK + 20_000 :]
    longer = patched + three
    save("a.npy", one)
    history.change("a.npy", patched, lambda: write("a.npy", patched[CHUNK : CHUNK + 20_000], 0, CHUNK))
    history.change("a.npy", longer, lambda: write("a.npy", three, 0, len(patched), sync=False), durable=False)
    history.change("a.npy", longer[: CHUNK + 5], lambda: truncate("a.npy", CHUNK + 5))
    replace("a.npy", two)
    save("b.txt", b"plain text\n" * 5000)
    replace("b.txt", b"other text\n" * 3000)
    header_last("late.npy", two)
    os.mkdir(e2e.m("dir"))
    sync_folder(e2e.MNT)
    save("dir/c.npy", three)
    for k in range(3):  # a commit each, without a sync in between
        data = three + bytes(range(256)) * 40 * (k + 1)
        history.change("dir/c.npy", data, lambda d=data: write("dir/c.npy", d[len(three) :], 0, len(three), sync=False),
                       durable=False)
    history.change("dir/c.npy", data, lambda: write("dir/c.npy", b"", 0))
    save("small.npy", e2e.npy(50))
    save("a.npy", one, os.O_TRUNC)

    def remove():
        os.unlink(e2e.m("small.npy"))
        sync_folder(e2e.MNT)

    history.change("small.npy", None, remove)


# --- looking at what is left ---------------------------------------------------------------------------


def alcm(*args):
    """`alcm` on another boot of the machine."""
    env = dict(os.environ, LD_PRELOAD=shim.build(), STORE_SHIM_BOOT=os.path.join(e2e.WORK, "boot"))
    return subprocess.run([e2e.ALCM, *args], env=env, capture_output=True, text=True)


def contents(folder):
    """name -> bytes as a mount would show them; what can't be read is left out, and told of."""
    plain = folder + ".plain"
    repaired = alcm("check", "--repair", folder)
    done = alcm("unpack", "-o", plain, "-r", folder)
    found = {}
    for top, _, names in os.walk(plain):
        for name in names:
            path = os.path.join(top, name)
            found[os.path.relpath(path, plain)] = e2e.read(path)
    shutil.rmtree(plain, ignore_errors=True)
    return found, repaired.stdout + repaired.stderr + done.stdout + done.stderr


def check_image(image, length, what):
    folder = os.path.join(e2e.WORK, "image")
    os.mkdir(folder)
    image.make(folder)
    found, said = contents(folder)
    for name in history.steps:
        allowed = history.allowed(name, length)
        got = found.get(name)
        if not allowed or ANY in allowed or got in allowed:
            continue
        want = ", ".join("nothing" if a is None else f"{len(a)} bytes" for a in allowed)
        have = "nothing" if got is None else f"{len(got)} bytes"
        raise AssertionError(f"{what}: {name} is {have}, and may be {want}\n{said}")
    shutil.rmtree(folder)


def main():
    e2e.write(os.path.join(e2e.WORK, "boot"), b"00000000-0000-4000-8000-00000000abcd\n")
    root = os.stat(e2e.STORE).st_ino
    e2e.write(LOG, b"")
    e2e.mount("chunk=64,attr_timeout=0", prefix=shim.prefix(log=LOG))
    scenario()
    e2e.unmount()
    ops = replay.read_log(LOG)
    live = {name: steps[-1][2] for name, steps in history.steps.items()}
    for name, data in live.items():  # the log is all that happened to the store
        ino = dict(replay.process_died(ops, len(ops), root).paths()).get(name)
        e2e.equal(ino is not None, data is not None, f"{name} at the log's end")
    rng = random.Random(SEED)
    n_images = 0
    for n in range(rng.randrange(STRIDE), len(ops) + 1, STRIDE):
        length = ops[n - 1].end if n else 0
        check_image(replay.process_died(ops, n, root), length, f"killed after change {n} of {len(ops)}")
        for k in range(N_FAILURES):
            strict = k % 2 == 0
            image = replay.power_failed(ops, n, root, rng, strict)
            check_image(image, length, f"power failure {k} after change {n} of {len(ops)}, strict {strict}, seed {SEED}")
        n_images += 1 + N_FAILURES
    print(f"{len(ops)} changes of the store, {n_images} stores looked at")
    assert n_images > 10


main()
sys.exit(0)
