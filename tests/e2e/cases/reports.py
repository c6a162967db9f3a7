# SPDX-License-Identifier: MIT
# also: user
"""alcm report, du and info say the same of a store and of its mount."""
import json
import os
import subprocess

import e2e


def run(*args):
    return subprocess.run([e2e.ALCM, *args], check=True, capture_output=True, text=True).stdout


def files(path):
    return {f["path"]: f for f in json.loads(run("report", "--json", path))["files"]}


os.mkdir(e2e.m("step1"))
e2e.write(e2e.m("step1/w.npy"), e2e.npy(150_000))
e2e.write(e2e.m("x.npy"), e2e.npy(20_000, "f8"))
e2e.write(e2e.m("notes.txt"), b"text")
mounted, below = files(e2e.m("")), files(e2e.m("step1"))
du = json.loads(run("du", "--json", e2e.m("")))
info = json.loads(run("info", "--json", e2e.m("step1/w.npy")))
e2e.equal(info["file"]["name"], "step1/w.npy", "name")
e2e.unmount()
stored = files(e2e.s(""))
e2e.equal(sorted(mounted), ["notes.txt", "step1/w.npy", "x.npy"], "files")
for name in mounted:
    for key in set(mounted[name]) - {"modified"}:
        e2e.equal(mounted[name][key], stored[name][key], f"{name}: {key}")
e2e.equal(below["w.npy"]["histogram"], mounted["step1/w.npy"]["histogram"], "below a directory")
e2e.equal(mounted["notes.txt"]["why_not_compressed"], "below min_size (4096 bytes)", "why")
e2e.equal(json.loads(run("du", "--json", e2e.s(""))), du, "du")
