#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""synthetic_gradients: the paper's ten epochs, 100 x 100 float32 values each. make_data.py FOLDER

NumPy keeps its legacy generator's numbers the same for ever.
"""
import pathlib
import sys

import numpy as np

for epoch in range(1, 11):
    np.random.seed(epoch + 42)
    base = np.random.randn(100, 100).astype(np.float32)
    np.save(pathlib.Path(sys.argv[1]) / f"epoch{epoch:02}.npy", base * (np.random.rand(100, 100) > 0.3))
