# SPDX-License-Identifier: MIT
# timeout: 600
"""The crash driver: several processes write known content, with fsync and without; the daemon is killed
(kill -9) at a random moment. What was acknowledged, by fsync or by close, is intact; everything else is absent
or a state that the program had written; `alcm check` is content.

ALCM_CRASH_ROUNDS rounds (10; 1,000 with E2E_SCALE=full, and E2E_TIMEOUT), seed ALCM_CRASH_SEED."""
import array
import errno
import os
import random
import signal
import subprocess
import sys
import time

import e2e

ROUNDS = int(os.environ.get("ALCM_CRASH_ROUNDS", "1000" if e2e.FULL else "10"))
N_WRITERS = 4
SEED = int(os.environ.get("ALCM_CRASH_SEED", "1"))


NPY_HEADER = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (10,), }".ljust(117) + b"\n"
KINDS = ("save", "replace", "rename", "append", "rewrite", "truncate", "plain", "plain_rewrite")
FROM_NOTHING = ("save", "replace", "append", "truncate")  # a new version of these is a first save


def content(writer, version, n, kind):
    """Bytes of a file: its header says a size, each 8 bytes after it who wrote them, and where."""
    head = b"no tensor\n".rjust(128) if kind.startswith("plain") else NPY_HEADER
    first = (writer * 1000 + version) << 40
    return head + array.array("Q", range(first, first + n // 8)).tobytes()


def cut_size(data):
    """What kind "truncate" leaves of a file."""
    return len(data) // 3


def writer(index, seed):
    """Change files for ever; say on stdout what is promised. Ends when the mount is gone."""
    rng = random.Random(seed)
    os.chdir(e2e.MNT)  # by its path we would go on in the empty directory below it
    version = 0
    while True:
        version += 1
        kind = rng.choice(KINDS)
        name = f"{index}-{rng.randrange(4)}-{kind}"
        n = rng.randrange(1, 100) * 8192
        print("begin", e2e.m(name), version, n, flush=True)
        change(name, kind, content(index, version, n, kind), rng)
        print("done", e2e.m(name), version, n, flush=True)


def change(name, kind, data, rng):
    if kind == "rename":
        write_all(name + ".tmp", os.O_TRUNC, data, rng)
        os.rename(name + ".tmp", name)
    elif kind == "append":
        if os.path.exists(name):
            os.unlink(name)
        for cut in range(0, len(data), len(data) // 5 + 1):
            write_all(name, os.O_APPEND, data[cut : cut + len(data) // 5 + 1], rng)
    elif kind in ("rewrite", "plain_rewrite"):
        write_all(name, 0, data, rng)
        os.truncate(name, len(data))
    elif kind == "truncate":
        write_all(name, os.O_TRUNC, data, rng)
        os.truncate(name, cut_size(data))
    elif kind == "replace":
        if os.path.exists(name):
            os.unlink(name)
        write_all(name, os.O_EXCL, data, rng)
    else:
        write_all(name, os.O_TRUNC, data, rng)


def write_all(name, flags, data, rng):
    fd = os.open(name, os.O_RDWR | os.O_CREAT | flags, 0o644)
    at = 0
    while at < len(data):
        at += os.write(fd, data[at : at + rng.randrange(1, 200_000)])
    if rng.random() < 0.5:
        os.fsync(fd)
    os.close(fd)


def promised_content(index, version, n, kind):
    data = content(index, version, n, kind)
    return data[: cut_size(data)] if kind == "truncate" else data


def verify(promises, started):
    """promises: name -> (version, n) last acknowledged; started: what has been begun since."""
    for name in sorted(os.listdir(e2e.MNT)):
        path = e2e.m(name)
        index, _, kind = name.removesuffix(".tmp").split("-")
        key = path.removesuffix(".tmp")
        possible = [content(int(index), version, n, kind) for version, n in started.get(key, [])]
        promised = promises.get(path)
        try:
            got = e2e.read(path)
        except OSError as error:
            # A first save that never got to its close has no state to show.
            if error.errno != errno.EIO or not possible or (promised and kind not in FROM_NOTHING):
                raise
            continue
        if promised and not started.get(path):
            e2e.equal(got, promised_content(int(index), *promised, kind), f"{name}: acknowledged")
            continue
        if promised:
            possible.append(promised_content(int(index), *promised, kind))
        if kind == "rename" and path == key:
            assert got in possible, f"{name}: {len(got)} bytes, renamed before it was complete"
        elif not kind.endswith("rewrite"):
            assert any(got == p[: len(got)] for p in possible), f"{name}: no prefix of any state"
        else:
            check_mixed(name, got, possible)
    for path, promised in promises.items():
        if not started.get(path) and promised:
            assert os.path.exists(path), f"{path} was acknowledged and is gone"


def check_mixed(name, got, possible):
    """Rewritten in place: every 8 bytes are those of one of the states, or of a hole."""
    for at in range(0, len(got), 8192):
        piece = got[at : at + 8192]
        if any(piece == p[at : at + len(piece)] for p in possible):
            continue
        for i in range(0, len(piece), 8):
            eight = piece[i : i + 8]
            assert any(eight == p[at + i : at + i + len(eight)] for p in possible) or not any(
                eight), f"{name}: bytes at {at + i} are nobody's: {eight!r}"


def one_round(number, promises):
    rng = random.Random(SEED * 100_000 + number)
    env = dict(os.environ)
    command = [sys.executable, os.path.abspath(__file__), "--writer"]
    writers = [subprocess.Popen([*command, str(i), str(rng.random())], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
               for i in range(N_WRITERS)]
    for process in writers:
        os.set_blocking(process.stdout.fileno(), False)
    said = [b""] * N_WRITERS

    def hear(n_done):
        for i, process in enumerate(writers):
            said[i] += process.stdout.read() or b""
        return all(b"begin" in text for text in said) and sum(t.count(b"done") for t in said) >= n_done

    # all are alive and some things done; then a random moment, which is the point here
    goal = rng.randrange(12)
    e2e.wait_until(lambda: hear(goal), "the writers' beginning", 60)
    time.sleep(rng.random() * 0.05)
    e2e.kill_daemon(signal.SIGKILL)
    started = {}
    for i, process in enumerate(writers):
        e2e.equal(process.wait(30), 0, "how a writer ended")
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
    print(f"{ROUNDS} rounds, {n_done} files acknowledged")
    assert n_done >= ROUNDS, "the writers hardly got anything done"


if sys.argv[1:2] == ["--writer"]:
    try:
        writer(int(sys.argv[2]), sys.argv[3])
    except OSError as error:
        # the mount is gone; anything else should not have happened
        sys.exit(0 if error.errno in (errno.ENOTCONN, errno.ECONNABORTED, errno.EIO) else 1)
else:
    main()
