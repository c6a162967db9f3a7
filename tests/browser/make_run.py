#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tensors like those of a training run, for reports to be about: make_run.py DIR

Weights, gradients and moments of a small transformer at six steps, token ids and a mask, a few
other types, and files that are no tensors.
"""
import pathlib
import sys

import numpy as np

STEPS = (100, 200, 300, 400, 500, 600)
SHAPES = {"embed": (512, 96), "block.0.attn.qkv": (288, 96), "block.0.attn.out": (96, 96),
          "block.0.mlp.up": (384, 96), "block.0.mlp.down": (96, 384), "norm": (96,)}


def bfloat16(a):
    """NumPy has no name for it: two bytes without a type."""
    return (np.ascontiguousarray(a, "<f4").view("<u4") >> 16).astype("<u2").view("V2")


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def save_step(rng, top, step, weights):
    for name, w in weights.items():
        scale = np.exp(rng.normal(-9, 1, (w.shape[0],) + (1,) * (w.ndim - 1))).astype("f4")
        grad = rng.standard_normal(w.shape, dtype="f4") * scale
        if name == "embed":  # of tokens that did not occur there is none
            grad[rng.permutation(len(grad))[:300]] = 0
        w -= 50 * grad
        save(top / f"weight/{name}.npy", w)
        save(top / f"exp_avg/{name}.npy", grad * .1)
        save(top / f"exp_avg_sq/{name}.npy", grad * grad)
    save(top / "bf16/block.0.mlp.up.npy", bfloat16(weights["block.0.mlp.up"]))
    (top / "trainer_state.json").write_text(f'{{"step": {step}}}\n')


def main(top):
    rng = np.random.default_rng(7)
    weights = {n: (rng.standard_normal(s, dtype="f4") / np.float32(s[-1]) ** .5)
               for n, s in SHAPES.items()}
    for step in STEPS:
        save_step(rng, top / f"run/step{step}", step, weights)
    save(top / "data/tokens.npy", rng.zipf(1.3, 60_000).clip(0, 30_000).astype("i4"))
    save(top / "data/mask.npy", rng.random((256, 256)) < .2)
    save(top / "data/images.npy", (rng.standard_normal((40, 28, 28)).cumsum(2) * 9 + 90).astype("u1"))
    save(top / "eval/logits.npy", rng.standard_normal((400, 64)).astype("f2"))
    save(top / "eval/scores.npy", rng.standard_normal(9_000))
    save(top / "eval/tiny.npy", np.zeros(3, "f4"))
    (top / "README.txt").write_text("A run.\n")


main(pathlib.Path(sys.argv[1]))
