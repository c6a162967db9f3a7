# SPDX-License-Identifier: MIT
"""Containers of tensors, written by hand as the formats say, with no library that would have to be there."""
import json
import struct

import numpy as np

# NumPy has no bfloat16: its bits are cut from float32's.
NAMES = {"f8": "F64", "f4": "F32", "f2": "F16", "bf16": "BF16", "i8": "I64", "i4": "I32", "u1": "U8", "?": "BOOL"}


def weights(shape, dtype="f4", seed=1):
    """Values like a trained layer's: (dtype's name, shape, bytes)."""
    rng = np.random.default_rng(seed)
    if dtype in ("i8", "i4", "u1"):
        values = rng.integers(0, 200, shape).astype(dtype)
    elif dtype == "?":
        values = rng.random(shape) < 0.1
    else:
        values = rng.standard_normal(shape) * 0.02
        if dtype == "bf16":
            bits = values.astype("f4").view("u4")
            return dtype, shape, (bits >> 16).astype("u2").tobytes()
        values = values.astype(dtype)
    return dtype, shape, values.tobytes()


def safetensors(tensors, metadata=None):
    """tensors: {name: (dtype, shape, bytes)}."""
    header, at = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values())


def model(seed=1, layers=3, dtype="f4", width=256):
    """The tensors of a small transformer: {name: (dtype, shape, bytes)}."""
    out = {"embed.weight": weights((2000, width), dtype, seed)}
    for i in range(layers):
        for k, (name, shape) in enumerate((("attn.weight", (3 * width, width)), ("attn.bias", (3 * width,)),
                                           ("mlp.weight", (width, 2 * width)), ("norm.weight", (width,)))):
            out[f"layers.{i}.{name}"] = weights(shape, dtype, 100 * seed + 10 * i + k)
        out[f"layers.{i}.steps"] = weights((1,), "i8", seed + i)
    return out
