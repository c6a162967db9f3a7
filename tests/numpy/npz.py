#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Our .npz against NumPy's own: same members, same .npy bytes, same size.

    npz.py NPZ_DRIVER
"""

import io
import subprocess
import sys
import zipfile

import numpy as np


def drive(args, data):
    done = subprocess.run([sys.argv[1], *map(str, args)], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def shape_text(shape):
    return "x".join(map(str, shape)) or "-"


def ours(compressed, arrays):
    args = ["compressed" if compressed else "stored"]
    for name, a in arrays.items():
        args += [name, a.dtype.str, shape_text(a.shape), a.nbytes]
    return drive(args, b"".join(a.tobytes() for a in arrays.values()))


def numpys(compressed, arrays):
    out = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(out, **arrays)
    return out.getvalue()


def check_written(what, compressed, arrays):
    got, want = ours(compressed, arrays), numpys(compressed, arrays)
    slack = len(want) / 1000 if compressed else 0  # another zlib may be at work
    assert abs(len(got) - len(want)) <= slack, f"{what}: {len(got)} bytes, NumPy has {len(want)}"
    a, b = zipfile.ZipFile(io.BytesIO(got)), zipfile.ZipFile(io.BytesIO(want))
    assert a.testzip() is None
    assert a.namelist() == b.namelist(), f"{what}: {a.namelist()}"
    for mine, theirs in zip(a.infolist(), b.infolist()):
        assert a.read(mine) == b.read(theirs), f"{what}: {mine.filename} differs"
        for field in ("compress_type", "flag_bits", "date_time", "external_attr", "create_system"):
            mine_has, theirs_has = getattr(mine, field), getattr(theirs, field)
            assert mine_has == theirs_has, f"{what}: {field} is {mine_has}, NumPy's {theirs_has}"
    loaded = np.load(io.BytesIO(got))
    for name, array in arrays.items():
        assert loaded[name].tobytes() == array.tobytes() and loaded[name].shape == array.shape, what
    return got == want


def gradient(epoch):
    np.random.seed(epoch + 42)
    base = np.random.randn(100, 100).astype(np.float32)
    return base * (np.random.rand(100, 100) > 0.3)


def main():
    sets = {f"epoch {e}": {"arr_0": gradient(e)} for e in range(1, 11)}
    t = gradient(1)
    sets["three arrays"] = {"quantised": np.round(t * 20) / 20, "mask": np.abs(t) > 0.1,
                            "scales": np.full(t.shape, 0.05, np.float32)}
    sets["shapes"] = {"scalar": np.float64(3), "one": np.arange(9.0), "none": np.zeros((0, 4)),
                      "many": np.zeros((1, 2, 3, 1, 2, 1, 1, 2), ">i2"), "x" * 59: np.zeros(3, "<f2")}
    # Headers of all lengths around a multiple of 64.
    for n in range(8):
        for zeros in range(8):
            shape = (0,) + (10,) * (zeros % 7) + (10**n,)
            sets[f"header {n} {zeros}"] = {"a": np.zeros(shape, f"<M8[{10 ** (zeros + 1)}s]")}
    sets = {name: {k: np.asarray(a) for k, a in arrays.items()} for name, arrays in sets.items()}
    n_equal = 0
    for name, arrays in sets.items():
        for compressed in (False, True):
            n_equal += check_written(name, compressed, arrays)
    print(f"{2 * len(sets)} archives as NumPy's, {n_equal} of them to the last byte")


main()
