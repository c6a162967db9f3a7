# SPDX-License-Identifier: MIT
# also: user
"""Names of up to 255 bytes, and "summary": each has its report, which follows the file, is found by every reader and
made anew when it is lost."""
import glob
import json
import os
import shutil
import subprocess

import e2e

DATA = e2e.npy(60_000)


def alcm(*args):
    done = subprocess.run([e2e.ALCM, *args], capture_output=True, text=True)
    e2e.equal((done.returncode, done.stderr), (0, ""), f"alcm {args[0]}")
    return done.stdout


def sidecars(folder):
    """What the reports in the mount say whose they are, by the name that each has."""
    paths = glob.glob(os.path.join(glob.escape(e2e.m(f".alcm/caq/{folder}")), "*.json"))
    paths = [p for p in paths if os.path.basename(p) != "summary.json"]
    return sorted(json.loads(e2e.read(p))["file"]["name"] for p in paths)


def check(names, when):
    """Each file of run/ has a report and is in every sum, and nothing else has."""
    paths = sorted(f"run/{n}" for n in names)
    e2e.equal(sidecars("run"), paths, f"{when}: reports")
    e2e.equal(json.loads(e2e.read(e2e.m(".alcm/caq/run/summary.json")))["total"]["files"], len(names),
              f"{when}: summary")
    for path in paths:
        e2e.equal(e2e.read(e2e.m(path)), DATA, f"{when}: data")
        by_info = json.loads(alcm("info", "--json", e2e.m(path)))
        e2e.equal(by_info["file"]["name"], path, f"{when}: alcm info")
        e2e.equal(float(os.getxattr(e2e.m(path), "user.alcm.ratio")),
                  float(f"{by_info['result']['ratio']:.6g}"), f"{when}: xattr")
    rows = json.loads(alcm("report", "--json", e2e.m("run")))["files"]
    e2e.equal(["codec" in r for r in rows], [True] * len(names), f"{when}: alcm report")


def name(byte, n):
    return byte * (n // len(byte.encode())) + "." * (n % len(byte.encode()))


names = [name("n", k) for k in (249, 250, 251, 255)] + [name("€", 255), "summary"]
os.mkdir(e2e.m("run"))
for n in names:
    e2e.write(e2e.m(f"run/{n}"), DATA)
check(names, "saved")

moved = [name("m", 253), "short", name("o", 255)]
os.rename(e2e.m(f"run/{names[3]}"), e2e.m(f"run/{moved[0]}"))
os.rename(e2e.m(f"run/{names[2]}"), e2e.m(f"run/{moved[1]}"))
os.rename(e2e.m(f"run/{names[0]}"), e2e.m(f"run/{moved[2]}"))
names = [names[1], *names[4:], *moved]
check(names, "renamed")
os.rename(e2e.m("run"), e2e.m("walk"))
os.rename(e2e.m("walk"), e2e.m("run"))
check(names, "directory renamed")
os.unlink(e2e.m(f"run/{moved[0]}"))
names.remove(moved[0])
check(names, "removed")
os.link(e2e.m(f"run/{moved[2]}"), e2e.m("run/" + name("l", 254)))
os.unlink(e2e.m(f"run/{moved[2]}"))
names[names.index(moved[2])] = name("l", 254)
for n in names:  # a report belongs to the name by which somebody asks for it
    json.loads(alcm("info", "--json", e2e.m(f"run/{n}")))
check(names, "linked")

# Asked for by its name when it is lost.
lost = [os.path.basename(p) for p in glob.glob(os.path.join(e2e.s(".alcm/caq/run"), "*.json"))]
e2e.unmount()
shutil.rmtree(e2e.s(".alcm/caq"))
e2e.mount()
for n in lost:
    if n != "summary.json":
        e2e.read(e2e.m(f".alcm/caq/run/{n}"))
check(names, "lost")

# And without the mount.
e2e.unmount()
shutil.rmtree(e2e.s(".alcm/caq"))
done = subprocess.run([e2e.ALCM, "check", "--repair", e2e.STORE], capture_output=True, text=True)
e2e.equal((done.returncode, done.stderr), (4, ""), f"alcm check --repair: {done.stdout}")
e2e.equal(len(glob.glob(os.path.join(e2e.s(".alcm/caq/run"), "*.json"))), len(names), "written by alcm check")
alcm("check", e2e.STORE)
alcm("unpack", "-r", e2e.STORE)
e2e.equal(glob.glob(os.path.join(e2e.s(".alcm/caq/run"), "*.json")), [], "after alcm unpack")
alcm("pack", "-r", e2e.STORE)
alcm("check", e2e.STORE)
e2e.mount()
check(names, "packed")
shutil.rmtree(e2e.m("run"))
assert not os.path.exists(e2e.s(".alcm/caq/run")), "reports of what is gone"
e2e.equal(e2e.log_text(), "", "the log")
