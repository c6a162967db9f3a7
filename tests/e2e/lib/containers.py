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


# --- PyTorch ------------------------------------------------------------------------------------

STORAGES = {"f8": "DoubleStorage", "f4": "FloatStorage", "f2": "HalfStorage", "bf16": "BFloat16Storage",
            "i8": "LongStorage", "i4": "IntStorage", "u1": "ByteStorage", "?": "BoolStorage"}


def _torch_global(module, name):
    """Something that pickles as a reference to module.name."""
    import sys
    import types

    for parent in ("torch", module):
        found = sys.modules.setdefault(parent, types.ModuleType(parent))
    if not hasattr(found, name):
        thing = type(name, (), {"__module__": module, "__qualname__": name})
        setattr(found, name, thing)
    return getattr(found, name)


class _Tensor:
    def __init__(self, key, dtype, shape, data):
        self.key, self.dtype, self.shape, self.data = key, dtype, shape, data

    def __reduce__(self):
        import collections

        strides, step = [], 1
        for n in reversed(self.shape):
            strides.insert(0, step)
            step *= n
        return (_torch_global("torch._utils", "_rebuild_tensor_v2"),
                (_Storage(self), 0, tuple(self.shape), tuple(strides), False, collections.OrderedDict()))


class _Storage:
    def __init__(self, tensor):
        self.tensor = tensor


def torch_pickle(tensors):
    """(the pickle that torch.save makes of a nested state dict of these, storages by key)."""
    import io
    import pickle

    storages, tree = {}, {}
    for i, (name, (dtype, shape, data)) in enumerate(tensors.items()):
        at = tree
        *path, last = name.split(".")
        for part in path:
            at = at.setdefault(part, {})
        at[last] = _Tensor(str(i), dtype, shape, data)
        storages[str(i)] = data

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if isinstance(obj, _Storage):
                t = obj.tensor
                count = int(np.prod(t.shape)) if t.shape else 1
                return ("storage", _torch_global("torch", STORAGES[t.dtype]), t.key, "cpu", count)
            return None

    out = io.BytesIO()
    Pickler(out, 2).dump({"model": tree, "epoch": 3})
    return out.getvalue(), storages


class _ZipWriter:
    """Members as PyTorch's writer leaves them: lengths behind them, bytes at multiples of 64."""

    def __init__(self):
        self.parts, self.at, self.central = [], 0, []

    def _put(self, data):
        self.parts.append(data)
        self.at += len(data)

    def member(self, name, data):
        import zlib

        name = name.encode()
        padding = -(self.at + 30 + len(name) + 4) % 64
        extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        crc, start = zlib.crc32(data), self.at
        self._put(struct.pack("<IHHHHHIIIHH", 0x04034B50, 0, 0x0808, 0, 0, 0, 0, 0, 0, len(name), len(extra)) + name + extra)
        self._put(data)
        self._put(struct.pack("<IIII", 0x08074B50, crc, len(data), len(data)))
        self.central.append(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 0, 0, 0x0808, 0, 0, 0, crc, len(data), len(data),
                                        len(name), 0, 0, 0, 0, 0, start) + name)

    def close(self):
        directory, start = b"".join(self.central), self.at
        self._put(directory)
        self._put(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(self.central), len(self.central), len(directory), start, 0))
        return b"".join(self.parts)


def torch_zip(tensors, name="archive", pickle_last=False, more=None):
    """A .pt file; with pickle_last in TorchScript's order; `more` members at the end."""
    text, storages = torch_pickle(tensors)
    z = _ZipWriter()
    if not pickle_last:
        z.member(f"{name}/data.pkl", text)
    for key, data in storages.items():
        z.member(f"{name}/data/{key}", data)
    if pickle_last:
        z.member(f"{name}/data.pkl", text)
    z.member(f"{name}/version", b"3\n")
    for key, data in (more or {}).items():
        z.member(f"{name}/{key}", data)
    return z.close()


def npz(tensors):
    """As numpy.savez writes it to a file that can't seek, or can: (bytes)."""
    import io

    out = io.BytesIO()
    np.savez(out, **{k: np.frombuffer(d, dtype={"bf16": "V2"}.get(t, t)).reshape(s) for k, (t, s, d) in tensors.items()})
    return out.getvalue()


def as_arrays(tensors):
    """The same as .npy files: yields their bytes."""
    for dtype, shape, raw in tensors.values():
        head = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (
            {"bf16": "|V2"}.get(dtype, f"<{dtype}"), tuple(shape))
        head += " " * (-(len(head) + 11) % 64) + "\n"
        yield b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + raw


def torch_stream(tensors):
    """As torch.save before 1.6: five pickles, then each storage behind its length."""
    import pickle

    text, storages = torch_pickle(tensors)
    head = b"".join(pickle.dumps(x, 2) for x in (
        0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}))
    counts = (int(np.prod(shape)) for _, shape, _ in tensors.values())
    return head + text + pickle.dumps(list(storages), 2) + b"".join(
        struct.pack("<q", n) + data for n, data in zip(counts, storages.values()))


# --- GGUF ---------------------------------------------------------------------------------------

GGML = {"f4": 0, "f2": 1, "q4_0": 2, "q8_0": 8, "i8": 27, "f8": 28, "bf16": 30}


def quantised(n_blocks, kind="q4_0", seed=1):
    """Blocks of 32 weights: a scale of float16 and the weights' bits."""
    rng = np.random.default_rng(seed)
    width = {"q4_0": 16, "q8_0": 32}[kind]
    out = np.empty((n_blocks, 2 + width), "u1")
    out[:, :2] = (rng.gamma(4, 0.002, n_blocks).astype("f2")).view("u1").reshape(n_blocks, 2)
    out[:, 2:] = np.clip(rng.normal(128, 40, (n_blocks, width)), 0, 255).astype("u1")
    return kind, (n_blocks * 32,), out.tobytes()


def gguf(tensors, words=2000, alignment=32):
    """A GGUF file, version 3, with a vocabulary as models have."""

    def text(s):
        return struct.pack("<Q", len(s)) + s.encode()

    meta = [text("general.architecture") + struct.pack("<I", 8) + text("llama"),
            text("general.alignment") + struct.pack("<II", 4, alignment),
            text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, words) + b"".join(text(f"word{i}") for i in range(words)),
            text("tokenizer.ggml.scores") + struct.pack("<IIQ", 9, 6, words) + bytes(4 * words)]
    infos, body = [], b""
    for name, (kind, shape, data) in tensors.items():
        body += bytes(-len(body) % alignment)
        infos.append(text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape)) +
                     struct.pack("<IQ", GGML[kind], len(body)))
        body += data
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(meta)) + b"".join(meta + infos)
    return head + bytes(-len(head) % alignment) + body
