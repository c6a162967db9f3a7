# SPDX-License-Identifier: MIT
# mount: threads=1,chunk=64
# also: user
"""Many processes reopen a file each, change one chunk and close it, all at once, with a single worker.

A chunk of a reopened file is encoded knowing its head, which has to be decoded first: memory for one must
not be held while waiting for memory for the other."""
import os
import threading

import e2e

N, ROUNDS = 24, 40
datas = [e2e.npy(60_000, seed=k) for k in range(N)]
files = {f"{k}.npy": bytearray(data) for k, data in enumerate(datas)}
for name, data in files.items():
    e2e.write(e2e.m(name), bytes(data))
e2e.remount("threads=1,chunk=64")

barrier = threading.Barrier(N)
failures = []


def change(name, data):
    try:
        for k in range(ROUNDS):
            with open(e2e.m(name), "r+b", buffering=0) as f:
                piece = os.urandom(100)
                f.seek(150_000 + k)
                f.write(piece)
                data[150_000 + k : 150_100 + k] = piece
                barrier.wait(e2e.WAIT_SECONDS)
    except Exception as err:  # pylint: disable=broad-except
        failures.append(f"{name}: {err!r}")


threads = [threading.Thread(target=change, args=item, daemon=True) for item in files.items()]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(e2e.WAIT_SECONDS)
assert not any(t.is_alive() for t in threads), "closing hangs"
e2e.equal(failures, [], "failures")
e2e.all_read_as({name: bytes(data) for name, data in files.items()}, "threads=1,chunk=64")
