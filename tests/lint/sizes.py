#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Functions of more than 60 lines and files of more than 500 need a reason in sizes.allow. Lines of
C have at most 90 columns, with tabs of four, without exception."""
import pathlib
import re
import sys

MAX_FUNCTION, MAX_FILE, MAX_COLUMNS, TAB = 60, 500, 90, 4


def allowed():
    """Lines "FILE[:FUNCTION] reason" of the allow list; a reason is a must."""
    for line in (pathlib.Path(__file__).parent / "sizes.allow").read_text().splitlines():
        if line and not line.startswith("#"):
            what, _, reason = line.partition(" ")
            if reason.strip():
                yield what


def functions(lines):
    """(name, first line, length) of each function: its body is between "{" and "}" at column 0."""
    start = None
    for i, line in enumerate(lines):
        if line == "{":
            start = i
            while start > 0 and lines[start - 1] and not lines[start - 1].startswith(
                    ("#", "}", " *", "/*")) and not lines[start - 1].endswith(";"):
                start -= 1
        elif line == "}" and start is not None:
            name = re.search(r"(\w+)\s*\(", " ".join(lines[start:i]))
            yield name.group(1) if name else "?", start + 1, i - start + 1
            start = None


bad = []
used = set()
allow = set(allowed())
paths = [p for top in ("core", "fs", "tools", "tests") for p in pathlib.Path(top).rglob("*.[ch]")]
for path in sorted(paths):
    lines = path.read_text().splitlines()
    over = [(f"{path}:{name}", f"{path}:{at}: {name}() has {n} lines, more than {MAX_FUNCTION}")
            for name, at, n in functions(lines) if n > MAX_FUNCTION]
    if len(lines) > MAX_FILE:
        over.append((str(path), f"{path}: {len(lines)} lines, more than {MAX_FILE}"))
    bad += [f"{path}:{at}: {len(line.expandtabs(TAB))} columns, more than {MAX_COLUMNS}"
            for at, line in enumerate(lines, 1) if len(line.expandtabs(TAB)) > MAX_COLUMNS]
    used.update(what for what, _ in over)
    bad += [text for what, text in over if what not in allow]
bad += [f"sizes.allow: {what} needs no entry (any more)" for what in sorted(allow - used)]
print("\n".join(bad), end="\n" if bad else "")
sys.exit(bool(bad))
