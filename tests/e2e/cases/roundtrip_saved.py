# SPDX-License-Identifier: MIT
# also: user
# timeout: 120
"""Every good fixture and corpus array saved by np.save and loaded by np.load, also by mmap."""
import io
import os

import e2e
import numpy as np


def sources():
    for name, data in e2e.fixtures("good"):
        yield name, data
    if os.path.isdir(e2e.CORPUS):
        for name in e2e.corpus_files():
            yield "corpus_" + name.replace("/", "_"), e2e.read(os.path.join(e2e.CORPUS, name))


def bits(array):
    return array.tobytes() if array.dtype.kind != "O" else repr(array.tolist()).encode()


def loads_as(path, array):
    got = np.load(path, allow_pickle=True)
    e2e.equal(got.dtype, array.dtype, f"{path}: dtype")
    e2e.equal(got.shape, array.shape, f"{path}: shape")
    e2e.equal(got.flags.f_contiguous, array.flags.f_contiguous, f"{path}: order")
    e2e.equal(bits(got), bits(array), path)
    if array.dtype.kind != "O" and array.size:
        e2e.equal(bits(np.load(path, mmap_mode="r", max_header_size=1 << 20)), bits(array), f"{path} by mmap")


arrays, files = {}, {}
for name, data in sources():
    array = np.load(io.BytesIO(data), allow_pickle=True)
    np.save(e2e.m(name), array, allow_pickle=True)
    expected = io.BytesIO()
    np.save(expected, array, allow_pickle=True)
    arrays[name], files[name] = array, expected.getvalue()
for name, array in arrays.items():
    loads_as(e2e.m(name), array)
e2e.all_read_as(files)
for name, array in arrays.items():
    loads_as(e2e.m(name), array)
