# SPDX-License-Identifier: MIT
# timeout: 120
"""Zip archives with stored members, as PyTorch, TorchScript, numpy.savez and zipfile write them."""
import io
import json
import os
import zipfile

import containers
import e2e
import numpy as np

tensors = containers.model()
tensors |= {f"half.{k}": v for k, v in containers.model(2, 2, "bf16").items()}
arrays = {k: np.frombuffer(d, dtype={"bf16": "V2"}.get(t, t)).reshape(s) for k, (t, s, d) in tensors.items()}
files = {}


def in_pieces(name, data, piece=65_537):
    """As they are streamed."""
    with open(e2e.m(name), "wb", buffering=0) as f:
        for at in range(0, len(data), piece):
            f.write(data[at : at + piece])
    files[name] = data


def stored(name):
    assert e2e.is_blob(name), name
    return int(os.getxattr(e2e.m(name), "user.alcm.stored_size"))


in_pieces("model.pt", containers.torch_zip(tensors))
in_pieces("script.pt", containers.torch_zip(tensors, "script", pickle_last=True))
in_pieces("__0_0.distcp", b"".join(containers.torch_zip({k: v}) for k, v in tensors.items()))
np.savez(e2e.m("seekable.npz"), **arrays)  # goes back to fill in lengths
files["seekable.npz"] = e2e.read(e2e.m("seekable.npz"))
in_pieces("streamed.npz", files["seekable.npz"])

total = 0
for i, data in enumerate(containers.as_arrays(tensors)):
    e2e.write(e2e.m(f"{i}.npy"), data)
    total += stored(f"{i}.npy") if e2e.is_blob(f"{i}.npy") else len(data)
for name in files:
    print(f"{name}: {stored(name)} bytes of {len(files[name])}, as arrays {total}")
for name in ("model.pt", "__0_0.distcp", "seekable.npz", "streamed.npz"):
    assert stored(name) < total * 1.01, name

def report(name):
    with open(e2e.m(f".alcm/caq/{name}.json"), encoding="utf-8") as f:
        return json.load(f)


# The report has every tensor; what they take adds up to nearly all of the file.
rows = report("model.pt")["tensors"]
names = {r["name"]: r for r in rows}
for key, (dtype, shape, data) in tensors.items():
    row = names[f"model.{key}"]
    e2e.equal((row["shape"], row["bytes"], row["count"]), (list(shape), len(data), 1), key)
    assert 0 < row["stored"] <= len(data) + 300, row
assert 0.9 * stored("model.pt") < sum(r["stored"] for r in rows) <= stored("model.pt"), rows

# Of thousands one row for those whose names differ in numbers only.
many = {f"blocks.{i}.{part}": containers.weights((64,), seed=i) for i in range(400) for part in ("weight", "bias")}
in_pieces("many.safetensors", containers.safetensors(many))
rows = report("many.safetensors")["tensors"]
e2e.equal({r["name"]: (r["count"], r["bytes"]) for r in rows},
          {"blocks.*.weight": (400, 102_400), "blocks.*.bias": (400, 102_400)}, "rows")
e2e.all_read_as(files)
with np.load(e2e.m("seekable.npz")) as loaded:
    for k, v in arrays.items():
        e2e.equal(loaded[k].tobytes(), v.tobytes(), k)

# A member more: over the directory, which moves.
with zipfile.ZipFile(e2e.m("seekable.npz"), "a") as z:
    z.writestr("more.npy", e2e.npy(50_000))
with zipfile.ZipFile(e2e.m("seekable.npz")) as z:
    e2e.equal(z.testzip(), None, "CRCs")
    e2e.equal(z.read("more.npy"), e2e.npy(50_000), "the member that was added")

# What is compressed already stays as it is.
packed = io.BytesIO()
np.savez_compressed(packed, **arrays)
e2e.write(e2e.m("packed.npz"), packed.getvalue())
assert not e2e.is_blob("packed.npz")
e2e.reads_as(e2e.m("packed.npz"), packed.getvalue(), "compressed")

# Cut short, overwritten with noise, or a prefix of it: bytes.
whole = files["model.pt"]
broken = {
    "cut": whole[:1_000_000],
    "noise": whole[:300] + os.urandom(9000) + whole[9300:400_000],
    "doubled": whole[:70_000] + whole[:300_000],
}
for name, data in broken.items():
    e2e.write(e2e.m(name), data)
e2e.all_read_as(broken)
