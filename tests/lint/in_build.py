#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Of the files named on standard input, one a line, those that the build folder given compiles."""
import json
import os
import sys

with open(os.path.join(sys.argv[1], "compile_commands.json"), encoding="utf-8") as f:
    known = {os.path.realpath(os.path.join(c["directory"], c["file"])) for c in json.load(f)}
for name in sys.stdin.read().splitlines():
    if os.path.realpath(name) in known:
        print(name)
