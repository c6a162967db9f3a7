# SPDX-License-Identifier: MIT
# also: user
"""summary.json of a directory adds up its reports: at once through the mount, soon in the store, right after every
change, and right when reports changed while nothing was mounted."""
import json
import os
import shutil
import subprocess
import threading

import e2e

def report(name):
    return json.loads(e2e.read(e2e.m(f".alcm/caq/{name}.json")))

def summary(folder, top=None):
    found = json.loads(e2e.read(os.path.join(top or e2e.MNT, ".alcm/caq", folder, "summary.json")))
    e2e.validate(found, "summary")
    return found

def check(folder, here, below, when):
    """The summary holds just these files' reports."""
    found = summary(folder)
    for key, names in (("here", here), ("total", here + below)):
        reports = [report(name) for name in names]
        sums = found[key]
        e2e.equal(sums["files"], len(names), f"{folder} {when}: {key} files")
        logical = sum(r["file"]["logical_size"] for r in reports)
        stored = sum(r["blob"]["stored_size"] for r in reports)
        cpu = sum(r["result"]["cpu_seconds"] for r in reports)
        e2e.equal((sums["logical_bytes"], sums["stored_bytes"]), (logical, stored), f"{folder} {when}: {key}")
        assert abs(sums["cpu_seconds"] - cpu) < 1e-9, (sums, cpu)
        if names:
            assert abs(sums["caq"] - logical / stored / (cpu + 1)) < 1e-9, sums
            assert abs(sums["ratio"] - logical / stored) < 1e-9, sums

assert not os.path.exists(e2e.m(".alcm/caq/summary.json")), "a summary of nothing"
os.makedirs(e2e.m("run/deep"))
for k, name in enumerate(("a.npy", "run/b.npy", "run/c.npy", "run/deep/d.npy")):
    e2e.write(e2e.m(name), e2e.npy(40_000 + 10_000 * k, seed=k))
e2e.write(e2e.m("run/notes"), b"text" * 5000)
check("", ["a.npy"], ["run/b.npy", "run/c.npy", "run/deep/d.npy"], "saved")
check("run", ["run/b.npy", "run/c.npy"], ["run/deep/d.npy"], "saved")
check("run/deep", ["run/deep/d.npy"], [], "saved")

e2e.write(e2e.m("run/b.npy"), e2e.npy(123_456, "f2"))
check("run", ["run/b.npy", "run/c.npy"], ["run/deep/d.npy"], "rewritten")
os.unlink(e2e.m("run/c.npy"))
check("", ["a.npy"], ["run/b.npy", "run/deep/d.npy"], "removed")
os.rename(e2e.m("run/b.npy"), e2e.m("b.npy"))
check("run", [], ["run/deep/d.npy"], "moved away")
check("", ["a.npy", "b.npy"], ["run/deep/d.npy"], "moved here")
os.rename(e2e.m("run"), e2e.m("walk"))
check("walk", [], ["walk/deep/d.npy"], "directory renamed")
shutil.rmtree(e2e.m("walk"))
check("", ["a.npy", "b.npy"], [], "tree removed")
assert not os.path.exists(e2e.s(".alcm/caq/walk")), "its summary"

# In the store by itself, a while after the last change, and at the end.
os.mkdir(e2e.m("late"))
e2e.write(e2e.m("late/e.npy"), e2e.npy(50_000))
e2e.wait_until(lambda: os.path.exists(e2e.s(".alcm/caq/late/summary.json")), "the summary in the store")
e2e.write(e2e.m("late/f.npy"), e2e.npy(50_000))
e2e.unmount()
e2e.equal(summary("late", e2e.STORE)["here"]["files"], 2, "in the store at the end")
e2e.equal(summary("", e2e.STORE)["total"]["files"], 4, "of all, in the store at the end")

# What changes without a mount takes the summary away.
subprocess.run([e2e.ALCM, "unpack", e2e.s("late/e.npy")], check=True, capture_output=True)
assert not os.path.exists(e2e.s(".alcm/caq/summary.json")), "a summary that is not right any more"
e2e.mount()
check("late", ["late/f.npy"], [], "unpacked below the mount")

# While eight threads save and remove, whoever looks gets a summary, and in the end it is right.

def save(k):
    for n in range(15):
        e2e.write(e2e.m(f"late/t{k}.npy"), e2e.npy(3000 + n, seed=k))
        if n % 3 == 1:
            os.unlink(e2e.m(f"late/t{k}.npy"))

threads = [threading.Thread(target=save, args=(k,)) for k in range(8)]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    try:
        summary("late")
    except FileNotFoundError:  # they change faster than it can be added up
        pass
for thread in threads:
    thread.join()
check("late", ["late/f.npy", *(f"late/t{k}.npy" for k in range(8))], [], "after many changes at once")

# A file called "summary" keeps its data; the summary is the directory's (its report: long_names.py).
e2e.write(e2e.m("late/summary"), e2e.npy(9000))
e2e.equal(e2e.read(e2e.m("late/summary")), e2e.npy(9000), "data")
e2e.equal(summary("late")["schema"], "alcm-summary/1", "still the directory's")
