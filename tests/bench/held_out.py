#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tensors of kinds that the codec was not made with: held_out.py DIR [FRESH]

Writes some twenty .npy files into DIR, for build/tests/bench/oracle and alcm-lab bench. With FRESH, a second folder, a
dozen of other kinds, which nobody had looked at when the choosers were made: keep it so.
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
m = 1 << 16
u = np.arange(m)
tone = np.convolve(rng.normal(0, 1, m + 63), np.hanning(64), "valid")
fresh = {
    "audio_i2": np.rint(8000 * tone / np.abs(tone).max()).astype("i2"),
    "audio_f4": (tone / np.abs(tone).max()).astype("f4"),
    "returns_f8": rng.standard_t(4, m) * 0.01,
    "temperatures_f4": np.round(15 + 10 * np.sin(u / 3800) + rng.normal(0, 0.5, m), 1).astype("f4"),
    "coordinates_f8": np.round(48 + np.cumsum(rng.normal(0, 1e-4, m)), 6),
    "timestamps_i8": 1_700_000_000_000 + np.cumsum(rng.integers(900, 1100, m)),
    "sorted_f4": np.sort(rng.normal(0, 1, m)).astype("f4"),
    "vertices_f4": np.stack([np.cos(u / 50), np.sin(u / 50), u / m], 1)[: m // 3].astype("f4"),
    "one_hot_f4": np.eye(64, dtype="f4")[rng.integers(0, 64, m // 64)],
    "categories_i2": rng.choice(300, m, p=rng.dirichlet(np.full(300, 0.1))).astype("i2"),
    "laplace_weights_f4": rng.laplace(0, 0.02, (256, 256)).astype("f4"),
    "rounded_weights_f4": (np.rint(rng.normal(0, 1, (256, 256)) * 32) / 256).astype("f4"),
    "hashes_u8": rng.integers(0, 1 << 63, m // 4, dtype="u8"),
    "histogram_u4": rng.negative_binomial(2, 0.01, m).astype("u4"),
}
for folder, arrays in zip(sys.argv[1:], (tensors, fresh)):
    for name, array in arrays.items():
        np.save(pathlib.Path(folder) / f"{name}.npy", array)
