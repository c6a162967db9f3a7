# SPDX-License-Identifier: MIT
# mount: no
# timeout: 600
"""Many at once: 1,000 files, written by 64 processes that have theirs open all at the same time; then thousands
of files open in one process, some half written. Each with the default budget and with budget=32.

10,000 open files with E2E_SCALE=full."""
import json
import os
import random
import resource
import sys

import e2e

N_PROCESSES, N_FILES = 64, 200 if e2e.SANITIZED else 1000
N_OPEN = 10_000 if e2e.FULL else 500
FILE_BYTES = 300_000 if e2e.FULL else 60_000

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard != resource.RLIM_INFINITY and hard < N_OPEN + 100:
    if not e2e.IS_ROOT:
        e2e.skip(f"this process may open only {hard} files itself")
    hard = N_OPEN + 1000
resource.setrlimit(resource.RLIMIT_NOFILE, (N_OPEN + 100, hard))

NOISE = random.Random(1).randbytes(FILE_BYTES)
HEADER = e2e.npy(10)[:128]


def content(number):
    """What file `number` holds: no two are the same, and every second one is a tensor."""
    start = number * 97 % len(NOISE)
    body = NOISE[start:] + NOISE[:start]
    return (HEADER if number % 2 else b"no tensor") + number.to_bytes(8, "little") + body


def write_share(process):
    """This process's files, all open, piece by piece in turns."""
    mine = range(process, N_FILES, N_PROCESSES)
    files = {number: open(e2e.m(f"{number}.npy"), "wb", buffering=0) for number in mine}
    for at in range(0, FILE_BYTES + 200, 30_000):
        for number, f in files.items():
            piece = content(number)[at : at + 30_000]
            while piece:
                piece = piece[f.write(piece) :]
    for f in files.values():
        if f.fileno() % 3 == 0:
            os.fsync(f.fileno())
        f.close()


def written_at_once():
    pids = []
    for process in range(N_PROCESSES):
        pid = os.fork()
        if not pid:
            status = 1
            try:
                write_share(process)
                status = 0
            finally:
                os._exit(status)
        pids.append(pid)
    e2e.equal([os.waitpid(pid, 0)[1] for pid in pids], [0] * N_PROCESSES, "the writers' ends")
    for number in range(N_FILES):
        e2e.equal(e2e.read(e2e.m(f"{number}.npy")), content(number), f"file {number}")


def open_at_once():
    """Held open: written in full, in part, and to be written later."""
    files = []
    for number in range(N_OPEN):
        f = open(e2e.m(f"open{number}.npy"), "w+b", buffering=0)
        files.append(f)
        if number % 3:
            f.write(content(number)[: 20_000 if number % 3 == 1 else 3_000])
    for number, f in enumerate(files):
        want = content(number)[: (0, 20_000, 3_000)[number % 3]]
        e2e.equal(os.pread(f.fileno(), 30_000, 0), want, f"open file {number}")
        f.write(content(number)[len(want) : 25_000])
    for f in files:
        f.close()
    for number in range(0, N_OPEN, 7):
        e2e.equal(e2e.read(e2e.m(f"open{number}.npy")), content(number)[:25_000], f"file {number}, closed")


def figures(what, budget):
    values = json.loads(e2e.read(e2e.m(".alcm/stats")))["values"]
    with open(f"/proc/{e2e.daemon_pid()}/status", encoding="ascii") as f:
        peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    print(f"{what}, budget {budget} MiB: peak {peak >> 10} MiB, of it buffers {int(values['budget_peak_bytes']) >> 20} "
          f"MiB; {int(values['descriptors'])} descriptors", flush=True)
    assert values["budget_peak_bytes"] <= budget << 20, values


def clear():
    for name in os.listdir(e2e.MNT):
        os.unlink(e2e.m(name))


for budget in (256, 32):
    e2e.mount(f"budget={budget}")
    written_at_once()
    figures(f"{N_FILES} files by {N_PROCESSES} processes", budget)
    clear()
    open_at_once()
    figures(f"{N_OPEN} open files", budget)
    clear()
    e2e.unmount()
sys.exit(0)
