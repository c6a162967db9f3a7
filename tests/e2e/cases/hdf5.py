# SPDX-License-Identifier: MIT
# also: user
"""HDF5 files by h5py: chunked, resized and rewritten datasets, with HDF5's own locks on."""
import json
import os
import subprocess
import sys

import e2e
import numpy as np

h5py = e2e.need("h5py")

os.environ["HDF5_USE_FILE_LOCKING"] = "TRUE"
rng = np.random.default_rng(1)
path = e2e.m("model.h5")
weights = {f"layer{k}/w": rng.standard_normal((100 + k, 37)).astype("f4") for k in range(20)}
with h5py.File(path, "w") as f:
    for name, w in weights.items():
        f.create_dataset(name, data=w, chunks=(16, 37), compression="gzip" if name[5] == "1" else None,
                         maxshape=(None, 37))
    f.attrs["epoch"] = 3


def opens(mode):
    """Whether another process can open the file."""
    script = "import h5py, sys; h5py.File(sys.argv[1], sys.argv[2]).close()"
    return subprocess.run([sys.executable, "-c", script, path, mode], stderr=subprocess.DEVNULL).returncode == 0


# One writer, or any number of readers.
with h5py.File(path, "r+") as f:
    assert not opens("r") and not opens("r+"), "opened although another process writes"
with h5py.File(path, "r") as f:
    assert opens("r"), "no second reader"
    assert not opens("r+"), "opened for writing although another process reads"
assert opens("r+"), "locks were not given back"

with h5py.File(path, "r+") as f:
    for k, name in enumerate(weights):
        if k % 3 == 0:
            more = rng.standard_normal((50, 37)).astype("f4")
            f[name].resize(len(weights[name]) + 50, axis=0)
            f[name][-50:] = more
            weights[name] = np.concatenate([weights[name], more])
        elif k % 3 == 1:
            f[name][10:20] *= 2
            weights[name][10:20] *= 2
    del f["layer19"]
    del weights["layer19/w"]
    f.flush()


def check(when):
    with h5py.File(path, "r") as f:
        found = []
        f.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        e2e.equal(sorted(found), sorted(weights), f"datasets {when}")
        for name, w in weights.items():
            assert np.array_equal(f[name][()], w), f"{name} {when}"
        e2e.equal(f.attrs["epoch"], 3, f"attribute {when}")


check("just written")
e2e.remount()
check("after a remount")

# What a file has that was written at once, in pieces and in one piece: datasets of their types, and one with two names once.
made = {"deep/er/f4": rng.standard_normal((300, 200)).astype("f4"), "f8": rng.standard_normal(9999),
        "f2": rng.standard_normal(50_000).astype("f2"), "be": rng.standard_normal((100, 100)).astype(">f4"),
        "i8": rng.integers(0, 50_000, 40_000)}
with h5py.File(e2e.m("made.h5"), "w") as f:
    for name, array in made.items():
        f.create_dataset(name, data=array)
    f.create_dataset("pieces", data=made["deep/er/f4"], chunks=(100, 150))
    f.create_dataset("packed", data=made["deep/er/f4"], compression="gzip")
    f["alias"] = f["f2"]
with open(e2e.m(".alcm/caq/made.h5.json"), encoding="utf-8") as report:
    rows = {r["name"]: (r["dtype"], r["shape"]) for r in json.load(report)["tensors"]}
NAMES = {"f4": "float32", "f8": "float64", "f2": "float16", "i8": "int64"}
want = {name: (NAMES[array.dtype.str[1:]], list(array.shape)) for name, array in made.items()}
alias = rows.pop("alias", None)
if alias:
    rows["f2"] = alias
e2e.equal(rows.pop("pieces")[0], "float32", "a dataset in pieces")
e2e.equal(rows, want, "datasets")
with h5py.File(e2e.m("made.h5")) as f:
    for name, array in made.items():
        assert np.array_equal(f[name][()], array), name
