#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Circles between files, and arrows that climb: between the folders of core, and between the floors that docs/design.md
draws within a folder; by who uses whose functions and data.

    circles.py BUILD

Reads the symbols of the objects in a build folder (nm), so calls count that no header shows. Prints each
circle of more than one file with the uses that make it, and fails unless it is listed in ALLOWED.
"""
import pathlib
import re
import subprocess
import sys

from layers import RANK

# Circles that are a registry and its rows, or one object in several files; by their files.
ALLOWED = [
    # A table of formats whose parsers read through it.
    {"format_table", "gguf", "hdf5", "npy", "safetensors", "torch_legacy", "zip_checksums", "zip_walk"},
    # Kernels by CPU, which fall back to the portable ones.
    {"ans_avx2", "ans_avx512", "ans_decode", "ans_encode", "ans_plan"},
    # One table of inodes: what each is, and its descriptors.
    {"inode", "inode_fd"},
]


def symbols(build):
    """Yield (file, defined, used) of every object of the product."""
    for top in ("core", "fs", "tools"):
        for obj in sorted(pathlib.Path(build, top).rglob("*.o")):
            out = subprocess.run(["nm", obj], capture_output=True, text=True, check=True).stdout
            rows = [line.split() for line in out.splitlines()]
            defined = {row[2] for row in rows if len(row) == 3 and row[1] in "TDBRC"}
            used = {row[1] for row in rows if len(row) == 2 and row[0] == "U"}
            yield obj, defined, used


def uses(build):
    """{file: {file it uses: {names}}}; programs may define the same names, so each folder sees itself and core."""
    rows = list(symbols(build))
    graph = {}
    for obj, _, used in rows:
        edges = graph.setdefault(obj, {})
        for other, defined, _ in rows:
            if other != obj and other.parts[:-1] == obj.parts[:-1] and used & defined:
                edges[other] = used & defined
    return graph


def circles(graph):
    """The strongly connected components of more than one file (Tarjan)."""
    number, low, stack, found = {}, {}, [], []

    def visit(v):
        number[v] = low[v] = len(number)
        stack.append(v)
        for w in graph[v]:
            if w not in number:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], number[w])
        if low[v] == number[v]:
            at = stack.index(v)
            if len(stack) - at > 1:
                found.append(stack[at:])
            del stack[at:]

    for v in graph:
        if v not in number:
            visit(v)
    return found


def is_core(obj):
    return obj.parts[-2].startswith("libalcm")


def folder(obj):
    """Objects of core are named after their path: blob_cache.c.o."""
    first = obj.name.split("_", 1)[0]
    return first if first in RANK else ""


def name(obj):
    text = obj.name.removesuffix(".c.o")
    return text.removeprefix(folder(obj) + "_") if is_core(obj) else text.removeprefix("cli_report_")


def print_uses(graph, obj, other):
    print(f"    {name(obj)} uses {name(other)}: {', '.join(sorted(graph[obj][other]))}")


def count_circles(graph):
    n = 0
    for circle in circles(graph):
        names = {name(obj) for obj in circle}
        if any(names <= allowed for allowed in ALLOWED):  # on some CPUs there are fewer kernels
            continue
        n += 1
        print(f"{len(names)} files that use one another: {', '.join(sorted(names))}")
        for obj in sorted(circle):
            for other in sorted(set(graph[obj]) & set(circle)):
                print_uses(graph, obj, other)
    return n


def count_climbing(graph):
    climbing = [(obj, other) for obj in graph for other in graph[obj]
                if is_core(obj) and RANK[folder(other)] > RANK[folder(obj)]]
    for obj, other in sorted(climbing):
        print(f"from core/{folder(obj)} up to core/{folder(other)}:")
        print_uses(graph, obj, other)
    return len(climbing)


def floors():
    """{(folder, file): floor} as docs/design.md draws them."""
    text = pathlib.Path("docs/design.md").read_text().split("## Floors")[1].split("\n## ")[0]
    drawn = {}
    top = None
    for line in text.splitlines():
        top = (re.match(r"`([a-z/]+)`, ", line) or [None, top])[1]
        row = re.match(r"    (\d)  ([a-z0-9_, ]+)$", line)
        for file in row[2].split(", ") if row else ():
            drawn[top, file] = int(row[1])
    return drawn


def place(obj):
    """(folder, file) as design.md has them."""
    return ("core/" + folder(obj) if is_core(obj) else "fs" if obj.parts[-2] == "alcmfs.p" else ""), name(obj)


def count_off_floors(graph):
    drawn, n = floors(), 0
    folders = {top for top, _ in drawn}
    places = {place(obj) for obj in graph}
    for top, file in sorted(set(drawn) - places):
        print(f"docs/design.md: there is no {top}/{file}.c")
        n += 1
    for obj in sorted(graph):
        if place(obj)[0] not in folders:
            continue
        if place(obj) not in drawn:
            print(f"docs/design.md: {'/'.join(place(obj))}.c is on no floor")
            n += 1
            continue
        for other in sorted(graph[obj]):
            if place(other)[0] == place(obj)[0] and drawn.get(place(other), 0) > drawn[place(obj)]:
                print("up from one floor to another:")
                print_uses(graph, obj, other)
                n += 1
    return n


def main():
    sys.setrecursionlimit(10000)
    graph = uses(sys.argv[1])
    if not any(map(is_core, graph)):
        sys.exit("no objects of core: build first")
    return 1 if count_circles(graph) + count_climbing(graph) + count_off_floors(graph) else 0


if __name__ == "__main__":
    sys.exit(main())
