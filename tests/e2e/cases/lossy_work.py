# SPDX-License-Identifier: MIT
# mount: no
# also: user
# check: no
"""What a lossy save costs goes by what is written: with a budget of two chunks no more is decoded than with a large
one, and a tensor of a TiB that is nearly all hole, or any file of that size, is closed at once.

Read value by value, a TiB takes the better part of an hour: the case's time limit is the judge."""
import json
import os

import e2e
import numpy as np

TIB = 1 << 40
PROFILES = ("paper", "alcm", "bounded:0.001", "bounded-abs:0.001")


def decoded():
    return json.loads(e2e.read(e2e.m(".alcm/stats")))["values"]["decoded_bytes"]


data = e2e.npy(3_000_000)
for profile in PROFILES:
    cost = {}
    for budget in (256, 8):
        e2e.mount(f"profile={profile},chunk=2048,budget={budget},threads=1")
        before = decoded()
        e2e.write(e2e.m("w.npy"), data)
        cost[budget] = decoded() - before
        e2e.unmount()
    assert cost[8] <= cost[256] + 40 * len(data), f"{profile}: decoded {cost} bytes of {len(data)}"


def sparse(name, shape):
    saved = np.lib.format.open_memmap(e2e.m(name), mode="w+", dtype="f4", shape=shape)
    saved[0, :1000] = np.random.default_rng(1).standard_normal(1000)
    saved[-1, -1000:] = 1.5
    saved.flush()
    del saved
    os.close(os.open(e2e.m(name), os.O_RDWR))
    return np.load(e2e.m(name), mmap_mode="r")


for profile in PROFILES:
    e2e.mount(f"profile={profile},detect=all,idle=1,threads=1,budget=16")
    back = sparse("sparse.npy", (64, TIB // 256))
    assert e2e.is_blob("sparse.npy")
    assert np.abs(back[-1, -1000:] - 1.5).max() < 0.5 and not back[1, :1000].any()
    assert os.stat(e2e.m("sparse.npy")).st_blocks < 10_000
    del back
    for name, head in (("w.npy", data), ("text", b"hello\n" * 1000), ("empty", b""), ("numbers", data[128:1 << 20])):
        e2e.write(e2e.m(name), head)
        os.truncate(e2e.m(name), TIB)
        with open(e2e.m(name), "r+b") as f:
            f.truncate(TIB + 1)
        fd = os.open(e2e.m(name), os.O_RDWR)
        os.posix_fallocate(fd, 0, 1)
        os.close(fd)
        e2e.equal(os.stat(e2e.m(name)).st_size, TIB + 1, name)
        os.unlink(e2e.m(name))
    e2e.unmount()
    os.unlink(e2e.s("sparse.npy"))
