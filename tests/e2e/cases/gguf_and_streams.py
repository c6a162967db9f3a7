# SPDX-License-Identifier: MIT
"""GGUF, written in one go or with its head last, and what torch.save wrote before it wrote zip archives."""
import os

import containers
import e2e

tensors = containers.model()
blocks = {f"blk.{i}.ffn.weight": containers.quantised(20_000, kind, i) for i, kind in enumerate(("q4_0", "q8_0"))}
mixed = {k.replace("layers", "blk"): v for k, v in tensors.items()} | blocks
files = {"model.gguf": containers.gguf(mixed), "old.pt": containers.torch_stream(tensors)}


def stored(name):
    assert e2e.is_blob(name), name
    return int(os.getxattr(e2e.m(name), "user.alcm.stored_size"))


for name, data in files.items():
    with open(e2e.m(name), "wb", buffering=0) as f:
        for at in range(0, len(data), 99_991):
            f.write(data[at : at + 99_991])

# llama.cpp's converters leave room for the head, and fill it in when all tensors are there.
data = files["last.gguf"] = files["model.gguf"]
with open(e2e.m("last.gguf"), "wb", buffering=0) as f:
    f.write(bytes(100_000))
    f.write(data[100_000:])
    f.seek(0)
    f.write(data[:100_000])
e2e.wait_until(lambda: e2e.is_blob("last.gguf"), "last.gguf is converted", 10)

arrays = 0
for i, array in enumerate(containers.as_arrays(tensors)):
    e2e.write(e2e.m(f"{i}.npy"), array)
    arrays += stored(f"{i}.npy") if e2e.is_blob(f"{i}.npy") else len(array)
quantised = sum(len(data) for _, _, data in blocks.values())
for name, data in files.items():
    print(f"{name}: {stored(name)} bytes of {len(data)}, as arrays {arrays}, in blocks {quantised}")
assert stored("old.pt") < arrays * 1.01
assert stored("model.gguf") < arrays * 1.01 + quantised
assert stored("last.gguf") < stored("model.gguf") * 1.01
why = {name: os.getxattr(e2e.m(name), "user.alcm.why").decode() for name in files}
e2e.equal(why["model.gguf"], f"gguf: {len(mixed)} tensors", "why")
e2e.equal(why["old.pt"], f"torch stream: {len(tensors)} tensors", "why")

whole = files["model.gguf"]
files["cut.gguf"] = whole[:30_000]
files["wrong.gguf"] = whole[:16] + b"\xff" * 8 + whole[24:300_000]
for name in ("cut.gguf", "wrong.gguf"):
    e2e.write(e2e.m(name), files[name])
e2e.all_read_as(files)
