#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How far one operation goes through the code: the files that its calls can enter, the arrows between them, and those
of them that climb.

    walks.py BUILD [WALK=FUNCTION[,FUNCTION…] …]

Calls are read from the objects of a build folder (objdump), so what the compiler put into its caller counts there.
Calls through pointers are followed where their table names the functions (the codec's rows) or where a walk
names the function behind them as a second beginning (what a worker runs). Leaves that everything uses are left out:
core/base, and the logs. An arrow within a circle has a way back. An arrow climbs as tests/lint/circles.py says: between the folders of core by their rank, within
core/blob and fs by the floors in docs/design.md, and from core to fs.
"""
import collections
import re
import subprocess
import sys

import circles

WALKS = {
    "write → store": ("op_write", "encode_job"),
    "store → read": ("op_read",),
    "lossy commit": ("alcm_blob_quantise",),
    "idle conversion": ("content_convert", "prepare"),
}
LEFT_OUT = re.compile(r"^(mem_|diag_set|lock_|cond_|engine_log|fs_log|fs_fail|clock_)")
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
CALL = re.compile(r"\b(?:call|jmp)\s+[0-9a-f]+ <([^+>]+)")
RELOCATION = re.compile(r"R_\w+\s+([A-Za-z_]\w*)")


def plain(symbol):
    """The name of a function without what compilers append to parts and copies of it."""
    return symbol.split(".")[0]


def calls(obj):
    """{function: {names that it uses}} of an object; tables of functions count as functions."""
    out = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", "-j", ".text", "-j", ".text.unlikely",
                          "-j", ".text.hot", obj], capture_output=True, text=True, check=False).stdout
    graph, now = collections.defaultdict(set), None
    for line in out.splitlines():
        if found := FUNCTION.match(line):
            now = plain(found.group(1))
            graph[now]  # it may use nothing
        elif now:
            graph[now].update(plain(name) for name in CALL.findall(line) + RELOCATION.findall(line))
    return graph


def tables(obj):
    """What the read-only data of an object points to: rows of functions."""
    out = subprocess.run(["objdump", "-r", obj], capture_output=True, text=True, check=True).stdout
    return {plain(name) for name in re.findall(r"R_\w+_64\s+([A-Za-z_]\w*)", out)}


def read(build):
    """({object: its functions' calls}, {global name: [object]})"""
    functions, where = {}, collections.defaultdict(list)
    for obj, defined, _ in circles.symbols(build):
        if obj.parts[-2].startswith(("libalcm.so", "alcmfs.p")):
            functions[obj] = calls(obj)
            rows = tables(obj)
            for name in defined:
                where[name].append(obj)
                if name not in functions[obj] and rows:
                    functions[obj][name] = rows
    return functions, where


def walk(functions, where, begins):
    """(objects entered, arrows between them)"""
    entered, arrows = set(), set()
    todo = [(obj, name) for name in begins for obj in functions if name in functions[obj]
            and (name not in where or obj in where[name])]
    while todo:
        obj, name = todo.pop()
        if (obj, name) in entered:
            continue
        entered.add((obj, name))
        for used in functions[obj][name]:
            if LEFT_OUT.match(used):
                continue
            for other in [obj] if used in functions[obj] else where.get(used, []):
                if "base_" in other.name and circles.is_core(other):
                    continue
                if other != obj:
                    arrows.add((obj, other))
                if used in functions[other]:
                    todo.append((other, used))
    return {obj for obj, _ in entered}, arrows


def climbs(obj, other, floors):
    if circles.is_core(obj) != circles.is_core(other):
        return circles.is_core(obj)
    places = [(circles.folder(o) if circles.is_core(o) else "fs", circles.name(o)) for o in (obj, other)]
    if places[0][0] != places[1][0]:
        return circles.RANK[places[1][0]] > circles.RANK[places[0][0]]
    a, b = (floors.get((f"core/{folder}" if folder != "fs" else "fs", name)) for folder, name in places)
    return a is not None and b is not None and b > a


def n_in_circles(arrows):
    graph = collections.defaultdict(set)
    for a, b in arrows:
        graph[a].add(b)
        graph[b]  # it may have no arrows
    rings = [set(ring) for ring in circles.circles(graph)]
    return sum(any(a in ring and b in ring for ring in rings) for a, b in arrows)


def main(build, *more):
    functions, where = read(build)
    floors = circles.floors()
    walks = dict(w.split("=") for w in more) or {name: ",".join(begins) for name, begins in WALKS.items()}
    print("| walk | files entered | arrows | within circles | climb |\n|---|---:|---:|---:|---:|")
    for name, begins in walks.items():
        entered, arrows = walk(functions, where, begins.split(","))
        up = sorted((circles.name(a), circles.name(b)) for a, b in arrows if climbs(a, b, floors))
        print(f"| {name} | {len(entered)} | {len(arrows)} | {n_in_circles(arrows)} | {len(up)} |")
        for a, b in up:
            print(f"    {a} → {b}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
