#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Floats of 8 bits, whole and taken apart: float8.py [--alcm PROGRAM]

Weights are rounded to OCP's E4M3 and E5M2 here (to nearest, ties to even, saturating) and packed as safetensors. Prints
a Markdown table: bits a value takes, its entropy, and what the entropies of sign, exponent and mantissa add up to.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHAPE = (1024, 2048)


def values(mantissa_bits, bias, n):
    """Of the first n codes, which are the finite ones that are not negative."""
    code = np.arange(n)
    exponent, mantissa = code >> mantissa_bits, (code & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    return np.where(exponent > 0, 2.0 ** (exponent - bias) * (1 + mantissa), 2.0 ** (1 - bias) * mantissa)


def cast(x, known):
    a = np.abs(x).clip(0, known[-1])
    above = np.searchsorted(known, a).clip(1, len(known) - 1)
    nearer = (a - known[above - 1]) - (known[above] - a)
    code = np.where((nearer > 0) | ((nearer == 0) & (above % 2 == 0)), above, above - 1)
    return (code | np.signbit(x) << 7).astype("u1")


def entropy(codes):
    p = np.bincount(codes.ravel()) / codes.size
    return -sum(p[p > 0] * np.log2(p[p > 0]))


def coded(alcm, folder, dtype, codes):
    """Bits that a value of the tensor takes."""
    head = json.dumps({"w": {"dtype": dtype, "shape": codes.shape, "data_offsets": [0, codes.nbytes]}}).encode()
    path = folder / "w.safetensors"
    path.write_bytes(len(head).to_bytes(8, "little") + head + codes.tobytes())
    subprocess.run([alcm, "pack", "--force", "-o", folder / "w.alcm", path], check=True, stdout=subprocess.DEVNULL)
    report = json.loads(subprocess.run([alcm, "info", "--json", folder / "w.alcm"], check=True, capture_output=True).stdout)
    return 8 * report["tensors"][0]["stored"] / codes.size


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[0].split(": ")[1])
    parser.add_argument("--alcm", default=os.path.join(TOP, "build/tools/alcm"))
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    normal = rng.standard_normal(SHAPE)
    blocks = np.abs(normal.reshape(8, 128, 16, 128)).max((1, 3), keepdims=True)
    data = {"N(0, 1)": normal, "N(0, 0.02²)": normal * 0.02,
            "scaled to 448 by blocks of 128 × 128": (normal.reshape(8, 128, 16, 128) / blocks * 448).reshape(SHAPE),
            "rows that differ (σ = exp(N(0, 0.5²)))": normal * np.exp(rng.normal(0, 0.5, (SHAPE[0], 1))),
            "half of them zero": np.where(rng.random(SHAPE) < 0.5, 0, normal)}
    print("| type | values | bits | entropy | of sign, exponent, mantissa |")
    print("|---|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as work:
        for dtype, bits, bias, n in (("F8_E4M3", 3, 7, 127), ("F8_E5M2", 2, 15, 124)):
            for name, x in data.items():
                codes = cast(x, values(bits, bias, n))
                apart = sum(map(entropy, (codes >> 7, (codes & 127) >> bits, codes & ((1 << bits) - 1))))
                print(f"| {dtype} | {name} | {coded(args.alcm, pathlib.Path(work), dtype, codes):.3f} "
                      f"| {entropy(codes):.3f} | {apart:.3f} |")


main()
