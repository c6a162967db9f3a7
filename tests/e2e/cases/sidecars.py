# SPDX-License-Identifier: MIT
# also: user
"""A report is right when close() returns, follows renames, goes with its file, and can be lost."""
import json
import os
import shutil

import e2e

data = e2e.npy(150_000)


def report(name):
    return json.loads(e2e.read(e2e.m(f".alcm/caq/{name}.json")))


def validate(found, name, size):
    with open(os.path.join(e2e.TOP, "docs/report.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    for key in schema["required"]:
        assert key in found, f"{key} is missing"
    e2e.equal(found["file"]["name"], name, "name")
    e2e.equal(found["file"]["logical_size"], size, "size")
    blob, result = found["blob"], found["result"]
    e2e.equal(blob["stored_size"] + result["saved_bytes"], size, "saved bytes")
    assert abs(result["ratio"] - size / blob["stored_size"]) < 1e-6, result
    assert abs(result["caq"] - result["ratio"] / (result["cpu_seconds"] + 1)) < 1e-6, result
    e2e.need("jsonschema").validate(found, schema)


os.mkdir(e2e.m("run"))
e2e.write(e2e.m("run/w.npy"), data)
found = report("run/w.npy")  # at once: close() has made it final
validate(found, "run/w.npy", len(data))
e2e.equal((found["file"]["dtype"], found["file"]["shape"]), ("<f4", [150_000]), "what it is")

os.rename(e2e.m("run/w.npy"), e2e.m("v.npy"))
validate(report("v.npy"), "v.npy", len(data))
assert not os.path.exists(e2e.m(".alcm/caq/run/w.npy.json")), "the old name's report"
os.rename(e2e.m("v.npy"), e2e.m("run/v.npy"))
os.rename(e2e.m("run"), e2e.m("run2"))
validate(report("run2/v.npy"), "run2/v.npy", len(data))
assert not os.path.exists(e2e.m(".alcm/caq/run")), "the old directory's reports"

# A rewrite changes it, also one in place.
e2e.write(e2e.m("run2/v.npy"), e2e.npy(20_000, "f8"))
found = report("run2/v.npy")
e2e.equal((found["file"]["dtype"], found["file"]["shape"]), ("<f8", [20_000]), "rewritten")

# Lost or broken in the store: made anew when somebody asks.
e2e.unmount()
path = e2e.s(".alcm/caq/run2/v.npy.json")
original = e2e.read(path)
for how in ("removed", "all removed", "broken"):
    if how == "removed":
        os.unlink(path)
    elif how == "all removed":
        shutil.rmtree(e2e.s(".alcm/caq"))
    else:
        e2e.write(path, b"{ not json")
    e2e.mount()
    e2e.equal(report("run2/v.npy"), json.loads(original), how)
    e2e.unmount()
e2e.mount()
e2e.equal(e2e.read(e2e.m("run2/v.npy")), e2e.npy(20_000, "f8"), "data")

os.unlink(e2e.m("run2/v.npy"))
assert not os.path.exists(e2e.m(".alcm/caq/run2/v.npy.json")), "report of a file that is gone"
# No tensor, no report; a tensor that becomes text loses it.
e2e.write(e2e.m("text"), b"text" * 10_000)
assert not os.path.exists(e2e.m(".alcm/caq/text.json")), "report of a plain file"
e2e.write(e2e.m("x"), data)
assert os.path.exists(e2e.m(".alcm/caq/x.json"))
e2e.write(e2e.m("x"), b"text" * 10_000)
assert not os.path.exists(e2e.m(".alcm/caq/x.json")), "report of what is no tensor any more"

# Renamed over: the report is the new content's.
e2e.write(e2e.m("a.npy"), data)
e2e.write(e2e.m("b.npy"), e2e.npy(20_000, "f8"))
os.replace(e2e.m("b.npy"), e2e.m("a.npy"))
e2e.equal(report("a.npy")["file"]["dtype"], "<f8", "renamed over")
e2e.write(e2e.m("c"), b"text" * 10_000)
os.replace(e2e.m("c"), e2e.m("a.npy"))
assert not os.path.exists(e2e.m(".alcm/caq/a.npy.json")), "text renamed over a tensor"
