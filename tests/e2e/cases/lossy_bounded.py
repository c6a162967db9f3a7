# SPDX-License-Identifier: MIT
# also: user
"""Profiles bounded:E and bounded-abs:E: every value of every type within the bound, also after writing
again; what can't keep it stays exact; impossible bounds are refused."""
import errno
import json
import os

import e2e
import numpy as np

XATTR = "user.alcm.profile"
rng = np.random.default_rng(11)


def quantisation(name):
    with open(e2e.m(f".alcm/caq/{name}.json"), encoding="utf-8") as f:
        return json.load(f)["quantisation"]


def directory(name, profile):
    os.mkdir(e2e.m(name))
    os.setxattr(e2e.m(name), XATTR, profile.encode())
    return name


def parts(t):
    return [t.real, t.imag] if t.dtype.kind == "c" else [t]


def check(name, written, relative, bound):
    """The file's values are within the bound, and the report knows how far off they are."""
    got = np.load(e2e.m(name))
    worst = 0
    for a, b in zip(parts(got), parts(written)):
        a, b = a.astype(np.float64), b.astype(np.float64)
        limit = bound * (b.max() - b.min()) if relative else bound
        error = np.abs(a - b).max()
        assert error <= limit, f"{name}: off by {error}, the bound is {limit}"
        worst = max(worst, error)
    q = quantisation(name)
    # JSON numbers have 15 digits or so.
    assert abs(q["max_error"] - worst) <= 1e-14 * worst, f"{name}: off by {worst}, the report says {q['max_error']}"
    return q


for bad in (b"bounded", b"bounded:", b"bounded:0", b"bounded:-1", b"bounded:1", b"bounded:nan", b"bounded-abs:inf"):
    with e2e.raises(errno.EINVAL):
        os.setxattr(e2e.MNT, XATTR, bad)

for bound in (0.1, 1e-2, 1e-4):
    folder = directory(f"relative{bound}", f"bounded:{bound}")
    for dtype in ("<f2", ">f4", "<f4", "<f8", "<c8", ">c16"):
        for order in "CF":
            t = rng.normal(0.3, 1, (120, 150)) + (1j * rng.normal(5, 0.1, (120, 150)) if "c" in dtype else 0)
            name = f"{folder}/{dtype[1:]}{'be' if dtype[0] == '>' else 'le'}{order}.npy"
            t = np.asarray(t.astype(dtype), order=order)
            np.save(e2e.m(name), t)
            q = check(name, t, True, bound)
            assert q["max_error"] > 0 or (dtype == "<f2" and bound == 1e-4), f"{name} was not quantised: {q}"

# A tighter bound costs more; any saves space against lossless.
t = rng.normal(0, 1, (500, 1000)).astype("f4")
stored = []
for bound in (0.1, 1e-2, 1e-3):
    folder = directory(f"size{bound}", f"bounded:{bound}")
    np.save(e2e.m(f"{folder}/t.npy"), t)
    stored.append(os.stat(e2e.m(f"{folder}/t.npy")).st_blocks * 512)
np.save(e2e.m("t.npy"), t)
stored.append(os.stat(e2e.m("t.npy")).st_blocks * 512)
assert stored == sorted(stored), f"sizes by bound, then lossless: {stored}"

# Writing again: the bound holds for what is new, what was there keeps its bits.
folder = directory("absolute", "bounded-abs:0.01")
name = f"{folder}/t.npy"
np.save(e2e.m(name), t)
before = np.load(e2e.m(name))
check(name, t, False, 0.01)
view = np.load(e2e.m(name), mmap_mode="r+")
view[100:110] = np.pi
view.flush()
del view
after = np.load(e2e.m(name))
assert np.abs(after[100:110] - np.float32(np.pi)).max() <= 0.01
same = np.r_[0:100, 110:500]
assert np.array_equal(after[same].view("u4"), before[same].view("u4")), "values that nobody wrote"
for _ in range(3):
    e2e.remount()
    with open(e2e.m(name), "r+b"):
        pass
    assert np.array_equal(np.load(e2e.m(name)).view("u4"), after.view("u4")), "after a remount"

# Where the type can't hold the bound, where all is equal, where there is Inf: exact.
exact = {
    "fine": (t * 1e6).astype("f4"),
    "equal": np.full((100, 100), 0.1, "f4"),
}
for key, array in exact.items():
    folder = directory(key, "bounded-abs:1e-3" if key == "fine" else "bounded:0.01")
    np.save(e2e.m(f"{folder}/t.npy"), array)
    assert np.array_equal(np.load(e2e.m(f"{folder}/t.npy")), array), key
    e2e.equal(quantisation(f"{folder}/t.npy")["why_not"], "nothing for the profile to change", key)
infinite = t.copy()
infinite[0, 0] = np.inf
np.save(e2e.m("absolute/inf.npy"), infinite)
got = np.load(e2e.m("absolute/inf.npy"))
assert np.array_equal(got[:65], infinite[:65]), "the chunk with Inf"
assert np.abs(got[200:] - infinite[200:]).max() <= 0.01
