#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files that hold something twice: repeats.py [--alcm PROGRAM] [--mib N] [--rounds N]

Weights of N MiB (fp32, and their bf16 roundings) are written once, twice, and twice with an odd piece between the two. Prints
a Markdown table: the ratio of the blob and of zstd -19 --long=27, and the CPU seconds of packing and of reading, medians of
interleaved rounds.
"""
import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile

import numpy as np

TOP = pathlib.Path(__file__).resolve().parents[2]


def cpu_of(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def files(mib):
    rng = np.random.default_rng(1)
    weights = rng.normal(0, 0.02, (mib << 20) // 4).astype("f4")
    gap = rng.normal(0, 0.02, 12_345).astype("f4")
    for name, w, g in (("fp32", weights, gap),
                       ("bf16", *((x.view("u4") >> 16).astype("V2") for x in (weights, gap)))):
        yield f"{name} once", w
        yield f"{name} twice", np.concatenate([w, w])
        yield f"{name} twice, {g.nbytes} bytes apart", np.concatenate([w, g, w])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alcm", default=TOP / "build/tools/alcm")
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, array in files(args.mib):
            paths[name] = os.path.join(folder, f"{len(paths)}.npy")
            np.save(paths[name], array)
        pack, cat = {name: [] for name in paths}, {name: [] for name in paths}
        for _ in range(args.rounds):
            for name, path in paths.items():
                pack[name].append(cpu_of(args.alcm, "pack", "--force", "-o", path + ".alcm", path))
                cat[name].append(cpu_of(args.alcm, "cat", path + ".alcm"))
        print("| file | alcm | zstd -19 --long=27 | CPU s, pack | CPU s, cat |\n|---|---:|---:|---:|---:|")
        for name, path in paths.items():
            subprocess.run(["zstd", "-q", "-f", "-T0", "-19", "--long=27", "-o", path + ".zst", path], check=True)
            size = os.path.getsize(path)
            print(f"| {name} | {size / os.path.getsize(path + '.alcm'):.2f} | {size / os.path.getsize(path + '.zst'):.2f} "
                  f"| {statistics.median(pack[name]):.3f} | {statistics.median(cat[name]):.3f} |")


if __name__ == "__main__":
    main()
