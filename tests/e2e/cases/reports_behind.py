# SPDX-License-Identifier: MIT
# also: user
"""Reports are written behind the closes, and nobody sees that through the mount: single ones, lists and sums are right at once,
after renames and removals too, the store has all of them after an unmount, and a crash loses none for good."""
import json
import os
import signal
import threading

import e2e

N = 60
small = e2e.npy(1500)


def stored(folder):
    """The files of the store's folder that have reports there."""
    try:
        return sorted(n[:-5] for n in os.listdir(e2e.s(".alcm/caq/" + folder)) if n != "summary.json" and n[0] != ".")
    except FileNotFoundError:
        return []


def listed(folder):
    return sorted(n[:-5] for n in os.listdir(e2e.m(".alcm/caq/" + folder)) if n != "summary.json" and n[0] != ".")


def report(name, top=None):
    return json.loads(e2e.read(os.path.join(top or e2e.MNT, f".alcm/caq/{name}.json")))


def save(folder, n=N):
    os.mkdir(e2e.m(folder))
    for k in range(n):
        e2e.write(e2e.m(f"{folder}/{k:03}"), small)
    return sorted(f"{k:03}" for k in range(n))


# The very first one, with nothing in .alcm yet.
e2e.write(e2e.m("first.npy"), small)
e2e.equal(report("first.npy")["file"]["name"], "first.npy", "the first report")
# A close doesn't wait for it; where nobody asks, it comes by itself.
names = save("alone")
assert any(len(stored(f"try{k}")) < len(save(f"try{k}", 5)) for k in range(20)), "each close wrote a report"
e2e.wait_until(lambda: stored("alone") == names, "the reports in the store")
# Lists and sums wait for what is due.
names = save("list")
e2e.equal(listed("list"), names, "a list at once")
names = save("sum")
e2e.equal(json.loads(e2e.read(e2e.m(".alcm/caq/sum/summary.json")))["here"]["files"], N, "a sum at once")

# Renamed, removed, replaced and made text before their turn.
save("change", 10)
os.rename(e2e.m("change/000"), e2e.m("change/moved"))
os.unlink(e2e.m("change/001"))
e2e.write(e2e.m("change/new"), e2e.npy(2000, "f8"))
os.replace(e2e.m("change/new"), e2e.m("change/002"))
os.link(e2e.m("change/003"), e2e.m("change/link"))
os.unlink(e2e.m("change/003"))
e2e.write(e2e.m("change/004"), b"text" * 3000)
e2e.write(e2e.m("change/005"), e2e.npy(3000, "f2"))
os.rename(e2e.m("change"), e2e.m("changed"))
now = ["002", "005", "006", "007", "008", "009", "moved"]
e2e.equal([n for n in listed("changed") if n != "link"], now, "after changes")
e2e.equal(report("changed/002")["file"]["dtype"], "<f8", "replaced")
e2e.equal(report("changed/005")["file"]["dtype"], "<f2", "rewritten")
e2e.equal(report("changed/moved")["file"]["name"], "changed/moved", "renamed")
assert not os.path.exists(e2e.s(".alcm/caq/change")), "the old directory's reports"

# All are there after an unmount, and right.
save("late")
os.rename(e2e.m("late/000"), e2e.m("late/x"))
e2e.unmount()
e2e.equal(stored("late"), [f"{k:03}" for k in range(1, N)] + ["x"], "in the store after the unmount")
e2e.equal(report("late/x", e2e.STORE)["file"]["name"], "late/x", "the one that was renamed")
e2e.equal(json.loads(e2e.read(e2e.s(".alcm/caq/late/summary.json")))["here"]["files"], N, "the sum after the unmount")

# A crash: who asks has them.
e2e.mount()
names = save("crash")
e2e.kill_daemon(signal.SIGKILL)
e2e.mount()
for name in names:
    e2e.equal(report("crash/" + name)["file"]["name"], "crash/" + name, "after a crash")

# Threads that save, rename, remove and look at once; what stays has a report of its name in the end.
os.mkdir(e2e.m("busy"))


def work(k):
    for n in range(40):
        path = e2e.m(f"busy/{k}.{n}")
        e2e.write(path, small)
        if n % 4 == 1:
            os.rename(path, path + ".r")
        elif n % 4 == 2:
            os.unlink(path)
        elif n % 4 == 3:
            os.replace(path, e2e.m(f"busy/{k}.{n - 1}"))
        if n % 10 == 9:
            listed("busy")


threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
e2e.unmount()
e2e.equal(stored("busy"), sorted(os.listdir(e2e.s("busy"))), "in the end")
for name in stored("busy"):
    e2e.equal(report("busy/" + name, e2e.STORE)["file"]["name"], "busy/" + name, "the name")
e2e.mount()
