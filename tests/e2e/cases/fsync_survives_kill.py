# SPDX-License-Identifier: MIT
# timeout: 600
"""kill -9 of the daemon at random moments of several writers: what was fsynced is intact, everything
else is absent or a correct prefix state, and `alcm check` is content.

ALCM_CRASH_ROUNDS rounds (10; 200 with E2E_SCALE=full)."""
import os
import random
import signal
import subprocess
import sys
import time

import e2e

ROUNDS = int(os.environ.get("ALCM_CRASH_ROUNDS", "200" if e2e.FULL else "10"))
N_WRITERS = 4
SEED = int(os.environ.get("ALCM_CRASH_SEED", "1"))


def content(writer, version, n):
    """Bytes of a file: its header says a size, each 8 bytes after it who wrote them, and where."""
    import numpy as np

    head = e2e.npy(10)[:128]
    body = np.arange(n // 8, dtype="u8") | np.uint64((writer * 1000 + version) << 40)
    return head + body.tobytes()


def writer(index, seed):
    """Save files for ever; say on stdout what is promised. Ends when the mount is gone."""
    rng = random.Random(seed)
    os.chdir(e2e.MNT)  # by its path we would go on in the empty directory below it
    version = 0
    while True:
        version += 1
        kind = rng.choice(("save", "rename", "append", "rewrite"))
        name = f"{index}-{rng.randrange(6)}-{kind}.npy"
        n = rng.randrange(1, 100) * 8192
        data = content(index, version, n)
        print("begin", e2e.m(name), version, n, flush=True)
        if kind == "rename":
            write_all(name + ".tmp", os.O_TRUNC, data, rng)
            os.rename(name + ".tmp", name)
            folder = os.open(".", os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        elif kind == "append":
            if os.path.exists(name):
                os.unlink(name)
            for cut in range(0, len(data), len(data) // 5 + 1):
                write_all(name, os.O_APPEND, data[cut : cut + len(data) // 5 + 1], rng)
        elif kind == "rewrite":
            write_all(name, 0, data, rng)
            os.truncate(name, len(data))
            fd = os.open(name, os.O_RDWR)
            os.fsync(fd)
            os.close(fd)
        else:
            write_all(name, os.O_TRUNC, data, rng)
        print("done", e2e.m(name), version, n, flush=True)


def write_all(name, flags, data, rng):
    fd = os.open(name, os.O_RDWR | os.O_CREAT | flags, 0o644)
    at = 0
    while at < len(data):
        at += os.write(fd, data[at : at + rng.randrange(1, 200_000)])
    os.fsync(fd)
    os.close(fd)


def verify(promises, started):
    """promises: name -> (writer, version, n) last fsynced; started: what has been begun since."""
    for name in sorted(os.listdir(e2e.MNT)):
        path = e2e.m(name)
        index = int(name.split("-")[0])
        key = path.removesuffix(".tmp")
        possible = [content(index, version, n) for version, n in started.get(key, [])]
        promised = promises.get(path)
        got = e2e.read(path)
        if promised and not started.get(path):
            e2e.equal(got, content(index, *promised), f"{name}: fsynced")
            continue
        if promised:
            possible.append(content(index, *promised))
        kind = key.rpartition("-")[2]
        if kind == "rename.npy" and path == key:
            assert got in possible, f"{name}: {len(got)} bytes, renamed before it was complete"
        elif kind != "rewrite.npy":
            assert any(got == p[: len(got)] for p in possible), f"{name}: no prefix of any state"
            continue
        # rewritten in place: every 8 bytes are those of one of the states, or of a hole
        for at in range(0, len(got), 8192):
            piece = got[at : at + 8192]
            if any(piece == p[at : at + len(piece)] for p in possible):
                continue
            for i in range(0, len(piece), 8):
                eight = piece[i : i + 8]
                assert any(eight == p[at + i : at + i + len(eight)] for p in possible) or not any(
                    eight), f"{name}: bytes at {at + i} are nobody's: {eight!r}"
    for path, promised in promises.items():
        if not started.get(path) and promised:
            assert os.path.exists(path), f"{path} was fsynced and is gone"


def one_round(number, promises):
    rng = random.Random(SEED * 100_000 + number)
    env = dict(os.environ)
    command = [sys.executable, os.path.abspath(__file__), "--writer"]
    writers = [subprocess.Popen([*command, str(i), str(rng.random())], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
               for i in range(N_WRITERS)]
    for process in writers:  # wait for life, then for a random moment: that is the point here
        os.set_blocking(process.stdout.fileno(), False)
    said = [b""] * N_WRITERS
    deadline = time.monotonic() + 30
    while not all(b"begin" in text for text in said) and time.monotonic() < deadline:
        for i, process in enumerate(writers):
            said[i] += process.stdout.read() or b""
        time.sleep(0.005)
    time.sleep(rng.random() * 0.6)
    e2e.kill_daemon(signal.SIGKILL)
    started = {}
    for i, process in enumerate(writers):
        process.wait(30)
        os.set_blocking(process.stdout.fileno(), True)
        said[i] += process.stdout.read() or b""
        for line in said[i].decode().splitlines():
            word, name, version, n = line.split()
            if word == "begin":
                started.setdefault(name, []).append((int(version), int(n)))
            else:
                promises[name] = (int(version), int(n))
                started.pop(name)
    return started


def main():
    n_done = 0
    for number in range(ROUNDS):
        promises = {}
        started = one_round(number, promises)
        n_done += len(promises)
        checked = subprocess.run([e2e.ALCM, "check", e2e.STORE], capture_output=True, text=True)
        if checked.returncode != 0:
            repaired = subprocess.run([e2e.ALCM, "check", "--repair", e2e.STORE],
                                      capture_output=True, text=True)
            e2e.equal(repaired.returncode, 4, f"round {number}: {checked.stdout}{checked.stderr}"
                      f"{repaired.stdout}{repaired.stderr}")
        e2e.mount()
        try:
            verify(promises, started)
        except (AssertionError, OSError) as error:
            raise AssertionError(f"round {number} (ALCM_CRASH_SEED={SEED}): {error}") from None
        # the next round starts from nothing
        for name in os.listdir(e2e.MNT):
            os.unlink(e2e.m(name))
    print(f"{ROUNDS} rounds, {n_done} files fsynced")
    assert n_done >= ROUNDS, "the writers hardly got anything done"


if sys.argv[1:2] == ["--writer"]:
    try:
        writer(int(sys.argv[2]), sys.argv[3])
    except OSError:
        sys.exit(0)
else:
    main()
