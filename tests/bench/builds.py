#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two builds against each other: builds.py BUILD BUILD [--mib N] [--rounds N]

CPU seconds of `alcm pack` and `alcm cat` of N MiB of fp32 and of bf16 weights, with one thread, from and to memory. Prints a
Markdown table: medians, and the median of the ratios (second build over first) of pairs that ran one after the other.
"""
import argparse
import os
import resource
import statistics
import subprocess
import tempfile

import numpy as np


def cpu_of(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs=2)
    parser.add_argument("--mib", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=81)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    n = args.mib << 18
    weights = (rng.normal(0, 0.02, n) * np.exp2(rng.normal(0, 1, n // 4096)).repeat(4096)).astype("f4")
    data = {"fp32": weights, "bf16": (weights.view("u4") >> 16).astype("u2").view("V2")}
    times = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        packed = os.path.join(folder, "packed")
        for kind, values in data.items():
            np.save(os.path.join(folder, kind + ".npy"), values)
        for k in range(args.rounds):
            for kind in data:
                for build in args.builds if k % 2 else args.builds[::-1]:
                    alcm = os.path.join(build, "tools/alcm")
                    pack = cpu_of(alcm, "pack", "-j1", "--force", "-o", packed, os.path.join(folder, kind + ".npy"))
                    times.setdefault((kind, "pack", build), []).append(pack)
                    times.setdefault((kind, "cat", build), []).append(cpu_of(alcm, "cat", packed))
    print("| values | command | first, s | second, s | ratio |\n|---|---|---:|---:|---:|")
    for kind in data:
        for command in ("pack", "cat"):
            first, second = (times[kind, command, build] for build in args.builds)
            ratio = statistics.median(b / a for a, b in zip(first, second) if a)
            print(f"| {kind} | {command} | {statistics.median(first):.3f} | {statistics.median(second):.3f} | {ratio:.3f} |")


if __name__ == "__main__":
    main()
