# SPDX-License-Identifier: MIT
"""Coder bins, written from docs/format.md, section 3.6, alone."""

import struct

import numpy as np

from alcm_ans import SLOTS, STATES, Cursor, decode_states
from alcm_must import must
from alcm_range import Levels, RangeDecoder, level_values, magnitude

IN_STATES = 64  # bytes of raw bits


def key_of(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0] >> 49


class Symbol:
    """How many magnitudes it stands for, the first and the middle one, and how many raw bits it has."""

    def __init__(self, number, shift):
        self.first = self.n_bits = self.count = 0
        self.middle = 0.0
        if number == 2 and shift:
            self.count, self.middle, self.n_bits = 2**shift - 1, 2.0 ** (shift - 1), shift + 1
        elif number > 2:
            octave, eighth = shift + (number - 3) // 8, (number - 3) % 8
            first = 2**octave * (8 + eighth)
            self.n_bits = max(octave - 3, 0) + 1
            if octave >= 3 or first % 8 == 0:
                self.first, self.count = first // 8, 2 ** max(octave - 3, 0)
                self.middle = self.first + (self.count - 1) / 2


class Bins:
    def __init__(self, c):
        has_map, self.shift, n_symbols, self.n_classes, n_bins, self.top_key, self.top_scale, self.step, n_words = (
            struct.unpack("<BBBBBHHBI", c.take(14))
        )
        must(has_map <= 1 and self.shift <= 21 and 3 <= n_symbols <= 251, "head of the bins")
        must(1 <= self.n_classes <= 31 and n_bins <= min(64, self.top_key + 1), "counts of the bins")
        must(8 * 1007 <= self.top_key < 8 * 1075 and self.step in (1, 2), "keys of the bins")
        must(not (has_map and self.top_scale), "scale of bins with a map")
        self.has_map, self.n_words = has_map, n_words
        self.zeros = [level_values(c.take(2)) for _ in range(self.n_classes)]
        self.levels = level_values(c.take(n_bins))
        self.symbols = [Symbol(s, self.shift) for s in range(n_symbols)]

    def factor(self, number):
        half_octaves = number * self.step
        return (2**-0.5 if half_octaves % 2 else 1.0) / 2 ** (half_octaves // 2)

    def weight(self, symbol, factor):
        key = key_of(symbol.middle * factor)
        if not symbol.count or key > self.top_key or not self.levels:
            return 0.0
        b = max(len(self.levels) - 1 - (self.top_key - key), 0)
        return self.levels[b] * (symbol.count * factor)

    def frequencies(self, number):
        weights = [level * magnitude(self.top_key) for level in self.zeros[number]]
        weights += [self.weight(s, self.factor(number)) for s in self.symbols[2:]]
        total = 0.0
        for weight in weights:
            total += weight
        must(total > 0, "weights of a class")
        q = (SLOTS - 2 - sum(w > 0 for w in weights[2:])) / total
        sizes = [1 + int(w * q) if s < 2 or w > 0 else 0 for s, w in enumerate(weights)]
        sizes[weights.index(max(weights))] += SLOTS - sum(sizes)
        return sizes

    def slots(self, classes):
        """Rows of (symbol, frequency, start) for each slot of each class that occurs."""
        rows = np.zeros((self.n_classes, SLOTS, 3), np.int64)
        for number in np.unique(classes):
            sizes = self.frequencies(number)
            starts = np.cumsum([0, *sizes[:-1]])
            rows[number] = np.stack([np.repeat(column, sizes) for column in (np.arange(len(sizes)), sizes, starts)], 1)
        return rows.reshape(-1, 3)

    def classes_of_scales(self, scales):
        bits = scales.view(np.uint64)
        half = (bits >> np.uint64(52)).astype(np.int64) * 2
        half += (bits & np.uint64((1 << 52) - 1)) >= np.uint64(0x6A09E667F3BCD)
        number = (self.top_scale - half) // self.step
        return np.where((self.top_scale < half) | (number >= self.n_classes), self.n_classes - 1, number)

    def classes_of_map(self, c, n):
        row_len, row_skip, length = struct.unpack("<III", c.take(12))
        must(1 <= row_len <= 4096 and row_skip < row_len, "map of the bins")
        decoder, model = RangeDecoder(c.take(length)), Levels()
        columns = np.array([model.next(decoder) for _ in range(row_len)])
        model = Levels()
        rows = np.array([model.next(decoder) for _ in range((row_skip + n - 1) // row_len + 1)])
        must(decoder.at == len(decoder.data), "length of the levels")
        i = np.arange(n) + row_skip
        classes = rows[i // row_len] + columns[i % row_len]
        must(classes.max() < self.n_classes, "class of a value")
        return classes


def decode_bins(plane, scales, n):
    """The codes, as doubles with their signs; `scales` are the values'."""
    c = Cursor(plane)
    bins = Bins(c)
    classes = bins.classes_of_map(c, n) if bins.has_map else bins.classes_of_scales(scales)
    x = np.frombuffer(c.take(4 * STATES), "<u4").astype(np.int64)
    symbols = decode_states(x, c.take(2 * bins.n_words), bins.slots(classes), classes, n)
    must((x >> 16 == 1).all(), "end of the words")
    rest = bytes(c.data[c.at :])
    bits = int.from_bytes((x & 0xFFFF).astype("<u2").tobytes() + rest, "little")
    n_bits = sum(bins.symbols[s].n_bits for s in symbols)
    must(len(rest) == max((n_bits + 7) // 8 - IN_STATES, 0), "length of the raw bits")
    codes, at = np.empty(n), 0
    digits = bin(bits | 1 << (8 * (IN_STATES + len(rest))))[:2:-1]  # from the lowest bit on
    for i, number in enumerate(symbols):
        symbol = bins.symbols[number]
        v = int(digits[at : at + symbol.n_bits][::-1] or "0", 2)
        at += symbol.n_bits
        k = float(symbol.first + (v >> 1))
        codes[i] = -k if v & 1 or number == 1 else k
    return codes
