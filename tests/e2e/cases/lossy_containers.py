# SPDX-License-Identifier: MIT
# timeout: 240
# also: user
"""Lossy profiles on containers: floats change within the bound, checksums stay right, and integers, pickles, an
optimizer's state and whatever has a checksum that nobody can make anew stay as they are."""
import io
import json
import os
import zipfile

import containers
import e2e
import numpy as np

BOUND = 1e-3
rng = np.random.default_rng(5)


def report(name):
    with open(e2e.m(f".alcm/caq/{name}.json"), encoding="utf-8") as f:
        return json.load(f)


def same(a, b, what):
    assert a.dtype == b.dtype and a.tobytes() == b.tobytes(), what


def near(got, want, what):
    """Within the bound, and not just as it was."""
    assert got.shape == want.shape and got.dtype == want.dtype, what
    limit = BOUND * (float(want.max()) - float(want.min()))
    error = np.abs(got.astype("f8") - want.astype("f8")).max()
    assert 0 < error <= limit, f"{what}: off by {error}, the bound is {limit}"


def check_zip(name):
    with zipfile.ZipFile(e2e.m(name)) as z:
        e2e.equal(z.testzip(), None, f"{name}: CRCs")
        return {m.filename: z.read(m) for m in z.infolist()}


os.setxattr(e2e.MNT, "user.alcm.profile", f"bounded:{BOUND}".encode())

# ---- .npz: members at any offset, so that chunks cut values ---------------------------------------------
arrays = {
    "w": rng.normal(0, 1, (500, 777)).astype("f4"),
    "fortran": np.asfortranarray(rng.normal(0, 1, (300, 401))),
    "half": rng.normal(0, 1, 100_001).astype("f2"),
    "big": rng.normal(0, 1, (100, 1000)).astype(">f4"),
    "small": rng.normal(0, 1, 100).astype("f4"),
    "tokens": rng.integers(0, 50_000, 70_000),
    "optimizer.exp_avg.w": rng.normal(0, 1e-3, (500, 777)).astype("f4"),
    "scalar": np.float32(3.25),
}
changed = {"w", "fortran", "half", "big", "small"}


def check_npz(name):
    check_zip(name)
    with np.load(e2e.m(name)) as z:
        for key, array in arrays.items():
            (near if key in changed else same)(z[key], np.asanyarray(array), f"{name}: {key}")
        return {key: z[key] for key in arrays}


np.savez(e2e.m("seekable.npz"), **arrays)
streamed = io.BytesIO()
np.savez(streamed, **arrays)
e2e.write(e2e.m("streamed.npz"), streamed.getvalue())
# Lengths and CRCs in descriptors behind the members.


class NoSeek(io.RawIOBase):
    def __init__(self, f):
        self.f = f

    def writable(self):
        return True

    def write(self, data):
        return self.f.write(data)


with open(e2e.m("descriptors.npz"), "wb", buffering=0) as f, zipfile.ZipFile(NoSeek(f), "w", zipfile.ZIP_STORED) as z:
    for key, array in arrays.items():
        member = io.BytesIO()
        np.lib.format.write_array(member, np.asanyarray(array))
        z.writestr(f"{key}.npy", member.getvalue())
first = {}
for name in ("seekable.npz", "streamed.npz", "descriptors.npz"):
    first[name] = check_npz(name)
    q = report(name)["quantisation"]
    e2e.equal((q["why_not"], q["tensors"], q["entropy"]), (None, len(changed), None), name)
    assert q["max_error"] > 0 and report(name)["lossy"], q
lossless = sum(a.nbytes for a in arrays.values())
assert int(os.getxattr(e2e.m("seekable.npz"), "user.alcm.stored_size")) < 0.75 * lossless

# What was quantised never moves again: opened, changed elsewhere, after a remount.
for _ in range(2):
    with open(e2e.m("seekable.npz"), "r+b"):
        pass
    with zipfile.ZipFile(e2e.m("seekable.npz"), "a") as z:
        z.writestr(f"more{len(z.infolist())}.txt", "words " * 100)
    e2e.remount()
    again = check_npz("seekable.npz")
    for key, array in again.items():
        same(array, first["seekable.npz"][key], f"{key} moved")

# All of it written anew: a new save.
np.savez(e2e.m("seekable.npz"), **arrays)
check_npz("seekable.npz")

# ---- PyTorch's ------------------------------------------------------------------------------------------
model = containers.model(width=128)
state = {f"state.{i}.exp_avg": containers.weights((40_000,), seed=i) for i in range(3)}
e2e.write(e2e.m("model.pt"), containers.torch_zip(model))
before = zipfile.ZipFile(io.BytesIO(containers.torch_zip(model)))
after = check_zip("model.pt")
e2e.equal(after["archive/data.pkl"], before.read("archive/data.pkl"), "the pickle")
n_changed = 0
for member, data in after.items():
    if "/data/" in member and data != before.read(member):
        near(np.frombuffer(data, "f4"), np.frombuffer(before.read(member), "f4"), member)
        n_changed += 1
q = report("model.pt")["quantisation"]
assert n_changed == q["tensors"] > 5, (n_changed, q)

# PyTorch from 2.1 on has a member made of the checksums of those before it.
crcs = [m.CRC for m in before.infolist()]


def serialization_id(crcs):
    h = 0
    for crc in crcs:
        h ^= (crc + 0x9E3779B9 + (h << 6) + (h >> 2)) & (1 << 64) - 1
        h &= (1 << 64) - 1
    return b"%020d%020d" % (1326306869893853080, h)


e2e.equal(serialization_id([0xB642017C, 0x19E33D85, 0x7E82329E, 0x52CB6146, 0x55679ED1])[20:],
          b"00097391060723037293", "as PyTorch 2.6 has it")
e2e.write(e2e.m("new.pt"), containers.torch_zip(model, more={".data/serialization_id": serialization_id(crcs)}))
after = check_zip("new.pt")
with zipfile.ZipFile(e2e.m("new.pt")) as z:
    crcs_after = [m.CRC for m in z.infolist()][:-1]
assert crcs_after != crcs, report("new.pt")["quantisation"]
e2e.equal(after["archive/.data/serialization_id"], serialization_id(crcs_after), "serialization_id")

e2e.write(e2e.m("optim.pt"), containers.torch_zip(state))
e2e.reads_as(e2e.m("optim.pt"), containers.torch_zip(state), "an optimizer's state")
e2e.equal(report("optim.pt")["quantisation"]["why_not"], "its only floats are an optimizer's state", "why not")

# ---- formats without checksums ---------------------------------------------------------------------------
plain = containers.safetensors(model | state)
e2e.write(e2e.m("model.safetensors"), plain)
got = e2e.read(e2e.m("model.safetensors"))
head = 8 + int.from_bytes(plain[:8], "little")
e2e.equal(got[:head], plain[:head], "the header")
for key, about in json.loads(plain[8:head]).items():
    lo, hi = (head + x for x in about["data_offsets"])
    a, b = np.frombuffer(got[lo:hi], "f4"), np.frombuffer(plain[lo:hi], "f4")
    if "exp_avg" in key or about["dtype"] != "F32":
        same(a, b, key)
    else:
        near(a, b, key)

# ---- what can't be put right stays lossless, and says why -------------------------------------------------
def with_member(name, data):
    out = io.BytesIO(containers.torch_zip(model))
    with zipfile.ZipFile(out, "a") as z:
        z.writestr(name, data)
    return out.getvalue()


good = streamed.getvalue()
at = good.index(b"w.npy") + 5000
refused = {
    "id.pt": (with_member("archive/.data/serialization_id", "1" * 40), "its serialization_id doesn't match its checksums"),
    "wrong.npz": (good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], "one of its checksums is wrong already"),
    "cut.npz": (good[:-10], "its zip directory is incomplete"),
    "more.npz": (good + b"more", "its zip directory is incomplete"),
    "several.pt": (containers.torch_zip(model) * 2, "its zip directory can't be followed"),
}
for name, (data, why) in refused.items():
    e2e.write(e2e.m(name), data)
    e2e.reads_as(e2e.m(name), data, name)
    q = report(name)["quantisation"]
    e2e.equal(q["why_not"], why, name)

# ---- the other profiles -----------------------------------------------------------------------------------
for profile in ("paper", "alcm", "bounded-abs:0.01"):
    folder = profile.split(":")[0]
    os.mkdir(e2e.m(folder))
    os.setxattr(e2e.m(folder), "user.alcm.profile", profile.encode())
    np.savez(e2e.m(f"{folder}/t.npz"), **arrays)
    check_zip(f"{folder}/t.npz")
    with np.load(e2e.m(f"{folder}/t.npz")) as z:
        for key, array in arrays.items():
            if key not in changed:
                same(z[key], np.asanyarray(array), f"{profile}: {key}")
        assert not np.array_equal(z["w"], arrays["w"]), profile
    q = report(f"{folder}/t.npz")["quantisation"]
    # The paper's has a scale for each index of the first axis: too many where there is one axis only.
    assert q["tensors"] == (3 if profile == "paper" else len(changed)) and q["max_error"] > 0, q

# A file of one tensor among them comes out as it does by itself.
np.save(e2e.m("paper/w.npy"), arrays["w"])
with np.load(e2e.m("paper/t.npz")) as z:
    alone = np.load(e2e.m("paper/w.npy"))
    # What chunks cut is left out, and there are two chunks and more.
    assert (z["w"] != alone).sum() <= arrays["w"].nbytes // (256 << 10) + 1
