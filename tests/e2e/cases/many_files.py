# SPDX-License-Identifier: MIT
# mount: no
# timeout: 240
"""More files than descriptors: looked up, held open, renamed below, with limits of 1,024.

50,000 and 5,000 files with E2E_SCALE=full; less otherwise."""
import os
import resource

import e2e

N_FILES, N_OPEN = (50_000, 5_000) if e2e.FULL else (8_000, 2_500)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard != resource.RLIM_INFINITY and hard < N_OPEN + 100:
    if not e2e.IS_ROOT:
        e2e.skip(f"this process may open only {hard} files itself")
    hard = N_OPEN + 1000
resource.setrlimit(resource.RLIMIT_NOFILE, (N_OPEN + 100, hard))

tensor = e2e.npy(2000)
os.makedirs(e2e.s("dir"))
for i in range(N_FILES):
    with open(e2e.s(f"dir/{i}"), "wb") as f:
        f.write(b"%d" % i)
e2e.mount(prefix=("prlimit", "--nofile=1024:1024"))
for i in range(N_FILES):
    os.stat(e2e.m(f"dir/{i}"))
e2e.equal(len(os.listdir(e2e.m("dir"))), N_FILES, "listed")
e2e.equal(len(list(os.scandir(e2e.m("dir")))), N_FILES, "scanned")
descriptors = len(os.listdir(f"/proc/{e2e.daemon_pid()}/fd"))
assert descriptors <= 1024, f"{descriptors} descriptors"
for i in range(0, N_FILES, 97):
    e2e.equal(e2e.read(e2e.m(f"dir/{i}")), b"%d" % i, f"file {i}")

# Evicted inodes are found again below a directory that was renamed.
os.rename(e2e.m("dir"), e2e.m("renamed"))
for i in range(0, N_FILES, 101):
    e2e.equal(e2e.read(e2e.m(f"renamed/{i}")), b"%d" % i, f"file {i} after the rename")

# Held open: tensors that were written, and plain files, for reading and for writing.
handles = []
for i in range(N_OPEN):
    if i % 5 == 0:
        f = open(e2e.m(f"t{i}.npy"), "w+b", buffering=0)
        f.write(tensor)
    else:
        f = open(e2e.m(f"renamed/{i}"), "r+b", buffering=0)
    handles.append(f)
for i, f in enumerate(handles):
    want = tensor if i % 5 == 0 else b"%d" % i
    e2e.equal(os.pread(f.fileno(), 100_000, 0), want, f"open file {i}")
for i in range(0, N_OPEN, 50):  # a write to an evicted one
    os.pwrite(handles[i].fileno(), b"end", len(tensor))
for i in range(1, N_OPEN, 50):  # and unlinked ones live on
    os.unlink(e2e.m(f"renamed/{i}"))
for i in range(1, N_OPEN, 50):
    e2e.equal(os.pread(handles[i].fileno(), 100, 0), b"%d" % i, f"unlinked file {i}")
for f in handles:
    f.close()
for i in range(0, N_OPEN, 5):
    e2e.equal(e2e.read(e2e.m(f"t{i}.npy")), tensor + (b"end" if i % 50 == 0 else b""), f"tensor {i}")
