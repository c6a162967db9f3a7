# SPDX-License-Identifier: MIT
# mount: no
# needs: root
"""Processes save, load, change, rename and delete files and check every byte; at every rest all files go, and
the daemon must be back where it was: inodes, descriptors, chunk buffers and memory.

E2E_SOAK_SECONDS (4; give E2E_TIMEOUT too for long ones), E2E_SOAK_BUDGET (32 MiB). Samples are printed:
tests/e2e/run -v."""
import json
import os
import random
import signal
import subprocess
import sys
import time

import e2e
import numpy as np

SECONDS = int(os.environ.get("E2E_SOAK_SECONDS", "4"))
BUDGET_MIB = int(os.environ.get("E2E_SOAK_BUDGET", "32"))
REST_EVERY = max(2, min(300, SECONDS // 8))
N_WORKERS = 4
N_FILES = 24  # of one worker at a time
MAX_BYTES = 3 << 20
REST_KIB = 20 << 10  # at rest, above what it was before it all: idle threads of libfuse keep 1 MiB each
FLAT_KIB = 3 << 10  # at rest, above what it was at the first one: malloc's caches of threads fill slowly


# --- a worker -----------------------------------------------------------------------------------------


class Worker:
    def __init__(self, index, seed):
        self.rng = random.Random(seed)
        self.top = e2e.m(f"w{index}")
        self.noise = np.random.default_rng(index).standard_normal(MAX_BYTES // 4).astype("f4")
        self.files = {}  # name -> what it holds
        self.n = 0
        self.counts = {}

    def content(self):
        n = self.rng.choice((300, 5000, 70_000, 400_000, MAX_BYTES // 4))
        n = self.rng.randrange(n // 2, n)
        start = self.rng.randrange(MAX_BYTES // 4 - n + 1)
        values = self.noise[start : start + n] * np.float32(self.rng.random())
        if self.rng.random() < 0.2:
            return b"no tensor " * (n // 3)
        return e2e.npy(10)[:128] + values.tobytes()

    def name(self):
        self.n += 1
        return os.path.join(self.top, f"d{self.rng.randrange(4)}", f"step{self.n}")

    def write(self, path, data):
        with open(path, "wb", buffering=0) as f:
            at = 0
            while at < len(data):
                at += f.write(data[at : at + self.rng.choice((4096, 100_000, 1 << 20))])
            if self.rng.random() < 0.3:
                os.fsync(f.fileno())

    def save(self):
        path = self.name()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = self.content()
        self.write(path + ".tmp", data)
        os.rename(path + ".tmp", path)
        self.files[path] = data

    def replace(self):
        path = self.any()
        data = self.content()
        if self.rng.random() < 0.5:
            self.write(path, data)
        else:
            self.write(path + ".tmp", data)
            os.rename(path + ".tmp", path)
        self.files[path] = data

    def change(self):
        path = self.any()
        data = bytearray(self.files[path])
        with open(path, "r+b", buffering=0) as f:
            for _ in range(3):
                at = self.rng.randrange(128, len(data))
                piece = self.rng.randbytes(self.rng.randrange(1, 5000))
                assert os.pwrite(f.fileno(), piece, at) == len(piece)
                data[at : at + len(piece)] = piece
            if self.rng.random() < 0.3:
                size = self.rng.randrange(200, len(data) + 5000)
                os.ftruncate(f.fileno(), size)
                data = data[:size] + bytes(max(0, size - len(data)))
        self.files[path] = bytes(data)

    def load(self):
        path = self.any()
        reader = self.rng.choice(e2e.READERS[:2])
        e2e.equal(reader(path), self.files[path], path)

    def rename(self):
        path, new = self.any(), self.name()
        os.makedirs(os.path.dirname(new), exist_ok=True)
        os.rename(path, new)
        self.files[new] = self.files.pop(path)

    def delete(self):
        path = self.any()
        if self.rng.random() < 0.3:  # still open
            with open(path, "rb") as f:
                os.unlink(path)
                e2e.equal(f.read(), self.files[path], f"{path}, unlinked")
        else:
            os.unlink(path)
        del self.files[path]

    def look(self):
        for path in self.files:
            e2e.equal(os.stat(path).st_size, len(self.files[path]), f"{path}: size")
        report = os.path.join(e2e.MNT, ".alcm/caq", os.path.relpath(self.any(), e2e.MNT) + ".json")
        if os.path.exists(report):
            e2e.read(report)

    def any(self):
        return self.rng.choice(list(self.files))

    def step(self):
        if len(self.files) < 4:
            action = self.save
        elif len(self.files) > N_FILES:
            action = self.delete
        else:
            action = self.rng.choice((self.save, self.replace, self.change, self.change, self.load,
                                      self.load, self.rename, self.delete, self.look))
        try:
            action()
        except OSError as error:
            free = os.statvfs(e2e.STORE)
            raise RuntimeError(f"{error}, with {free.f_bavail * free.f_frsize >> 20} MiB free") from error
        self.counts[action.__name__] = self.counts.get(action.__name__, 0) + 1

    def clear(self):
        for path, data in self.files.items():
            e2e.equal(e2e.read(path), data, f"{path}, in the end")
            os.unlink(path)
        self.files = {}
        for name in os.listdir(self.top):
            os.rmdir(os.path.join(self.top, name))


def worker(index, seed):
    """Works from one line of stdin to the next, says what it did, and waits for another line."""
    me = Worker(index, seed)
    os.mkdir(me.top)
    while line := sys.stdin.readline():
        until = time.monotonic() + float(line)
        while time.monotonic() < until:
            me.step()
        me.clear()
        print(sum(me.counts.values()), flush=True)


# --- the daemon, seen from outside -----------------------------------------------------------------------


def memory(field):
    """In KiB, without a request that would end the daemon's rest."""
    with open(f"/proc/{e2e.daemon_pid()}/status", encoding="ascii") as f:
        return int(dict(line.split(":", 1) for line in f)[field].split()[0])


def daemon():
    stats = json.loads(e2e.read(os.path.join(e2e.MNT, ".alcm/stats")))["values"]
    return {"fds": int(stats["descriptors"]), "inodes": int(stats["inodes"]),
            "buffers": int(stats["budget_used_bytes"]), "buffers_peak": int(stats["budget_peak_bytes"])}


def forget_everything():
    """Have the kernel forget inodes of ours that nobody uses; wait until the daemon has heard of it."""

    def done():
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
            f.write("2")
        return daemon()["inodes"] <= 3  # the root, .alcm, and the file that says so

    e2e.wait_until(done, "the inodes to be forgotten")


def give_back(before, samples):
    """Wait until the daemon has given back what it needed for its work: that is flat, or this is in vain."""
    limit = before + REST_KIB
    if samples and SECONDS >= 60:
        limit = min(limit, samples[0]["rss"] + FLAT_KIB)
    if not e2e.SANITIZED:
        e2e.wait_until(lambda: memory("VmRSS") <= limit, f"the daemon's memory at rest: {before} KiB before, "
                       f"{[s['rss'] for s in samples]} at the rests so far, now {memory('VmRSS')} after the work")


def rest(samples, started, n_done, before):
    forget_everything()
    now = daemon()
    give_back(before, samples)
    now |= {"rss": memory("VmRSS"), "peak": memory("VmHWM")}
    samples.append(now)
    print(f"{time.monotonic() - started:6.0f} s {n_done:8} operations: RSS {now['rss']:7} KiB (peak "
          f"{now['peak']}), {now['fds']} descriptors of the store, {now['inodes']} inodes, {now['buffers']} bytes of "
          f"buffers (peak {now['buffers_peak']})", flush=True)


def verdict(samples):
    last = samples[-1]
    assert last["fds"] <= last["inodes"], f"descriptors grow: {[s['fds'] for s in samples]}"
    e2e.equal(last["buffers"], 0, "chunk buffers at rest")
    assert last["buffers_peak"] <= BUDGET_MIB << 20, f"{last['buffers_peak']} bytes of buffers"


def main():
    e2e.mount(f"budget={BUDGET_MIB}")
    command = [sys.executable, os.path.abspath(__file__), "--worker"]
    workers = [subprocess.Popen([*command, str(i), str(i)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True) for i in range(N_WORKERS)]
    started, before = time.monotonic(), memory("VmRSS")
    samples = []
    while time.monotonic() - started < SECONDS or len(samples) < 3:
        for process in workers:
            process.stdin.write(f"{1 if SECONDS < 10 else REST_EVERY}\n")
            process.stdin.flush()
        said = [process.stdout.readline() for process in workers]
        assert all(said), f"a worker gave up: {said}"
        rest(samples, started, sum(int(line) for line in said), before)
    for process in workers:
        process.stdin.close()
        e2e.equal(process.wait(30), 0, "a worker's end")
    verdict(samples)


if sys.argv[1:2] == ["--worker"]:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    worker(int(sys.argv[2]), int(sys.argv[3]))
else:
    main()
