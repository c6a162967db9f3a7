# SPDX-License-Identifier: MIT
"""What coder bins is made of, written from docs/format.md, section 3.6, alone: range coder, levels, densities."""

import math
import struct


def magnitude(key):
    return struct.unpack("<d", struct.pack("<Q", key << 49))[0]


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
