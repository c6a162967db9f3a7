# SPDX-License-Identifier: MIT
# also: user
# check: no
"""Names that look like something else have reports like any other, and log lines say which file they are about."""
import contextlib
import json
import os

import e2e

NAMES = ("?", "?.npy", "?a/?b.npy", "?x/w.npy", "a file", "inode 1", "-", "x (deleted)", " ", "*.npy", "#1")
data = e2e.npy(50_000)
for name in NAMES:
    os.makedirs(os.path.dirname(e2e.m(name)), exist_ok=True)
    e2e.write(e2e.m(name), data)
    assert e2e.is_blob(name), name
    e2e.wait_until(lambda name=name: os.path.exists(e2e.s(f".alcm/caq/{name}.json")), f"the report of {name}")
    with open(e2e.s(f".alcm/caq/{name}.json"), encoding="utf-8") as f:
        e2e.equal(json.load(f)["file"]["name"], name, "the report's name")
    os.rename(e2e.m(name), e2e.m(name) + "?")
    assert os.path.exists(e2e.s(f".alcm/caq/{name}?.json")), f"the report of {name} goes with it"
    os.unlink(e2e.m(name) + "?")
    assert not os.path.exists(e2e.s(f".alcm/caq/{name}?.json")), f"the report of {name} is left"

# The newest commit is damaged: which file's?
e2e.write(e2e.m("?"), data)
with open(e2e.m("?"), "r+b") as f:
    f.seek(150_000)
    f.write(b"changed")
e2e.unmount()
with open(e2e.s("?"), "r+b") as f:
    f.seek(-128 - 160, os.SEEK_END)
    f.write(b"\xff" * 160)
e2e.mount()
with contextlib.suppress(OSError):  # the commit before it may be gone
    e2e.read(e2e.m("?"))
assert "alcmfs: ?: the newest commit is damaged" in e2e.log_text(), e2e.log_text()
