# SPDX-License-Identifier: MIT
# also: user
"""Profile paper: by name only; values equal the paper's formulas; everyone sees them after close; they
never drift; what can't be quantised stays exact and the report says why."""
import errno
import io
import json
import mmap
import os
import subprocess

import e2e
import numpy as np

XATTR = "user.alcm.profile"


def report(name):
    with open(e2e.m(f".alcm/caq/{name}.json"), encoding="utf-8") as f:
        return json.load(f)


def reference(t, quantisation):
    """The paper's quantisation and pruning of a float32 array, with the report's E and p."""
    entropy = np.float32(quantisation["entropy"])
    scale = np.array([c.mean() for c in t.reshape(len(t), -1)])
    scale = np.maximum(np.abs(scale) * entropy, np.float32(1e-8))
    scale = scale.reshape((-1,) + (1,) * (t.ndim - 1))
    q = np.round(t / scale) * scale
    magnitude = np.abs(q).astype(np.float64)
    keep = magnitude > np.percentile(magnitude, 100 * quantisation["prune_share"])
    if (~keep).mean() > 0.25:
        keep = magnitude > np.percentile(magnitude, 25)
    return q * keep


def bits(t):
    return t.view(f"u{t.itemsize}")


rng = np.random.default_rng(5)
os.mkdir(e2e.m("plain"))
os.makedirs(e2e.m("lossy/below"))
os.setxattr(e2e.m("lossy"), XATTR, b"paper")
e2e.equal(os.getxattr(e2e.m("lossy"), XATTR), b"paper", "the directory's profile")
for bad in (b"papers", b"", b"bounded:-1", b"paper:2"):
    with e2e.raises(errno.EINVAL):
        os.setxattr(e2e.m("plain"), XATTR, bad)

# By name only, and inherited.
t = rng.normal(0.02, 1, (300, 700)).astype("f4")
for folder in ("plain", "lossy", "lossy/below"):
    np.save(e2e.m(f"{folder}/w.npy"), t)
e2e.equal(bits(np.load(e2e.m("plain/w.npy"))).tolist(), bits(t).tolist(), "outside of the lossy directory")
e2e.equal(report("plain/w.npy")["quantisation"], None, "quantisation of a lossless file")
for name in ("lossy/w.npy", "lossy/below/w.npy"):
    r = report(name)
    assert r["lossy"] and r["profile"] == "paper", r
    got, want = np.load(e2e.m(name)), reference(t, r["quantisation"])
    assert np.array_equal(bits(got), bits(want)), f"{name}: {np.count_nonzero(bits(got) != bits(want))} values differ"
    error = np.linalg.norm(got.astype("f8") - t) / np.linalg.norm(t.astype("f8"))
    assert abs(error - r["quantisation"]["relative_l2"]) < 1e-9 * error, (error, r["quantisation"])

assert "lossy/w.npy: values changed by profile paper" in e2e.log_text(), "the log says so"

# Until close readers see what was written, afterwards the stored values, in mappings too.
path = e2e.m("lossy/open.npy")
buffer = io.BytesIO()  # np.save() into a file closes a duplicate of its descriptor on the way
np.save(buffer, t)
size = len(buffer.getvalue())
with open(path, "wb", buffering=0) as f:
    f.write(buffer.getvalue())
    with open(path, "rb") as reader:
        view = mmap.mmap(reader.fileno(), size, prot=mmap.PROT_READ)
        assert view[128:] == t.tobytes(), "before close: what was written"
want = reference(t, report("lossy/open.npy")["quantisation"])
assert view[128:] == want.tobytes(), "after close: an open mapping shows the stored values"
view.close()

# Closing, reopening, remounting: no bit changes.
stored = e2e.read(path)
for _ in range(3):
    with open(path, "r+b"):
        pass
    e2e.remount()
    e2e.equal(e2e.read(path) == stored, True, "after reopening and a remount")

# fsync before close, as careful programs do.
with open(e2e.m("lossy/synced.npy"), "wb") as f:
    np.save(f, t)
    f.flush()
    os.fsync(f.fileno())
want = reference(t, report("lossy/synced.npy")["quantisation"])
assert np.array_equal(bits(np.load(e2e.m("lossy/synced.npy"))), bits(want)), "with an fsync before the close"

# Writing into it again: only what was written goes on the grid, everything else keeps its bits.
again = np.load(path, mmap_mode="r+")
before = np.array(again)
again[10, 20:40] = 0.777
again.flush()
del again
after = np.load(path)
changed = np.argwhere(bits(before) != bits(after))
assert len(changed) and (changed[:, 0] == 10).all() and (changed[:, 1] >= 20).all() and (changed[:, 1] < 40).all()
scale = np.maximum(np.abs(t[10].mean()) * np.float32(report("lossy/open.npy")["quantisation"]["entropy"]), 1e-8)
assert abs(after[10, 25] - 0.777) <= scale, "the new value is on the old grid"

# What it leaves alone, bit for bit, and why.
with_nan = t.copy()
with_nan[3, 3] = np.nan
left = {
    "ints": (np.arange(50_000), "not a tensor of floats"),
    "objects": (np.array([{"a": 1}] * 3000, dtype=object), "not a tensor of floats"),
    "flat": (t.reshape(-1), "fewer than 16 values per channel"),
    "nan": (with_nan, None),
}
for name, (array, why) in left.items():
    np.save(e2e.m(f"lossy/{name}.npy"), array)
    e2e.equal(report(f"lossy/{name}.npy")["quantisation"]["why_not"], why, f"why {name} is as it was")
for name in ("ints", "flat"):
    assert np.array_equal(np.load(e2e.m(f"lossy/{name}.npy")), left[name][0]), name
chunk = (e2e.CHUNK - 128) // 4  # values of the first chunk, which has the NaN
got = np.load(e2e.m("lossy/nan.npy")).reshape(-1)
assert np.array_equal(bits(got[:chunk]), bits(with_nan.reshape(-1)[:chunk])), "the chunk with a NaN is exact"
assert not np.array_equal(bits(got[chunk:]), bits(with_nan.reshape(-1)[chunk:])), "the others are not"

# The scheduler goes with the directory, and survives a remount.
os.rename(e2e.m("lossy"), e2e.m("moved"))
e2e.remount()
with open(e2e.s(".alcm/caq/moved/.alcm-scheduler"), encoding="ascii") as f:
    saves = json.load(f)["saves"]
np.save(e2e.m("moved/one_more.npy"), t * 2)
with open(e2e.s(".alcm/caq/moved/.alcm-scheduler"), encoding="ascii") as f:
    e2e.equal(json.load(f)["saves"], saves + 1, "saves that the scheduler has seen")
with open(e2e.s(".alcm/caq/moved/.alcm-scheduler"), encoding="ascii") as f:
    state = json.load(f)


def info(path):
    return json.loads(subprocess.run([e2e.ALCM, "info", "--json", path], capture_output=True, check=True).stdout)


e2e.equal(info(e2e.m("moved")), {"schema": "alcm-directory/1", "profile": "paper", "scheduler": state}, "alcm info of the directory")
e2e.equal(info(e2e.m("plain")), {"schema": "alcm-directory/1", "profile": "lossless", "scheduler": None}, "alcm info of another")
e2e.unmount()
e2e.equal(info(e2e.s("moved")), {"schema": "alcm-directory/1", "profile": "paper", "scheduler": state}, "alcm info in the store")

# Weights of one's own set the scales.
weights = os.path.join(e2e.WORK, "weights.txt")
np.savetxt(weights, np.zeros(513))
e2e.mount(f"predictor={weights}")
np.save(e2e.m("moved/mine.npy"), t)
r = report("moved/mine.npy")
e2e.equal(r["quantisation"]["entropy"], 0.55, "E by these weights")
assert np.array_equal(bits(np.load(e2e.m("moved/mine.npy"))), bits(reference(t, r["quantisation"]))), "its values"

# The command does the same: pack a plain file, and get the values out again.
plain = os.path.join(e2e.WORK, "p.npy")
np.save(plain, t)
subprocess.run([e2e.ALCM, "pack", "--profile", "paper", "-o", plain + ".blob", plain], check=True)
out = subprocess.run([e2e.ALCM, "cat", plain + ".blob"], capture_output=True, check=True).stdout
first_save = dict(report("moved/w.npy")["quantisation"], prune_share=0.01)
assert out[128:] == reference(t, first_save).tobytes(), "alcm pack gives the values that the mount does"
