# SPDX-License-Identifier: MIT
# also: user
"""A file that holds its weights twice takes the space of one, and reads right whatever becomes of either."""
import io
import os
import subprocess

import numpy as np

import e2e

weights = np.random.default_rng(5).normal(0, 0.02, 1_500_001).astype("f4").tobytes()
third = np.random.default_rng(7).normal(0, 0.02, 1_500_001).astype("f4").tobytes()
other = np.random.default_rng(6).normal(0, 0.02, 1_500_001).astype("f4").tobytes()


def stored():
    return os.stat(e2e.s("twice.npy")).st_blocks * 512


def holds(want, when):
    for _ in range(2):
        e2e.reads_as(e2e.m("twice.npy"), want, when)
        e2e.remount()


def head_of(data):
    out = io.BytesIO()
    np.save(out, np.frombuffer(data, "f4"))
    return out.getvalue()[: -len(data)]


def alcm(*args):
    return subprocess.check_output([e2e.ALCM, *args])


e2e.write(e2e.m("once.npy"), head_of(weights) + weights)
head = head_of(weights * 2)
e2e.write(e2e.m("twice.npy"), head + weights * 2)
assert e2e.is_blob("twice.npy")
assert stored() < 1.05 * os.stat(e2e.s("once.npy")).st_blocks * 512, "the second copy takes space of its own"
holds(head + weights * 2, "as written")

# The first copy is overwritten in place, then both, then most of the file is cut off.
with open(e2e.m("twice.npy"), "r+b") as file:
    file.seek(len(head))
    file.write(other)
holds(head + other + weights, "after the first copy was overwritten")
with open(e2e.m("twice.npy"), "r+b") as file:
    file.seek(len(head))
    file.write(third * 2)
holds(head + third * 2, "after both were")
assert stored() < 1.1 * os.stat(e2e.s("once.npy")).st_blocks * 512, "what nothing refers to is still there"
os.truncate(e2e.m("twice.npy"), len(head) + 5000)
holds((head + third)[: len(head) + 5000], "after it was cut")

# Packed, unpacked and read without a mount.
e2e.write(e2e.m("twice.npy"), head + weights * 2)
e2e.unmount()
e2e.equal(alcm("cat", e2e.s("twice.npy")), head + weights * 2, "alcm cat")
alcm("unpack", e2e.s("twice.npy"))
e2e.equal(e2e.read(e2e.s("twice.npy")), head + weights * 2, "unpacked")
alcm("pack", e2e.s("twice.npy"))
e2e.equal(alcm("cat", e2e.s("twice.npy")), head + weights * 2, "packed again")
e2e.mount()
