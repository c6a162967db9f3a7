# SPDX-License-Identifier: MIT
# also: user
"""HDF5 files by h5py: chunked, resized and rewritten datasets, with HDF5's own locks on."""
import os
import subprocess
import sys

import e2e
import numpy as np

try:
    import h5py
except ImportError:
    e2e.skip("no h5py")

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
