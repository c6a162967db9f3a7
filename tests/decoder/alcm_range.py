# SPDX-License-Identifier: MIT
"""The range coder, levels and densities' parts, written from docs/format.md, sections 3.4 and 3.5, alone."""

import math
import struct

TOTAL = 1 << 14


def magnitude(key):
    return struct.unpack("<d", struct.pack("<Q", key << 49))[0]


def codes_below(limit, scale):
    """How many k >= 1 have k * scale < limit."""
    k = math.floor(limit / scale) if limit / scale < 2.0**60 else 2**60
    while k > 0 and float(k) * scale >= limit:
        k -= 1
    while float(k + 1) * scale < limit:
        k += 1
    return k


def level_values(levels):
    return [math.ldexp(2 ** (v % 8 / 8), v // 8) if v else 0.0 for v in levels]


class RangeDecoder:
    def __init__(self, data):
        self.data, self.at = data, 5
        self.range = 2**32 - 1
        self.code = int.from_bytes(data[:5].ljust(5, b"\0"), "big") % 2**32

    def place(self, total):
        self.r = self.range // total
        return min(self.code // self.r, total - 1)

    def take(self, start, size):
        self.code = (self.code - self.r * start) % 2**32
        self.range = self.r * size
        while self.range < 2**24:
            byte = self.data[self.at] if self.at < len(self.data) else 0
            self.at += 1
            self.range = self.range * 256 % 2**32
            self.code = (self.code * 256 + byte) % 2**32

    def one_of(self, total):
        at = self.place(total)
        self.take(at, 1)
        return at

    def number(self, n):
        """One of n equally likely numbers."""
        low_bits = 0
        while (n - 1) >> low_bits >= TOTAL:
            low_bits += 1
        total = ((n - 1) >> low_bits) + 1
        v = self.one_of(total) if total > 1 else 0
        while low_bits:
            bits = min(low_bits, 14)
            v = v << bits | self.one_of(1 << bits)
            low_bits -= bits
        return v


class Levels:
    """The frequencies of rows' or columns' levels, which follow those that were met."""

    def __init__(self):
        self.counts = [1] * 16

    def next(self, decoder):
        at = decoder.place(sum(self.counts))
        level = 0
        while sum(self.counts[: level + 1]) <= at:
            level += 1
        decoder.take(sum(self.counts[:level]), self.counts[level])
        self.counts[level] += 4
        if sum(self.counts) > 8192:
            self.counts = [c - c // 2 for c in self.counts]
        return level
