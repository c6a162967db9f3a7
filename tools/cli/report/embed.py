#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the page's template one C array: embed.py report.html report.css report.js OUT.c

Script and style go in as they are, with their hashes for the page's Content-Security-Policy: what
is in the page but not from here can't run. Other {{names}} are filled in when a report is made.
"""
import base64
import hashlib
import pathlib
import sys


def source(text):
    """`text` and its hash as the policy names it."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return text, f"sha256-{digest}"


def main(page_path, css_path, js_path, out_path):
    page, css, js = (pathlib.Path(p).read_text(encoding="utf-8")
                     for p in (page_path, css_path, js_path))
    for text, end in ((css, "</style"), (js, "</script"), (css, "{{"), (js, "{{")):
        if end in text:
            sys.exit(f"embed.py: {end} can't be in a script or style of the page")
    for name, text in (("css", css), ("js", js)):
        body, digest = source(text)
        page = page.replace("{{%s_hash}}" % name, digest).replace("{{%s}}" % name, body)
    numbers = [str(b) for b in page.encode()] + ["0"]
    lines = [", ".join(numbers[i:i + 24]) for i in range(0, len(numbers), 24)]
    pathlib.Path(out_path).write_text(
        "/* SPDX-License-Identifier: MIT */\n/* Made by embed.py. */\n"
        '#include "html_out.h"\n\nconst unsigned char html_template[] = {\n\t'
        + ",\n\t".join(lines) + "\n};\n", encoding="ascii")


main(*sys.argv[1:])
