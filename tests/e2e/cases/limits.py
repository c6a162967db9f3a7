# SPDX-License-Identifier: MIT
# mount: no
# also: user
"""Budget and threads follow what the process may have; what is asked for and doesn't fit is warned of."""
import json
import os
import subprocess
import sys

import e2e


def budget_mib():
    return json.loads(e2e.read(e2e.m(".alcm/stats")))["values"]["budget_limit_bytes"] >> 20


def n_threads():
    """The encoding threads, as the report of a save says."""
    e2e.write(e2e.m("threads.npy"), e2e.npy(300_000))
    return json.loads(e2e.read(e2e.m(".alcm/caq/threads.npy.json")))["result"]["threads"]


def warned():
    return "may be too large" in e2e.log_text()


def serves():
    data = e2e.npy(300_000)
    e2e.write(e2e.m("w.npy"), data)
    e2e.equal(e2e.read(e2e.m("w.npy")), data, "under a limit")


def v1_groups(mib=192):
    """A memory limit in a group above the daemon's, where groups can be made."""
    top = "/sys/fs/cgroup/memory"
    inner = f"{top}/alcm-e2e-{os.getpid()}/inner"
    try:
        os.makedirs(inner)
        with open(f"{os.path.dirname(inner)}/memory.limit_in_bytes", "w", encoding="ascii") as f:
            f.write(str(mib << 20))
    except OSError:
        return None
    return inner


if not e2e.SANITIZED:
    e2e.mount(prefix=("prlimit", f"--data={400 << 20}"))
    e2e.equal(budget_mib(), 100, "a quarter of the limit of data segments")
    serves()
    assert not warned(), e2e.log_text()
    e2e.unmount()

    e2e.mount("budget=390", prefix=("prlimit", f"--data={400 << 20}"))
    e2e.equal(budget_mib(), 390, "a budget that was asked for")
    assert warned(), e2e.log_text()
    e2e.unmount()

    # Too little even to start with: a reason is said, whatever it is that doesn't fit.
    for kib, way in ((512, ["-f"]), (1024, []), (2048, ["-f"]), (2048, []), (4096, [])):
        done = subprocess.run(["prlimit", f"--data={kib << 10}", e2e.ALCMFS, *way, e2e.STORE, e2e.MNT],
                              capture_output=True, text=True, check=False)
        if done.returncode == 127:
            continue  # not even the libraries could be loaded: the loader has said so
        e2e.equal(done.returncode, 1, f"status with {kib} KiB {way}")
        assert not e2e.is_mounted(), f"mounted with {kib} KiB {way}"
        assert "can't start" in done.stderr or "the mount ends" in done.stderr, (kib, done.stderr)

cpu = min(os.sched_getaffinity(0))
e2e.mount(prefix=("taskset", "-c", str(cpu)))
e2e.equal(n_threads(), 1, "threads on one CPU")
e2e.unmount()
e2e.mount("threads=3", prefix=("taskset", "-c", str(cpu)))
e2e.equal(n_threads(), 3, "threads that were asked for")
e2e.unmount()


def in_group(group, options, check):
    try:
        e2e.mount(options, prefix=("sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh"))
        check()
        e2e.unmount()
    finally:
        e2e.wait_until(lambda: subprocess.run(["rmdir", group, os.path.dirname(group)],
                                              capture_output=True).returncode == 0, "empty groups")


def quarter():
    e2e.equal(budget_mib(), 48, "a quarter of the memory of the group above")
    serves()


MAP = """
import mmap, sys
import numpy as np
a = np.lib.format.open_memmap(sys.argv[1], mode="w+", dtype="f4", shape=(8 << 20,))
for at in range(0, len(a), 1 << 20):
    a[at : at + (1 << 20)] = np.random.default_rng(at).standard_normal(1 << 20, "f4")
a.flush()
"""


def mapped_writers():
    """Their pages come back in many requests at once."""
    writers = [subprocess.Popen([sys.executable, "-c", MAP, e2e.m(f"mapped{i}.npy")]) for i in range(4)]
    e2e.equal([w.wait(60) for w in writers], [0] * 4, "writers of mapped files")


group = v1_groups() if e2e.IS_ROOT else None
if group:
    in_group(group, "", quarter)
    if not e2e.SANITIZED:
        in_group(v1_groups(28), "budget=8", mapped_writers)
