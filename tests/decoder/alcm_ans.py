# SPDX-License-Identifier: MIT
"""Coder ans, written from docs/format.md, sections 3.4 and 3.5, alone."""

import struct

import numpy as np

from alcm_must import must

SLOTS = 2048
STATES, WIDE_STATES = 32, 64
STATE_MIN = 1 << 16


class Cursor:
    """Bytes, taken from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        must(n <= len(self.data) - self.at, "coded data cut off")
        self.at += n
        return self.data[self.at - n : self.at]


def nibbles(data, n):
    pairs = np.frombuffer(data, np.uint8)
    return np.stack((pairs & 15, pairs >> 4), 1).ravel()[:n].astype(np.int64)


def tables_of_values(c, n_tables, n):
    """Section 3.6's map: the table of each value."""
    row_len, row_skip, n_classes = struct.unpack("<IIB", c.take(9))
    must(1 <= row_len <= 4096 and row_skip < row_len and 1 <= n_classes <= 31, "map of an ans plane")
    table_of = np.zeros(31, np.int64)
    table_of[:n_classes] = np.frombuffer(c.take(n_classes), np.uint8)
    must(table_of.max() < n_tables, "table of a class")
    columns = nibbles(c.take((row_len + 1) // 2), row_len)
    n_rows = (row_skip + n - 1) // row_len + 1
    rows = nibbles(c.take((n_rows + 1) // 2), n_rows)
    i = np.arange(n) + row_skip
    return table_of[rows[i // row_len] + columns[i % row_len]]


def read_rows(c):
    """(symbol, frequency) of each symbol."""
    count = c.take(1)[0] + 1
    return [struct.unpack("<BH", c.take(3)) for _ in range(count)]


def read_wide_rows(c):
    """The same in the wide form, section 3.5."""
    symbol, rows, left = c.take(1)[0], [], SLOTS
    while left > 0:
        freq = c.take(1)[0]
        if freq == 0:
            symbol += c.take(1)[0] + 1
            continue
        if freq >= 128:
            freq = freq - 128 + c.take(1)[0] * 128
        rows.append((symbol, freq))
        must(freq > 0 and symbol < 256, "a table's symbols")
        symbol, left = symbol + 1, left - freq
    return rows


def read_table(rows):
    """(symbol, frequency, start) of each slot."""
    symbols, freqs = zip(*rows)
    must(all(a < b for a, b in zip(symbols, symbols[1:])), "order of symbols")
    must(min(freqs) >= 1 and sum(freqs) == SLOTS, "frequencies")
    starts = np.cumsum((0, *freqs[:-1]))
    return np.stack([np.repeat(column, freqs) for column in (symbols, freqs, starts)], 1)


def decode_states(x, words, slots, table_of, n):
    """n symbols by their tables, from the states x, which are left as they are in the end."""
    words = np.frombuffer(words, "<u2").astype(np.int64)
    out, at = np.empty(n, np.uint8), 0
    for i in range(0, n, len(x)):
        count = min(len(x), n - i)
        slot = x[:count] % SLOTS
        found = slots[table_of[i : i + count] * SLOTS + slot]
        out[i : i + count] = found[:, 0]
        new = found[:, 1] * (x[:count] // SLOTS) + slot - found[:, 2]
        wanted = np.flatnonzero(new < STATE_MIN)
        must(at + len(wanted) <= len(words), "words")
        new[wanted] = new[wanted] * STATE_MIN + words[at : at + len(wanted)]
        at += len(wanted)
        x[:count] = new
    must(at == len(words), "words that are left")
    return out


def decode_ans(data, n, states=STATES):
    c = Cursor(data)
    read = read_rows if states == STATES else read_wide_rows
    n_tables = c.take(1)[0]
    must(1 <= n_tables <= 8, "number of tables")
    table_of = tables_of_values(c, n_tables, n) if n_tables > 1 else np.zeros(n, np.int64)
    slots = np.concatenate([read_table(read(c)) for _ in range(n_tables)])
    x = np.frombuffer(c.take(4 * states), "<u4").astype(np.int64)
    rest = c.data[c.at :]
    must(len(rest) % 2 == 0, "half a word")
    out = decode_states(x, rest, slots, table_of, n)
    must((x == STATE_MIN).all(), "end of the ans data")
    return out.tobytes()
