#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mixed_stream: one file in which kinds of content take turns. make_data.py FOLDER

Blocks of 16 to 80 KiB, in random order: log lines, comma-separated numbers, float32 values, int16
samples of a sum of two tones, zeros, and bytes that nothing can compress.
Integer arithmetic and random.random() only, so that every machine makes the same bytes.
"""
import pathlib
import random
import struct
import sys

N_BYTES = 2 << 20
rng = random.Random(42)


def logs(n):
    lines = bytearray()
    second = int(rng.random() * 80000)
    while len(lines) < n:
        second += int(rng.random() * 3)
        lines += (f"12:{second // 60 % 60:02}:{second % 60:02} worker-{int(rng.random() * 8)} "
                  f"{('INFO', 'INFO', 'WARN')[int(rng.random() * 3)]} step {second * 7} loss "
                  f"0.{int(rng.random() * 9999):04} rate 3e-4\n").encode()
    return lines[:n]


def table(n):
    rows = bytearray()
    while len(rows) < n:
        rows += b",".join(b"%d.%02d" % (int(rng.random() * 1000), int(rng.random() * 100))
                          for _ in range(8)) + b"\n"
    return rows[:n]


def floats(n):
    """Sums of uniform values: exact in binary, so the same everywhere."""
    return struct.pack(f"<{n // 4}f", *((rng.random() + rng.random() + rng.random() - 1.5) / 32
                                        for _ in range(n // 4)))


def tones(n):
    """Triangle waves, since sines differ in the last bit between machines."""
    def wave(i, period, height):
        at = i % period
        return abs(2 * at - period) * height // period

    return struct.pack(f"<{n // 2}h", *(wave(i, 97, 9000) + wave(i, 251, 5000) + int(rng.random() * 16)
                                        for i in range(n // 2)))


def noise(n):
    return bytes(int(rng.random() * 256) for _ in range(n))


kinds = (logs, table, floats, tones, bytes, noise)
stream = bytearray()
while len(stream) < N_BYTES:
    stream += kinds[int(rng.random() * len(kinds))]((16 << 10) + 4 * int(rng.random() * (16 << 10)))
(pathlib.Path(sys.argv[1]) / "stream.bin").write_bytes(stream[:N_BYTES])
