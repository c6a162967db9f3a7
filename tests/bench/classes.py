#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The codec beside its peers, class by class: classes.py [--lab PROGRAM] [--rounds N] DIR

Prints a Markdown table, a row per folder of DIR: our ratio, the best peer and its ratio, and how our
encoding and decoding speeds compare with those of zstd -1 in the same rounds (alcm-lab bench --peers).
"""

import argparse
import json
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def row(name, codecs):
    ours = codecs.pop("alcm")
    best = min(codecs.values(), key=lambda c: c["stored_bytes"])
    fast = codecs["zstd -1"]
    return (f"| {name} | {ours['ratio']:.3f} | {best['ratio']:.3f} ({best['codec']}) "
            f"| {100 * (ours['stored_bytes'] / best['stored_bytes'] - 1):+.1f} % "
            f"| {ours['encode_mb_s'] / fast['encode_mb_s']:.2f} | {ours['decode_mb_s'] / fast['decode_mb_s']:.2f} |")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[0].split(": ")[1])
    parser.add_argument("--lab", default=os.path.join(TOP, "build/tools/lab/alcm-lab"))
    parser.add_argument("--rounds", default="5")
    parser.add_argument("dir")
    args = parser.parse_args()
    done = subprocess.run([args.lab, "bench", "--peers", "--json", "--rounds", args.rounds, args.dir],
                          capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    print("| class | ratio | best peer | size against it | encode × zstd -1 | decode × zstd -1 |")
    print("|---|---:|---:|---:|---:|---:|")
    for entry in sorted(found["classes"], key=lambda c: c["class"]):
        name = os.path.relpath(entry["class"], args.dir)
        if name != ".":  # what lies in DIR itself are no tensors
            print(row(name, {c["codec"]: c for c in entry["codecs"]}))


main()
