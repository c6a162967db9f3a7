# SPDX-License-Identifier: MIT
# also: user
"""What a mount says of itself in .alcm/stats and .alcm/metrics: right at each opening, and in no store."""
import json
import os
import re
import subprocess

import e2e

data = e2e.npy(400_000)


def stats():
    return json.loads(e2e.read(e2e.m(".alcm/stats")))


def metrics():
    text = e2e.read(e2e.m(".alcm/metrics")).decode()
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) alcmfs_[a-z_]+ \S.*|alcmfs_[a-z_]+ [0-9.e+-]+", line), line
    return {k: float(v) for k, v in (line.split() for line in text.splitlines() if line[0] != "#")}


assert set(os.listdir(e2e.m(".alcm"))) >= {"metrics", "stats"}
e2e.write(e2e.m("first.npy"), data)
e2e.write(e2e.m("plain.txt"), b"text\n")
names = sorted(os.listdir(e2e.m(".alcm")))
assert {"caq", "metrics", "stats"} <= set(names) and len(names) == len(set(names)), names
assert not os.path.exists(e2e.s(".alcm/stats")), "stats in the store"

e2e.wait_until(lambda: not stats()["writing"], "the first file is closed")
before = stats()
e2e.validate(before, "stats")
e2e.equal(before["writing"], [], "nothing is being written")
with open(e2e.m("w.npy"), "wb") as f:
    f.write(data)
    f.flush()
    during = stats()
    e2e.equal([(w["name"], w["written_bytes"]) for w in during["writing"]], [("w.npy", len(data))], "in flight")
    e2e.equal(during["values"]["files_writing"], 1, "files in flight")
    top = subprocess.run([e2e.ALCM, "top", e2e.MNT, "-n", "1"], check=True, capture_output=True, text=True).stdout
    assert "w.npy" in top and "1 files for writing" in top, top
after = stats()
e2e.validate(after, "stats")


def grew(key):
    return after["values"][key] - before["values"][key]


e2e.equal(grew("written_bytes"), len(data), "written")
e2e.equal(grew("blob_written_bytes"), len(data), "written into a compressed file")
assert after["values"]["written_bytes"] > after["values"]["blob_written_bytes"], "text counts as compressed"
e2e.equal(grew("encoded_bytes"), len(data), "encoded")
assert 0 < grew("encoded_stored_bytes") < len(data), "stored"
assert grew("encode_cpu_seconds") > 0 and grew("commits") >= 1, after
e2e.wait_until(lambda: not stats()["writing"], "the file is closed")

e2e.drop_caches()
e2e.equal(e2e.read(e2e.m("w.npy")), data, "data")
found = metrics()
assert found["alcmfs_decoded_bytes_total"] >= 0 and found["alcmfs_budget_limit_bytes"] > 0, found
e2e.equal(found["alcmfs_written_bytes_total"], stats()["values"]["written_bytes"], "the same in both")

failed = subprocess.run([e2e.ALCM, "top", e2e.STORE, "-n", "1"], capture_output=True, text=True)
assert failed.returncode == 1 and "is not a mount" in failed.stderr, failed

# They can't be written, removed or given another name.
for change in (lambda: open(e2e.m(".alcm/stats"), "w"), lambda: os.unlink(e2e.m(".alcm/metrics")),
               lambda: os.rename(e2e.m(".alcm/stats"), e2e.m("s")), lambda: os.mkdir(e2e.m(".alcm/stats/x"))):
    try:
        change()
    except OSError:
        continue
    raise AssertionError("changed a virtual file")

# Whoever keeps one open has the moment of the opening; hundreds of openings leave nothing behind.
with open(e2e.m(".alcm/stats"), "rb") as held:
    for _ in range(300):
        now = stats()
    assert json.loads(held.read())["values"]["uptime_seconds"] < now["values"]["uptime_seconds"]
e2e.wait_until(lambda: stats()["values"]["inodes"] < 50, "texts of before are forgotten")
