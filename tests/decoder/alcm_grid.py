# SPDX-License-Identifier: MIT
"""Transform grid and its first coders, written from docs/format.md, sections 3.3 to 3.5, alone."""

import math
import struct

import numpy as np

from alcm_bins import decode_bins
from alcm_must import must
from alcm_range import Levels, RangeDecoder, codes_below, level_values, magnitude

TOTAL = 1 << 14
TYPES = {1: (2, np.float16), 2: (2, None), 3: (4, np.float32), 4: (8, np.float64)}


class Density:
    def __init__(self, top_key, n_bins, levels):
        must(n_bins <= 64 and top_key < 0x3FF7 and n_bins <= top_key + 1, "density's bins")
        must(len(levels) == 2 + n_bins, "density's levels cut off")
        self.top_key = top_key
        self.levels = level_values(levels)
        first = self.top_key - n_bins + 1
        self.limits = [0.0] + [magnitude(first + b) for b in range(1, n_bins + 1)]

    @classmethod
    def parse(cls, plane):
        """(density, its length)"""
        must(len(plane) >= 5, "density cut off")
        top_key, n_bins = struct.unpack_from("<HB", plane)
        return cls(top_key, n_bins, plane[3 : 5 + n_bins]), 5 + n_bins

    def table(self, scale):
        """(below, start of each symbol and the total) of a scale."""
        below = [0] + [codes_below(limit, scale) for limit in self.limits[1:]]
        must(below[-1] < 2**52, "too many codes")
        weights = [level * magnitude(self.top_key) for level in self.levels[:2]]
        for b, level in enumerate(self.levels[2:]):
            weights.append(level * (float(below[b + 1] - below[b]) * scale))
        total = 0.0
        for weight in weights:
            total += weight
        must(0 < total < math.inf, "density of a scale")
        possible = sum(weight > 0 for weight in weights)
        sizes = [1 + math.floor(w * (TOTAL - possible) / total) if w > 0 else 0 for w in weights]
        sizes[weights.index(max(weights))] += TOTAL - sum(sizes)
        return below, np.concatenate(([0], np.cumsum(sizes)))


def next_code(decoder, below, start):
    symbol = int(np.searchsorted(start, decoder.place(TOTAL), side="right")) - 1
    decoder.take(int(start[symbol]), int(start[symbol + 1] - start[symbol]))
    if symbol < 2:
        return -0.0 if symbol else 0.0
    b = symbol - 2
    v = decoder.number(2 * (below[b + 1] - below[b]))
    k = float(below[b] + 1 + (v >> 1))
    return -k if v & 1 else k


def decode_spread(plane, scale, n):
    """The codes of section 3.5."""
    must(len(plane) >= 12, "spread cut off")
    top_key, n_bins, n_classes, row_len, row_skip = struct.unpack_from("<HBBII", plane)
    must(1 <= n_classes <= 31 and 1 <= row_len <= 4096 and row_skip < row_len, "map of a spread")
    bins = 12 + 2 * n_classes
    must(len(plane) >= bins + n_bins, "spread's levels cut off")
    decoder = RangeDecoder(plane[bins + n_bins :])
    model = Levels()
    columns = [model.next(decoder) for _ in range(row_len)]
    tables = {}
    codes = np.empty(n)
    model = Levels()
    for i in range(n):
        row, column = divmod(i + row_skip, row_len)
        if i == 0 or column == 0:
            row_level = model.next(decoder)
            for c in {row_level + level for level in columns} - set(tables):
                must(c < n_classes, "class of a value")
                zeros = plane[12 + 2 * c : 14 + 2 * c]
                density = Density(top_key, n_bins, zeros + plane[bins : bins + n_bins])
                tables[c] = density.table((scale * 2**-0.5 if c % 2 else scale) / 2 ** (c // 2))
        codes[i] = next_code(decoder, *tables[row_level + columns[column]])
    must(decoder.at == len(decoder.data), "length of the codes")
    return codes


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


def join_grid(params, coder, codes, elem_bytes, raw_len, big_endian):
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
    if coder == 8:
        must((0 < scales).all() and (scales < math.inf).all(), "scales")
        return store(decode_bins(codes, scales[number], n) * scales[number], kind, big_endian)
    if coder == 5:
        must(order == 0 and n_scales == 1 and 0 < scales[0] < math.inf, "the scale of a spread")
        return store(decode_spread(codes, scales[0], n) * scales[0], kind, big_endian)
    density, length = Density.parse(codes)
    decoder = RangeDecoder(codes[length:])
    values = np.empty(n)
    for s, scale in enumerate(scales):
        where = np.flatnonzero(number == s)
        if len(where):
            must(0 < scale < math.inf, "a scale")
            table = density.table(scale)
            values[where] = [next_code(decoder, *table) * scale for _ in where]
    must(decoder.at == len(decoder.data), "length of the codes")
    return store(values, kind, big_endian)
