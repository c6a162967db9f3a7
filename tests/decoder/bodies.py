#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bodies.py NAME…: does the record body in NAME.body decode to the bytes in NAME.raw?"""

import pathlib
import sys

from alcm_decode import decode_body

for name in sys.argv[1:]:
    body, raw = (pathlib.Path(name + suffix).read_bytes() for suffix in (".body", ".raw"))
    if decode_body(body, len(raw)) != raw:
        sys.exit(f"{name}.body decodes to something else")
