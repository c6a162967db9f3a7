# SPDX-License-Identifier: MIT
# timeout: 120
# may skip: no corpus
"""The corpus as a tree of files, copied in: identical bits in every way of reading."""
import os
import shutil

import e2e

files = {name: e2e.read(os.path.join(e2e.CORPUS, name)) for name in e2e.corpus_files()}
for name in files:
    os.makedirs(os.path.dirname(e2e.m(name)), exist_ok=True)
    shutil.copyfile(os.path.join(e2e.CORPUS, name), e2e.m(name))
e2e.all_read_as(files)
stored = sum(os.path.getsize(e2e.s(name)) for name in files)
logical = sum(map(len, files.values()))
assert stored < 0.8 * logical, f"{logical} bytes take {stored}"
