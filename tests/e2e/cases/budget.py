# SPDX-License-Identifier: MIT
# mount: budget=64
# timeout: 900
"""A tensor far larger than the budget: the daemon stays below 200 MiB, saving and loading work.

6 GiB with E2E_SCALE=full; 512 MiB otherwise. Meanwhile small files are saved, and there are several
writers at once."""
import hashlib
import os
import threading

import e2e
import numpy as np

N_BYTES = (6 << 30) if e2e.FULL else (512 << 20)
LIMIT_KIB = 200 * 1024
PIECE = 8 << 20

free = os.statvfs(e2e.STORE)
if free.f_bavail * free.f_frsize < 2 * N_BYTES:
    e2e.skip(f"less than {2 * N_BYTES >> 20} MiB free")


def peak_kib():
    with open(f"/proc/{e2e.daemon_pid()}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


def pieces(seed, n_bytes):
    """Weights; one block of noise, each time with other bits flipped, so that it is quick."""
    base = (np.random.default_rng(seed).standard_normal(PIECE // 4) * 0.02).astype("f4").view("u4")
    for i in range(n_bytes // PIECE):
        yield (base ^ np.uint32(i * 2654435761 % (1 << 20))).view("f4")


def save(name, seed, n_bytes):
    digest = hashlib.blake2b()
    array = np.lib.format.open_memmap(e2e.m(name), "w+", "f4", (n_bytes // 4,))
    del array
    with open(e2e.m(name), "r+b", buffering=0) as f:
        digest.update(f.read(128))
        for piece in pieces(seed, n_bytes):
            f.write(piece)
            digest.update(piece)
        os.fsync(f.fileno())
    return digest.hexdigest()


def load(name):
    digest = hashlib.blake2b()
    with open(e2e.m(name), "rb", buffering=0) as f:
        while piece := f.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def others():
    for i in range(20):
        e2e.write(e2e.m(f"small{i}.npy"), small)


small = e2e.npy(30_000)
threads = [threading.Thread(target=others)]
sums = {}
for i in range(4):
    threads.append(threading.Thread(
        target=lambda i=i: sums.__setitem__(f"side{i}.npy", save(f"side{i}.npy", i, 16 << 20))))
for thread in threads:
    thread.start()
sums["big.npy"] = save("big.npy", 9, N_BYTES)
for thread in threads:
    thread.join()
e2e.equal(len(sums), 5, "files saved")
peak = peak_kib()
if e2e.IS_ROOT:
    e2e.drop_caches()
for name, digest in sums.items():
    e2e.equal(load(name), digest, name)
for i in range(20):
    e2e.equal(e2e.read(e2e.m(f"small{i}.npy")), small, f"small{i}")
mapped = np.load(e2e.m("big.npy"), mmap_mode="r")
assert np.isfinite(mapped[:: PIECE // 16]).all()
del mapped
print(f"peak {peak} KiB after saving, {peak_kib()} KiB in the end")
if not e2e.SANITIZED:
    assert peak_kib() < LIMIT_KIB, f"peak {peak_kib()} KiB"
