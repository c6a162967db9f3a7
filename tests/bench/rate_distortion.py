#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Rate against distortion of the lossy profiles on the floating-point tensors of a directory.

    rate_distortion.py [--alcm PROGRAM] DIR

Prints a Markdown table, a row per class of files (their directory) and profile: bits a value over all that
was quantised (whole blobs, everything counted) and the relative L2 error. Profile `paper` has one point a
tensor; `alcm` has the same error or less; `bounded:E` is a curve.
"""

import argparse
import collections
import json
import os
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROFILES = ["lossless", "paper", "alcm", "bounded:1e-4", "bounded:1e-3", "bounded:1e-2"]


def reports(alcm, profile, path, folder):
    blob = os.path.join(folder, "blob")
    subprocess.run([alcm, "pack", "--force", "--profile", profile, "-o", blob, path], check=True)
    done = subprocess.run([alcm, "info", "--json", blob], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def floats_below(top):
    for folder, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            if name.endswith(".npy"):
                yield os.path.relpath(folder, top), os.path.join(folder, name)


class Sum:
    """Over the tensors of one class."""

    def __init__(self):
        self.stored = self.values = self.error = self.square = 0

    def add(self, report):
        n = report["statistics"]["values"]
        q = report["quantisation"] or {"relative_l2": 0}
        stats = report["statistics"]
        square = n * (stats["variance"] + stats["mean"] ** 2)
        self.stored += report["blob"]["stored_size"]
        self.values += n
        self.square += square
        self.error += q["relative_l2"] ** 2 * square


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("--alcm", default=os.path.join(TOP, "build/tools/alcm"))
    parser.add_argument("dir")
    args = parser.parse_args()
    sums = collections.OrderedDict()
    with tempfile.TemporaryDirectory() as folder:
        for group, path in floats_below(args.dir):
            found = {p: reports(args.alcm, p, path, folder) for p in PROFILES}
            if (found["paper"]["quantisation"] or {}).get("why_not") or not found["paper"]["lossy"]:
                continue  # nothing for a lossy profile to do
            for profile, report in found.items():
                sums.setdefault((group, profile), Sum()).add(report)
    print("| class | profile | bits a value | relative L2 error |\n|---|---|---:|---:|")
    for (group, profile), s in sums.items():
        print(f"| {group} | {profile} | {8 * s.stored / s.values:.2f} | {(s.error / s.square) ** 0.5:.2e} |")


main()
