#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The generator against NumPy's: every bit of gradients and random numbers.

    synth.py SYNTH_DRIVER
    synth.py --hashes         (prints the table of tests/unit/test_synth.c)
"""

import subprocess
import sys

import numpy as np


def gradient(epoch, rows, cols):
    np.random.seed(epoch + 42)
    base = np.random.randn(rows, cols).astype(np.float32)
    mask = np.random.rand(rows, cols) > 0.3
    return base * mask


def stream(what, seed, n):
    rng = np.random.RandomState(seed)
    if what == "rand":
        return rng.rand(n)
    if what == "randn":
        return rng.randn(n)
    if what == "uniform":
        return rng.uniform(-0.3, 1.7, n)
    return np.array([rng.rand() if i % 4 == 3 else rng.randn() for i in range(n)])


def check(name, args, want):
    out = subprocess.run([sys.argv[1], *map(str, args)], stdout=subprocess.PIPE, check=True).stdout
    assert len(out) == want.nbytes, f"{name}: {len(out)} bytes instead of {want.nbytes}"
    word = f"u{want.itemsize}"
    bad = np.flatnonzero(np.frombuffer(out, word) != want.reshape(-1).view(word))
    assert not len(bad), f"{name}: {len(bad)} of {want.size} values differ, the first at {bad[0]}"


def fnv1a(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h


def print_hashes():
    for epoch in range(1, 11):
        print(f"\t{fnv1a(gradient(epoch, 100, 100).tobytes()):#018x},")
    print(f"{fnv1a(b''.join(gradient(e, 50, 50).tobytes() for e in range(50))):#018x}")


def main():
    if sys.argv[1] == "--hashes":
        print_hashes()
        return
    shapes = [(e, 100, 100) for e in range(1, 11)] + [(e, 50, 50) for e in range(50)]
    for epoch, rows, cols in shapes + [(3, 7, 11), (3, 1, 1), (2**32 - 43, 64, 3)]:
        check(f"gradient {epoch} {rows}x{cols}", ("gradient", epoch, rows, cols),
              gradient(epoch, rows, cols))
    for what in ("rand", "randn", "uniform", "mixed"):
        for seed in (0, 1, 42, 5489, 2**31, 2**32 - 1):
            check(f"{what} {seed}", (what, seed, 2000), stream(what, seed, 2000))
    print(f"{len(shapes) + 3} tensors and 24 streams equal NumPy's bit for bit")


main()
