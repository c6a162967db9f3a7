# SPDX-License-Identifier: MIT
# mount: chunk=64
# timeout: 300
"""The Python decoder on the store's files as the mount leaves them: many commits, rewrites, holes; and
on cut and damaged copies it comes to the same result as alcm."""
import os
import subprocess
import sys

import e2e

sys.path.insert(0, os.path.join(e2e.TOP, "tests/decoder"))
import alcm_decode

data = e2e.npy(400_000)


def appended():
    for i in range(6):
        with open(e2e.m("appended"), "ab") as f:
            f.write(data[i * 60_000 : (i + 1) * 60_000])


def appended_and_synced():
    for i in range(4):
        with open(e2e.m("appended_and_synced"), "ab") as f:
            f.write(data[i * 90_000 : (i + 1) * 90_000])
            f.flush()
            os.fsync(f.fileno())


def rewritten():
    for i in range(4):
        with open(e2e.m("rewritten"), "r+b" if i else "wb") as f:
            f.seek(i * 50_000)
            f.write(data[i * 50_000 : 400_000])
            f.truncate(500_000 - i * 70_000)


def with_holes():
    with open(e2e.m("with_holes"), "wb") as f:
        f.write(data[:128])
        f.seek(1_000_000)
        f.write(data[:5000])
        f.truncate(1_500_000)


makers = (appended, appended_and_synced, rewritten, with_holes)
for make in makers:
    make()
for name, content in e2e.fixtures("good"):
    e2e.write(e2e.m(name), content)
want = {name: e2e.read(e2e.m(name)) for name in os.listdir(e2e.MNT)}
e2e.unmount()
n_blobs = 0
for name, content in want.items():
    if e2e.is_blob(name):
        blob = alcm_decode.open_blob(e2e.s(name))
        e2e.equal(b"".join(blob.chunks()), content, name)
        n_blobs += 1
assert n_blobs > 50, n_blobs
done = subprocess.run([sys.executable, os.path.join(e2e.TOP, "tests/decoder/damaged.py"), e2e.ALCM,
                       *(e2e.s(make.__name__) for make in makers)], capture_output=True, text=True)
e2e.equal((done.returncode, done.stderr), (0, ""), done.stdout)
