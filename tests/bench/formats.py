#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same tensors in every format that frameworks save, through alcmfs and on the plain directory, interleaved.

    formats.py [--build DIR] [--dir DIR] [--mib N] [--rounds N] [--options O]

Prints a Markdown table, a row per format: what the mount's file takes (ratio), zstd -3 of the whole file, the ratio
against that of the same tensors as .npy files, and the time to save (with fsync) and to load (caches dropped, and
again) against the plain directory, medians of all rounds. Then 4 KiB reads at random places of a zip and of an
HDF5 file, cold and again. As root, or caches can't be dropped.

The tensors are a model's weights and its optimiser's two moments: float32 weights with a scale per row, squares that
vary over rows and columns, and the same weights as float16, of --mib MiB in all. Formats whose program (torch, h5py)
isn't here are left out; the others are written as their programs write them (tests/e2e/lib/patterns.py).
"""
import argparse
import ctypes
import ctypes.util
import os
import random
import shutil
import statistics
import sys
import tempfile
import time

import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests/e2e/lib"), os.path.dirname(os.path.abspath(__file__))]

import mount_bench
import patterns

MIB = 1 << 20


def make_tensors(n_mib):
    """{name: array}, of which each layer takes 3.5 MiB."""
    rng, out = np.random.default_rng(11), {}
    for i in range(max(1, int(n_mib / 3.5))):
        rows, columns = np.exp(rng.normal(0, 0.3, (512, 1))), np.exp(rng.normal(0, 1, (1, 512)))
        weights = (rng.standard_normal((512, 512)) * 0.03 * rows).astype("f4")
        out[f"layers.{i}.weight"] = weights
        out[f"layers.{i}.half"] = weights.astype("f2")
        out[f"layers.{i}.exp_avg"] = (rng.standard_normal((512, 512)) * 1e-4 * rows * columns).astype("f4")
        out[f"layers.{i}.exp_avg_sq"] = (rng.chisquare(1, (512, 512)) * 1e-8 * rows * columns).astype("f4")
        out[f"layers.{i}.bias"] = (rng.standard_normal(512) * 0.01).astype("f4")
    return out


# --- formats: how they are saved and loaded ---------------------------------------------------------


def synced(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def save_npy(path, tensors):
    os.mkdir(path)
    for name, array in tensors.items():
        file = os.path.join(path, name + ".npy")
        np.save(file, array)
        synced(file)


def load_npy(path):
    for name in os.listdir(path):
        np.load(os.path.join(path, name))


def save_npz(path, tensors):
    np.savez(path, **tensors)
    synced(path)


def load_npz(path):
    with np.load(path) as found:
        for name in found.files:
            found[name]


def save_torch(path, tensors):
    import torch

    torch.save({name: torch.from_numpy(array) for name, array in tensors.items()}, path)
    synced(path)


def load_torch(path):
    import torch

    torch.load(path)


def save_pattern(write, name):
    def save(path, tensors):
        kept, patterns.tensors = patterns.tensors, lambda *_, **__: list(tensors.items())
        folder = path + ".d"
        os.mkdir(folder)
        try:
            write(folder)
        finally:
            patterns.tensors = kept
        os.rename(os.path.join(folder, name), path)
        shutil.rmtree(folder)
        synced(path)

    return save


def load_bytes(path):
    """As safetensors, GGUF and raw readers do: mapped, every page touched."""
    np.memmap(path, "u1", "r").sum()


def save_raw(path, tensors):
    with open(path, "wb") as f:
        for array in tensors.values():
            f.write(array.tobytes())
        f.flush()
        os.fsync(f.fileno())


def save_hdf5(path, tensors):
    import h5py

    with h5py.File(path, "w") as f:
        for name, array in tensors.items():
            f[name.replace(".", "/")] = array
    synced(path)


def load_hdf5(path):
    import h5py

    with h5py.File(path, "r") as f:
        f.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)


FORMATS = (
    (".npy, a file each", "npy", save_npy, load_npy, None),
    (".npz", "w.npz", save_npz, load_npz, None),
    ("torch.save (zip)", "w.pt", save_torch, load_torch, "torch"),
    ("safetensors", "w.safetensors", save_pattern(patterns.safetensors, "model.safetensors"), load_bytes, None),
    ("GGUF", "w.gguf", save_pattern(patterns.gguf, "model.gguf"), load_bytes, None),
    ("HDF5", "w.h5", save_hdf5, load_hdf5, "h5py"),
    ("raw (.distcp, ONNX external data)", "w.bin", save_raw, load_bytes, None),
)


def is_here(module):
    try:
        return not module or bool(__import__(module))
    except ImportError:
        return False


# --- measuring -------------------------------------------------------------------------------------------


def files_of(path):
    if os.path.isdir(path):
        return [os.path.join(path, name) for name in os.listdir(path)]
    return [path]


def space(path):
    return sum(os.stat(file).st_blocks * 512 for file in files_of(path))


def zstd_ratio(path):
    """Logical size against zstd -3 of each whole file."""
    zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    zstd.ZSTD_compressBound.restype = zstd.ZSTD_compress.restype = ctypes.c_size_t
    raw = packed = 0
    for file in files_of(path):
        with open(file, "rb") as f:
            data = f.read()
        room = ctypes.create_string_buffer(zstd.ZSTD_compressBound(ctypes.c_size_t(len(data))))
        packed += zstd.ZSTD_compress(room, ctypes.c_size_t(len(room)), data, ctypes.c_size_t(len(data)), 3)
        raw += len(data)
    return raw / packed


def drop_caches():
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
            f.write("3")
    except OSError:
        sys.exit("formats: only root can drop caches")


def timed(figures, key, action, *args):
    start = time.monotonic()
    action(*args)
    figures.setdefault(key, []).append(time.monotonic() - start)


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.unlink(path)


def one_round(places, formats, tensors, figures):
    for _, name, save, load, _ in formats:
        for place in places:
            path = os.path.join(place.mnt, name)
            mine = figures.setdefault((place.name, name), {})
            remove(path)
            os.sync()
            timed(mine, "save", save, path, tensors)
            drop_caches()
            timed(mine, "cold", load, path)
            timed(mine, "warm", load, path)
        places.reverse()


def scattered(places, name, figures, n=2000, seed=5):
    """Random 4 KiB reads within 4 MiB: what fits into a few cached chunks."""
    for place in places:
        path = os.path.join(place.mnt, name)
        fd = os.open(path, os.O_RDONLY)
        size = os.fstat(fd).st_size
        first, span = size // 3, min(4 * MIB, size // 3)
        offsets = [first + random.Random(seed + k).randrange(span) for k in range(n)]
        drop_caches()
        for key in ("scattered cold", "scattered warm"):
            timed(figures.setdefault((place.name, name), {}), key,
                  lambda: [os.pread(fd, 4096, off) for off in offsets])
        os.close(fd)
    places.reverse()


def quotient(figures, name, key):
    ours, plain = (statistics.median(figures[place, name][key]) for place in ("alcmfs", "plain directory"))
    return f"{ours / plain:.2f}"


def report(places, formats, figures):
    mounted, plain = (next(p for p in places if p.name == n) for n in ("alcmfs", "plain directory"))
    stored = {name: space(os.path.join(mounted.store, name)) for _, name, *_ in formats}
    logical = {name: sum(os.stat(f).st_size for f in files_of(os.path.join(plain.mnt, name))) for name in stored}
    print("| format | ratio | zstd -3 | against .npy | save | load, cold | load, warm |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for title, name, *_ in formats:
        ratio = logical[name] / stored[name]
        against = ratio / (logical["npy"] / stored["npy"]) - 1
        times = " | ".join(quotient(figures, name, key) for key in ("save", "cold", "warm"))
        print(f"| {title} | {ratio:.3f} | {zstd_ratio(os.path.join(plain.mnt, name)):.3f} | {100 * against:+.1f} % "
              f"| {times} |")
    print("\n| 4 KiB at random, time against the plain directory | cold | again |\n|---|---:|---:|")
    for title, name, *_ in formats:
        if ("alcmfs", name) in figures and "scattered cold" in figures["alcmfs", name]:
            print(f"| {title} | {quotient(figures, name, 'scattered cold')} "
                  f"| {quotient(figures, name, 'scattered warm')} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.environ.get("ALCM_BUILD", os.path.join(TOP, "build")))
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/var/tmp"))
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--options", default="", help="mount options")
    args = parser.parse_args()
    formats = [f for f in FORMATS if is_here(f[4])]
    work, places, figures = tempfile.mkdtemp(prefix="alcm-formats-", dir=args.dir), [], {}
    try:
        tensors = make_tensors(args.mib)
        command = [os.path.abspath(f"{args.build}/fs/alcmfs"), "-f", "{store}", "{mnt}"]
        command += ["-o", args.options] if args.options else []
        places.append(mount_bench.Target("plain directory", os.path.join(work, "plain")))
        places.append(mount_bench.Target("alcmfs", os.path.join(work, "alcm"), command))
        for _ in range(args.rounds):
            one_round(places, formats, tensors, figures)
            for name in ("w.npz", "w.h5"):
                if any(f[1] == name for f in formats):
                    scattered(places, name, figures)
        report(places, formats, figures)
    finally:
        for place in places:
            place.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
