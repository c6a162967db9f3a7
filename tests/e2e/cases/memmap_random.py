# SPDX-License-Identifier: MIT
"""open_memmap with assignments at random places, over several openings, flushed or not."""
import e2e
import numpy as np

rng = np.random.default_rng(5)
shape = (700, 1001)
want = np.zeros(shape, dtype="f4")
for opening in range(4):
    mode = "w+" if opening == 0 else "r+"
    got = np.lib.format.open_memmap(e2e.m("w.npy"), mode, "f4", shape)
    for _ in range(150):
        row, col = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        block = rng.standard_normal((rng.integers(1, 40), rng.integers(1, 300))).astype("f4")
        block = block[: shape[0] - row, : shape[1] - col]
        for array in (want, got):
            array[row : row + block.shape[0], col : col + block.shape[1]] = block
    if opening % 2:
        got.flush()
    del got, array  # both refer to the mapping
    e2e.equal(np.load(e2e.m("w.npy")).tobytes(), want.tobytes(), f"after opening {opening}")
e2e.all_read_as({"w.npy": e2e.read(e2e.m("w.npy"))})
e2e.equal(np.load(e2e.m("w.npy")).tobytes(), want.tobytes(), "in the end")
assert e2e.is_blob("w.npy")
