#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Profile `paper` against the paper's formulas written in NumPy: every bit of scales and values.

    paper_values.py PAPER_VALUES_DRIVER
"""

import subprocess
import sys

import numpy as np

DRIVER = sys.argv[1]
BF16 = "bfloat16"  # NumPy has none: float32 rounded to its 8 bits after every operation


def to_bf16(x):
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def scales_of(t, entropy, dtype):
    """|mean(T_c)| · E per index of axis 0, at least 1e-8."""
    if dtype == BF16:
        mean = np.array([to_bf16(bf16_mean(c)) for c in t], np.float32)
        scale = to_bf16(np.abs(mean) * to_bf16(entropy))
        return np.maximum(scale, to_bf16(1e-8))
    mean = np.array([c.mean() for c in t], t.dtype)
    least = max(t.dtype.type(1e-8), np.nextafter(t.dtype.type(0), t.dtype.type(1)))
    return np.maximum(np.abs(mean) * t.dtype.type(entropy), least)


def bf16_mean(c):
    """As NumPy does for float16: float32 sums of pieces of 8192."""
    flat = np.ascontiguousarray(c).reshape(-1)
    total = np.float32(0)
    for at in range(0, len(flat), 8192):
        total += flat[at : at + 8192].sum(dtype=np.float32)
    return total / np.float32(len(flat))


def reference(t, entropy, share, dtype):
    """(scales, quantised and pruned) by the paper's text."""
    scales = scales_of(t, entropy, dtype)
    s = scales.reshape((-1,) + (1,) * (t.ndim - 1))
    if dtype == BF16:
        q = to_bf16(np.round(to_bf16(t / s)) * s)
    else:
        q = np.round(t / s) * s
    # As float64: NumPy 2 reckons the rank itself in the array's type, which is too coarse.
    magnitude = np.abs(q).astype(np.float64)
    keep = magnitude > np.percentile(magnitude, 100 * share)
    if (~keep).mean() > 0.25:
        keep = magnitude > np.percentile(magnitude, 25)
    return scales, q * keep


def raw(x, dtype):
    if dtype == BF16:
        return (np.ascontiguousarray(x).view(np.uint32) >> 16).astype("<u2").tobytes()
    return np.ascontiguousarray(x).tobytes()


def run(parts, order, entropy, share, dtype):
    """Interleave the parts (components), run the driver; scales and values as bytes per part."""
    t = parts[0]
    words = [np.frombuffer(raw(p.reshape(-1, order=order), dtype), f"u{width(dtype)}") for p in parts]
    done = subprocess.run(
        [DRIVER, dtype, str(len(parts)), str(t.shape[0]), str(t.size // t.shape[0]), order,
         repr(entropy), repr(share)],
        input=np.stack(words, 1).tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    n_scales = t.shape[0] * len(parts)
    out = done.stdout[: (n_scales + t.size * len(parts)) * width(dtype)]
    got = np.frombuffer(out, f"u{width(dtype)}")
    return got[:n_scales].reshape(-1, len(parts)), got[n_scales:].reshape(-1, len(parts))


def width(dtype):
    return {"float16": 2, BF16: 2, "float32": 4, "float64": 8}[dtype]


def check(name, parts, order, entropy, share, dtype):
    scales, values = run(parts, order, entropy, share, dtype)
    for k, part in enumerate(parts):
        with np.errstate(all="ignore"):
            want_scales, want = reference(part, entropy, share, dtype)
        want_scales = np.frombuffer(raw(want_scales, dtype), f"u{width(dtype)}")
        want = np.frombuffer(raw(want.reshape(-1, order=order), dtype), f"u{width(dtype)}")
        for what, a, b in (("scales", scales[:, k], want_scales), ("values", values[:, k], want)):
            bad = np.flatnonzero(a != b)
            assert not len(bad), (f"{name}: {len(bad)} of {len(a)} {what} differ, the first at {bad[0]}: "
                                  f"{a[bad[0]]:#x}, NumPy has {b[bad[0]]:#x}")


def tensors(rng, dtype):
    """(name, array) in many sizes per channel, around the blocks in which NumPy adds."""
    shapes = [(100, 100), (7, 3, 5), (64, 3, 3, 3), (5, 1), (2, 4095), (2, 4096), (1, 70001)]
    shapes += [(3, n) for n in (7, 8, 9, 127, 128, 129, 136, 255, 256, 257, 1000, 8191, 8192, 8193, 20000)]
    for shape in shapes:
        yield f"normal {shape}", rng.normal(0.01, 1, shape)
    yield "sparse", rng.normal(0, 1, (50, 60)) * (rng.random((50, 60)) > 0.3)
    yield "mostly zero", rng.normal(0, 1, (20, 40)) * (rng.random((20, 40)) > 0.9)
    x = rng.normal(0, 1, (6, 50))
    x[1] = 0
    x[2] = -0.0
    x[3] *= 1e-30 if dtype == "float64" else 1e-6
    yield "a zero channel, tiny values", x
    yield "all equal", np.full((4, 33), 0.3)
    # Means that are near the middle between two halves: rounding to float32 first gives the other one.
    for n, odd_one in ((8207, 5.0078125), (8235, 13.0625)):
        near = np.ones((2, n))
        near[1, 0] = odd_one
        yield f"mean between halves {n}", near
    yield "large", rng.normal(10, 3, (8, 77)) * 100


def synthetic_gradient(epoch):
    np.random.seed(epoch + 42)
    base = np.random.randn(100, 100).astype(np.float32)
    return base * (np.random.rand(100, 100) > 0.3)


def main():
    rng = np.random.default_rng(7)
    n = 0
    for dtype in ("float16", BF16, "float32", "float64"):
        as_type = to_bf16 if dtype == BF16 else lambda x, d=dtype: x.astype(d)
        for name, x in tensors(rng, dtype):
            for entropy, share in ((0.5, 0.01), (0.7123, 0.1)):
                check(f"{dtype} {name}", [as_type(x)], "C", entropy, share, dtype)
                n += 1
    for epoch in range(1, 11):
        check(f"synthetic gradient {epoch}", [synthetic_gradient(epoch)], "C", 0.55, 0.01, "float32")
    for dtype in ("float32", "float64"):
        parts = [rng.normal(0.1, 1, (9, 300)).astype(dtype) for _ in range(2)]
        check(f"complex of {dtype}", parts, "C", 0.5, 0.01, dtype)
        check(f"Fortran complex of {dtype}", parts, "F", 0.5, 0.01, dtype)
        check(f"Fortran {dtype}", parts[:1], "F", 0.5, 0.05, dtype)
    print(f"{n + 16} tensors equal NumPy's bit for bit")


main()
