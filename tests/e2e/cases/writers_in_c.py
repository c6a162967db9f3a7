# SPDX-License-Identifier: MIT
# mount: chunk=64
# timeout: 120
"""A C program that writes byte by byte, backwards, with holes, and twice."""
import os
import shutil
import subprocess

import e2e
import numpy as np

compiler = shutil.which("cc") or shutil.which("gcc") or e2e.skip("no C compiler")
writer = os.path.join(e2e.WORK, "writer")
source = os.path.join(e2e.TOP, "tests/e2e/lib/writer.c")
subprocess.run([compiler, "-O1", "-D_GNU_SOURCE", "-o", writer, source], check=True)


def sparse():
    values = np.zeros(100_000, dtype="f4")
    values[::30_000] = 1
    np.save(os.path.join(e2e.WORK, "sparse.npy"), values)
    return e2e.read(os.path.join(e2e.WORK, "sparse.npy"))


small, large = e2e.npy(17_001), e2e.npy(100_003, "f8")
files = {}
for mode, data in (("bytes", small), ("backwards", small), ("pieces_backwards", large),
                   ("holes", sparse()), ("twice", large)):
    original = os.path.join(e2e.WORK, mode)
    e2e.write(original, data)
    name = f"{mode}.npy"
    subprocess.run([writer, mode, original, e2e.m(name)], check=True)
    files[name] = data
    assert e2e.is_blob(name), f"{name} is no blob"
e2e.all_read_as(files, "chunk=64")
