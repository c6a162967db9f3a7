# SPDX-License-Identifier: MIT
# also: user
# timeout: 120
"""safetensors as its library writes them, in every order of calls, and files that only look like it."""
import os
import struct

import containers
import e2e

tensors = containers.model()
tensors |= {f"half.{k}": v for k, v in containers.model(2, 2, "bf16").items()}
data = containers.safetensors(tensors, {"format": "pt"})
long_header = containers.safetensors({f"block.{i}.some.rather.long.name.of.a.tensor": containers.weights((50,), seed=i)
                                      for i in range(4000)})
files = {}


def save(name, writer, want=data):
    writer(e2e.m(name), want)
    files[name] = want
    e2e.equal(e2e.read(e2e.m(name)), want, name)
    e2e.wait_until(lambda: e2e.is_blob(name), f"{name} is a blob", 10)


def stored(name):
    return int(os.getxattr(e2e.m(name), "user.alcm.stored_size"))


def in_pieces(path, want):
    with open(path, "wb", buffering=0) as f:
        for at in range(0, len(want), 100_003):
            f.write(want[at : at + 100_003])


def sized_first(path, want):
    """As the library does since 0.8: a temporary file beside, its size, the bytes, chmod, rename."""
    with open(path + ".tmp", "w+b", buffering=0) as f:
        f.truncate(len(want))
        for at in range(0, len(want), 1 << 20):
            f.write(want[at : at + (1 << 20)])
    os.chmod(path + ".tmp", 0o644)
    os.rename(path + ".tmp", path)


def header_last(path, want):
    end = 8 + struct.unpack("<Q", want[:8])[0]
    with open(path, "wb", buffering=0) as f:
        f.seek(end)
        f.write(want[end:])
        f.seek(0)
        f.write(want[:end])


save("whole.safetensors", e2e.write)
save("pieces.safetensors", in_pieces)
save("sized.safetensors", sized_first)
save("last.safetensors", header_last)
save("long.safetensors", in_pieces, long_header)
assert not os.path.exists(e2e.s("sized.safetensors.tmp"))

# The same tensors as arrays of their own.
total = 0
for i, (dtype, shape, raw) in enumerate(tensors.values()):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (
        {"bf16": "|V2"}.get(dtype, f"<{dtype}"), tuple(shape))
    head += " " * (-(len(head) + 11) % 64) + "\n"
    name = f"{i}.npy"
    e2e.write(e2e.m(name), b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + raw)
    total += stored(name) if e2e.is_blob(name) else len(raw)
for name in ("whole", "pieces", "sized"):
    size = stored(f"{name}.safetensors")
    print(f"{name}: {size} bytes of {len(data)}, as arrays {total}")
    assert size < total * 1.01, (name, size, total)

# What can't be right is bytes, not an error; small files and others' stay as they are.
for i, broken in enumerate((data[:300], data[:5000] + b"\0" * 9000, data[:8] + b"{" + data[9:].replace(b":", b";", 3),
                            struct.pack("<Q", 99_999_999) + b'{"a"' + data[8:40_000])):
    files[f"broken{i}"] = broken
    e2e.write(e2e.m(f"broken{i}"), broken)
files["text.json"] = b'{"weights": [' + b"0.25, " * 3000 + b"0]}"
e2e.write(e2e.m("text.json"), files["text.json"])
assert not e2e.is_blob("text.json")
for name in ("pieces", "sized"):
    del files[f"{name}.safetensors"]
e2e.all_read_as(files)

# Rewritten in place, as another layout.
other = containers.safetensors(containers.model(3, 2, "f8"))
with open(e2e.m("whole.safetensors"), "r+b") as f:
    f.write(other)
    f.truncate(len(other))
e2e.reads_as(e2e.m("whole.safetensors"), other, "rewritten")
