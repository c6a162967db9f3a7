#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Arrows point down only: who may include and use what (docs/design.md, "One picture")."""
import pathlib
import re
import sys

RANK = {"base": 0, "tensor": 1, "transform": 2, "coder": 2, "sched": 2, "format": 3,
        "predict": 4, "profile": 3, "lossy": 4, "codec": 5, "blob": 6, "store": 7, "report": 8, "": 9}

# What programs share with core besides its public header.
FLOOR = {"base/alloc.h", "base/clock.h", "base/fd.h", "base/json.h", "base/lock.h",
         "base/mountinfo.h"}

# The research program, as tests: it links the static library and may see all of it, and alcm's command line.
LAB, ITS_FLOOR = pathlib.PurePath("tools/lab"), pathlib.PurePath("tools/cli")

# What a folder's code must not name (comments left out), and why.
FORBIDDEN = [
    ("core", r"(?i)\bfuse", "core knows no FUSE"),
    ("core", r"\bgetenv\b", "core reads no environment"),
    ("core", r"(?<![\w>.])(malloc|calloc|realloc|free|strdup)\s*\(", "memory is base/alloc.h's"),
    ("core/transform", r"\b(mem_\w*alloc\w*|errno|stdio\.h|stdlib\.h|printf|diag_set)\b",
     "transforms are pure: no memory, no errors, no I/O"),
]
ALLOWED = {("core/base/alloc.c", "memory is base/alloc.h's")}

COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\\n])*")', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def layer_of(path):
    """The core folder of a path relative to core/; "" is the glue at the top."""
    parts = pathlib.PurePath(path).parts
    return parts[0] if len(parts) > 1 else ""


def bad_includes(path, text):
    inside, lab = path.parts[0] == "core", LAB in path.parents
    own = layer_of(path.relative_to("core")) if inside else None
    for name in INCLUDE.findall(text):
        if name == "alcm.h" or (path.parent / name).exists():
            continue
        if lab and any((top / name).exists() for top in map(pathlib.Path, ("core", LAB, LAB / "learn", ITS_FLOOR))):
            continue
        if not (pathlib.Path("core") / name).exists():
            if inside:
                yield f"includes {name}, which is not in core/"
        elif not inside:
            if name not in FLOOR:
                yield f"includes {name}; only alcm.h leaves core/"
        elif RANK.get(layer_of(name), 99) >= RANK[own] and layer_of(name) != own:
            yield f"includes {name}, upwards or sideways from {own or 'the glue'}"


def findings():
    names = {}
    for top in ("core", "fs", "tools"):
        for path in sorted(pathlib.Path(top).rglob("*.[ch]")):
            text = COMMENT.sub(lambda m: m.group(1) or "", path.read_text())
            for what in bad_includes(path, text):
                yield f"{path}: {what}"
            for folder, pattern, why in FORBIDDEN:
                found = re.search(pattern, text)
                if (str(path).startswith(folder + "/") and found
                        and (str(path), why) not in ALLOWED):
                    yield f"{path}: {found.group(0).strip()}: {why}"
            if names.setdefault(path.name, path) != path:
                yield f"{path}: another file has this name: {names[path.name]}"


if __name__ == "__main__":
    bad = list(findings())
    print("\n".join(bad), end="\n" if bad else "")
    sys.exit(bool(bad))
