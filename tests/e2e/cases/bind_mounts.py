# SPDX-License-Identifier: MIT
# needs: root
"""A directory or a file of a mount that is bind-mounted elsewhere, as into a container: every command says of it what it
says of it in the mount, though no .alcm is in sight. So does a subdirectory that is named for itself."""
import json
import os
import shutil
import subprocess

import containers
import e2e


def run(verb, *args):
    done = subprocess.run([e2e.ALCM, verb, *args], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def bind(what, where):
    subprocess.run(["mount", "--bind", what, where], check=True)


def says(path):
    """What the commands say of a path, without what depends on its name and on the moment."""
    code, text, error = run("report", "--json", path)
    e2e.equal((code, error), (0, ""), "report")
    report = json.loads(text)
    for row in report["files"]:
        row["path"] = os.path.basename(row["path"]) if os.path.isdir(path) else ""
    return report["all"], report["files"], run("du", "--json", path), run("info", "--json", path)[:2]


def check_top(bound):
    code, text, error = run("top", "--count", "1", bound)
    assert code == 0 and "compressed" in text, error


def check(bound, path):
    assert says(bound) == says(path), f"{path}: {says(bound)}, and in the mount {says(path)}"
    code, _, error = run("estimate", bound)
    assert code == 1 and "is inside a mount" in error, error
    code, _, error = run("pack", "-r", bound)
    assert code == 1 and "is inside a mount" in error, error


os.makedirs(e2e.m("run/deep"))
os.setxattr(e2e.m("run/deep"), "user.alcm.profile", b"paper")
# A report longer than an attribute can be.
tensors = {f"{'layer' * 12}.{k:02}.{'weight' * 5}": containers.weights((64, 32), "f8", seed=k) for k in range(60)}
e2e.write(e2e.m("run/many.safetensors"), containers.safetensors(tensors))
e2e.write(e2e.m("run/w.npy"), e2e.npy(100_000))
e2e.write(e2e.m("run/deep/v.npy"), e2e.npy(50_000))
e2e.write(e2e.m("run/notes.txt"), b"text" * 2000)
os.mkdir(e2e.WORK + "/bound")
with open(e2e.WORK + "/one", "wb"):
    pass

# Nothing of this needs reports in the store, or makes any.
e2e.remount()
shutil.rmtree(e2e.s(".alcm/caq/run"))
bind(e2e.m("run"), e2e.WORK + "/bound")
assert not os.path.exists(e2e.WORK + "/bound/.alcm")
du = json.loads(run("du", "--json", e2e.WORK + "/bound")[1])
e2e.equal((du["all"]["files"], len(du["codecs"]) > 1), (4, True), "du of the bind mount")
assert not os.path.exists(e2e.s(".alcm/caq/run")), "du made reports"
check(e2e.WORK + "/bound", e2e.m("run"))
check_top(e2e.WORK + "/bound")
found = json.loads(run("info", "--json", e2e.WORK + "/bound/w.npy")[1])
e2e.equal(found["file"]["name"], "run/w.npy", "the name in the report")
e2e.equal(json.loads(e2e.read(e2e.m(".alcm/caq/run/w.npy.json"))), found, "the same as the report in .alcm")
assert len(run("info", "--json", e2e.WORK + "/bound/many.safetensors")[1]) > 1 << 16, "the report isn't long"
for name in ("w.npy", "many.safetensors", "notes.txt"):
    bind(e2e.m("run/" + name), e2e.WORK + "/one")
    check(e2e.WORK + "/one", e2e.m("run/" + name))
    if name == "w.npy":
        check_top(e2e.WORK + "/one")
    subprocess.run(["umount", e2e.WORK + "/one"], check=True)

# What is rewritten, renamed and unlinked is told at once.
e2e.write(e2e.WORK + "/bound/w.npy", e2e.npy(70_000, "f2"))
os.rename(e2e.WORK + "/bound/deep/v.npy", e2e.WORK + "/bound/u.npy")
os.unlink(e2e.WORK + "/bound/many.safetensors")
check(e2e.WORK + "/bound", e2e.m("run"))
found = json.loads(run("info", "--json", e2e.WORK + "/bound/w.npy")[1])
e2e.equal(found["file"]["dtype"], "<f2", "rewritten")
found = json.loads(run("info", "--json", e2e.WORK + "/bound/u.npy")[1])
e2e.equal(found["file"]["name"], "run/u.npy", "renamed")

# The scheduler of a directory.
e2e.write(e2e.m("run/deep/x.npy"), e2e.npy((200, 250)))
bind(e2e.m("run/deep"), e2e.WORK + "/bound/deep")
check(e2e.WORK + "/bound/deep", e2e.m("run/deep"))
assert json.loads(run("info", "--json", e2e.WORK + "/bound/deep")[1])["scheduler"], "the scheduler's state"
subprocess.run(["umount", e2e.WORK + "/bound/deep"], check=True)
subprocess.run(["umount", e2e.WORK + "/bound"], check=True)
