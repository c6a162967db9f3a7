#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What rounding towards zero would gain a lossy profile: dead_zone.py CORPUS

Codes of |x| / step + 1/2 - zone, for zones from 0 to 0.25, with the step that gives each the same relative L2
error as zone 0; bits a value by the codes' entropy, within classes of rows and columns that spread alike.
Prints a row per class of the corpus (a folder of .npy files), zone 0 first.
"""

import collections
import os
import sys

import numpy as np

ZONES = (0, 0.05, 0.1, 0.15, 0.2, 0.25)
ERROR = 0.026  # about that of profile paper on gradients


def entropy(symbols):
    counts = np.unique(symbols, return_counts=True)[1]
    return -(counts * np.log2(counts / counts.sum())).sum()


def bits(codes):
    magnitude = np.abs(codes)
    rows, columns = magnitude.mean(1) + 1e-3, magnitude.mean(0) / (magnitude.mean() + 1e-3) + 1e-3
    classes = np.rint(2 * np.log2(rows))[:, None] + np.rint(2 * np.log2(columns))[None, :]
    return sum(entropy(codes[classes == c]) for c in np.unique(classes))


def quantise(x, step, zone):
    return np.sign(x) * np.floor(np.abs(x) / step + 0.5 - zone)


def bits_at_error(x, zone):
    step = ERROR * np.sqrt(12 * (x**2).mean())
    for _ in range(40):
        codes = quantise(x, step, zone)
        step *= ERROR / (np.linalg.norm(x - codes * step) / np.linalg.norm(x))
    return bits(quantise(x, step, zone))


sums = collections.defaultdict(lambda: np.zeros(1 + len(ZONES)))
for folder, _, names in sorted(os.walk(sys.argv[1])):
    for name in sorted(names):
        array = np.load(os.path.join(folder, name)) if name.endswith(".npy") and "odd" not in folder else None
        if array is None or array.ndim != 2 or array.dtype != np.float32 or array.size < 10_000:
            continue
        x = array.astype("f8")
        sums[os.path.relpath(folder, sys.argv[1])] += [x.size, *(bits_at_error(x, zone) for zone in ZONES)]
print("class", *(f"zone {zone}" for zone in ZONES), sep="\t")
for folder, (n, *totals) in sums.items():
    print(folder, *(f"{total / n:.3f}" for total in totals), sep="\t")
