# SPDX-License-Identifier: MIT
"""Transform grid, written from docs/format.md, section 3.3, alone."""

import math
import struct

import numpy as np

from alcm_bins import decode_bins
from alcm_must import must

TYPES = {1: (2, np.float16), 2: (2, None), 3: (4, np.float32), 4: (8, np.float64)}


def to_bfloat16(x):
    """Doubles to the bits of the nearest bfloat16s, ties to even."""
    sign = np.where(np.signbit(x), 0x8000, 0).astype(np.uint16)
    a = np.abs(x)
    small = np.rint(np.ldexp(a, 133))
    bits = a.view(np.uint64)
    rounded = bits + np.uint64((1 << 44) - 1) + (bits >> np.uint64(45) & np.uint64(1))
    normal = (rounded >> np.uint64(45)).astype(np.int64) - ((1023 - 127) << 7)
    h = np.where(a < 2.0**-126, np.minimum(small, 2.0**62).astype(np.int64), np.minimum(normal, 0x7F80))
    return sign | h.astype(np.uint16)


def store(values, kind, big_endian):
    width, dtype = TYPES[kind]
    with np.errstate(over="ignore"):
        words = to_bfloat16(values) if dtype is None else values.astype(dtype).view(f"u{width}")
    return words.astype(f">u{width}" if big_endian else f"<u{width}").tobytes()


def load_scales(data, kind):
    width, dtype = TYPES[kind]
    words = np.frombuffer(data, f"<u{width}")
    if dtype is None:
        return (words.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return words.view(dtype).astype(np.float64)


def indices(order, components, n_scales, run, skip, n):
    """The scale number of each value."""
    i = np.arange(n, dtype=np.uint64)
    if order == 1:
        must(skip < n_scales, "skip of a cycle")
        return (i + np.uint64(skip)) % np.uint64(n_scales)
    must(0 < run <= 2**52 and skip < run, "runs")
    must(run % components == skip % components == n % components == 0, "components of runs")
    must(n_scales == components * ((skip + n - 1) // run + 1), "number of scales")
    return (i + np.uint64(skip)) // np.uint64(run) * np.uint64(components) + i % np.uint64(components)


def join_grid(params, codes, elem_bytes, raw_len, big_endian):
    """The bytes of a part of transform 3."""
    n = raw_len // elem_bytes
    must(len(params) >= 24, "grid's parameters cut off")
    kind, order, components, reserved, n_scales, run, skip = struct.unpack_from("<BBBBIQQ", params)
    must(kind in TYPES and TYPES[kind][0] == elem_bytes, "type of a grid")
    must(order <= 1 and components in (1, 2) and reserved == 0, "order of a grid")
    must(1 <= n_scales <= min(n, n // 4 + 2 * components), "number of scales")
    must(len(params) == 24 + n_scales * elem_bytes, "length of the parameters")
    scales = load_scales(params[24:], kind)
    number = indices(order, components, n_scales, run, skip, n)
    must((0 < scales).all() and (scales < math.inf).all(), "scales")
    return store(decode_bins(codes, scales[number], n) * scales[number], kind, big_endian)
