# SPDX-License-Identifier: MIT
# mount: idle=1
# timeout: 120
"""The daemon is killed, or ends, while it compresses a file that has been idle; or a writer comes. Nothing is lost."""
import os
import random
import time

import e2e
import numpy as np

ROUNDS = 40 if e2e.FULL else 4
SWAP = e2e.s(".alcm/swap")
rng = np.random.default_rng(11)
data = bytearray((rng.standard_normal(2_000_000) * 0.02).astype("f4").tobytes())


def change(at=4096):
    piece = rng.standard_normal(100).astype("f4").tobytes()
    data[at : at + len(piece)] = piece
    with open(e2e.m("w.bin"), "r+b", buffering=0) as f:
        f.seek(at)
        f.write(piece)


def at_work():
    return os.path.isdir(SWAP) and os.listdir(SWAP)


def begin():
    """Some moment of a job on a file that was there before."""
    with open(e2e.s("w.bin"), "wb") as f:
        f.write(data)
    e2e.mount("idle=1")
    change()
    e2e.wait_until(at_work, "the job begins")
    time.sleep(random.random() * 0.7)


random.seed(3)
found = set()
for _ in range(ROUNDS):
    e2e.unmount()
    begin()
    e2e.kill_daemon()
    e2e.mount("idle=1")
    e2e.equal(e2e.read(e2e.m("w.bin")), bytes(data), "after a crash")
    assert not at_work(), "left in .alcm/swap"

    e2e.unmount()
    begin()
    e2e.unmount()
    assert not at_work(), "left in .alcm/swap"
    found.add(e2e.is_blob("w.bin"))
    e2e.mount("idle=1")
    e2e.equal(e2e.read(e2e.m("w.bin")), bytes(data), "after an unmount")

    e2e.unmount()
    begin()
    change(400_000)
    e2e.equal(e2e.read(e2e.m("w.bin")), bytes(data), "after a change")
e2e.wait_until(lambda: e2e.is_blob("w.bin"), "the file is converted at last")
e2e.all_read_as({"w.bin": bytes(data)}, "idle=1")
print("an unmount found", sorted(found))
