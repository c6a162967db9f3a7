# SPDX-License-Identifier: MIT
# check: no
"""Damage to a blob's header, index, trailer or end: recovered or EIO, never wrong bytes, never a crash."""
import errno
import os
import random
import subprocess
import sys

import e2e

sys.path.insert(0, os.path.join(e2e.TOP, "tests/decoder"))
import alcm_decode

data = e2e.npy(200_000)
e2e.write(e2e.m("w.npy"), data)
e2e.unmount()
whole = e2e.read(e2e.s("w.npy"))
trailer = alcm_decode.open_blob(e2e.s("w.npy")).trailer
rng = random.Random(3)
places = {
    "magic": [0, 3, 7],
    "header": [9, 17, 25, 41, 57],
    "index": [trailer["index"] + i for i in (1, 9, 33, 41, 70, 300)],
    "trailer": [trailer["offset"] + i for i in (1, 9, 17, 25, 41, 49, 57, 65, 113)],
    "anywhere": [rng.randrange(len(whole)) for _ in range(30)],
}
broken = {}
for what, offsets in places.items():
    for at in offsets:
        damaged = bytearray(whole)
        damaged[at] ^= 1 << rng.randrange(8)
        broken[f"{what}_{at}.npy"] = bytes(damaged)
for n in (1, 63, 64, 127, 128, 129, 500, len(whole) // 2, len(whole) - 64, len(whole) - 8):
    broken[f"cut_{n}.npy"] = whole[:-n]
for n in (8, 9, 32, 63):
    broken[f"only_{n}.npy"] = whole[:n]
broken["header_zero.npy"] = bytes(64) + whole[64:]
broken["junk_behind.npy"] = whole + rng.randbytes(1000)
broken["zeros_behind.npy"] = whole + bytes(4096)
broken["zeros_only.npy"] = whole[:8] + bytes(len(whole) - 8)
for name, content in broken.items():
    e2e.write(e2e.s(name), content)
e2e.mount()

n_read = n_refused = 0
for name, content in broken.items():
    assert name in os.listdir(e2e.MNT), f"{name} isn't listed"
    try:
        got = e2e.read(e2e.m(name))
    except OSError as error:
        e2e.equal(error.errno, errno.EIO, name)
        n_refused += 1
        continue
    # Without a commit nothing is shown; of a header alone there is nothing.
    e2e.equal(got, b"" if name.startswith("cut") else data, name)
    n_read += 1
assert n_read > 10 and n_refused >= 10, (n_read, n_refused)
for name in ("trailer_%d.npy" % (trailer["offset"] + 9), "junk_behind.npy", "magic_3.npy",
             "header_zero.npy", "header_25.npy", "index_%d.npy" % (trailer["index"] + 70)):
    e2e.equal(e2e.read(e2e.m(name)), data, f"{name}: rebuilt")
e2e.equal(e2e.read(e2e.m("w.npy")), data, "the intact one")

# What can't be read can be saved anew, by its name.
for name, action in (("only_32.npy", lambda f: e2e.write(f, data)), ("zeros_only.npy", lambda f: os.truncate(f, 0))):
    with e2e.raises(errno.EIO):
        e2e.read(e2e.m(name))
    action(e2e.m(name))
    e2e.equal(e2e.read(e2e.m(name)), data if name == "only_32.npy" else b"", f"{name}, saved anew")

# Without a commit nothing is shown until somebody asks for what there is: whole chunks from the first on.
e2e.unmount()
for name in ("cut_1.npy", f"cut_{len(whole) // 2}.npy"):
    done = subprocess.run([e2e.ALCM, "check", "--repair", e2e.s(name)], capture_output=True, text=True)
    e2e.equal(done.returncode, 4, f"{name}: {done.stdout}{done.stderr}")
    done = subprocess.run([e2e.ALCM, "cat", e2e.s(name)], capture_output=True)
    e2e.equal(done.returncode, 0, f"{name}: {done.stderr}")
    e2e.equal(done.stdout, data[: len(done.stdout)], f"{name}, repaired")
    assert name != "cut_1.npy" or done.stdout == data, len(done.stdout)
e2e.mount()
