#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tensors of kinds that the codec was not made with: held_out.py DIR

Writes some twenty .npy files into DIR, for build/tests/bench/oracle and alcm bench.
"""
import pathlib
import sys

import numpy as np

rng = np.random.default_rng(2026)
n = 1 << 18
t = np.arange(n)
row, column = np.exp(rng.normal(0, 1.5, 512)), np.exp(rng.normal(0, 1, 512))
walk = np.cumsum(rng.normal(0, 1, n))
x, y = np.meshgrid(np.linspace(-3, 3, 512), np.linspace(-3, 3, 512))
picture = np.exp(-x * x - y * y) * 200 + 20 * np.sin(5 * x) + rng.normal(0, 2, x.shape) + 30

tensors = {
    "conv_kernels_f4": rng.normal(0, 1, (64, 32, 3, 3)).astype("f4") * row[:64, None, None, None].astype("f4"),
    "orthogonal_f4": np.linalg.qr(rng.normal(0, 1, (512, 512)))[0].astype("f4"),
    "low_rank_f4": (rng.normal(0, 1, (512, 8)) @ rng.normal(0, 1, (8, 512))).astype("f4"),
    "second_moments_f4": (rng.chisquare(1, (512, 512)) * row[:, None] * column * 1e-9).astype("f4"),
    "first_moments_f2": (rng.normal(0, 1, (512, 512)) * row[:, None] * 1e-3).astype("f2"),
    "uniform_f8": rng.random(n // 2),
    "prices_f8": np.round(100 + walk / 20, 2),
    "walk_f4": walk.astype("f4"),
    "sine_f4": np.sin(t / 100).astype("f4"),
    "relu_f4": np.maximum(rng.normal(-0.5, 1, (512, 512)), 0).astype("f4"),
    "block_sparse_f4": (rng.normal(0, 1, (512, 512)) * np.kron(rng.random((16, 16)) < 0.2, np.ones((32, 32)))).astype("f4"),
    "repeated_embeddings_f2": rng.normal(0, 1, (200, 256)).astype("f2")[rng.integers(0, 200, 1000)],
    "probabilities_f4": np.exp(rng.normal(0, 4, (256, 1024))).astype("f4"),
    "quantised_weights_i1": np.clip(np.rint(rng.normal(0, 20, (512, 512))), -127, 127).astype("i1"),
    "picture_u1": np.clip(picture, 0, 255).astype("u1"),
    "depth_u2": np.clip(picture * 50, 0, 65535).astype("u2"),
    "sorted_ids_i8": np.sort(rng.integers(0, 1 << 40, n // 4)),
    "random_ids_i4": rng.integers(0, 50_000, n).astype("i4"),
    "words_i4": np.minimum(rng.zipf(1.3, n), 50_000).astype("i4"),
    "counts_u2": rng.poisson(3, n).astype("u2"),
    "adjacency_b1": rng.random((512, 512)) < 0.02,
    "spectrum_c8": np.fft.rfft2(picture).astype("c8"),
}
for name, array in tensors.items():
    np.save(pathlib.Path(sys.argv[1]) / f"{name}.npy", array)
