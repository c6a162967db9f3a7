# SPDX-License-Identifier: MIT
"""What a power failure may leave of a store, from the log that store_shim.c keeps of its changes.

The file system of the model has the weakest promises that are common: data of a file is on the disk after an fsync of the
file, not before, in any part and any order, but a sector whole or not at all; names are on the disk after an fsync of their directory and go
there in any order ("strict"), or in their order, a sync of anything taking all with it ("ordered", as journals do)."""
import os
import re
import struct

ENTRY = struct.Struct("<QQQQIIII")  # struct entry of store_shim.c
SECTOR = 512
AT_REMOVEDIR = 0x200
EXCHANGE = 2


class Op:
    def __init__(self, fields, name, other, data, end):
        self.ino, self.other_ino, self.off, self.len, kind = fields[:5]
        self.kind = chr(kind)
        self.name, self.other, self.data, self.end = name, other, data, end

    def __repr__(self):
        return f"{self.kind} {self.ino} {self.name} {self.other_ino} {self.other} off {self.off} len {self.len}"


def read_log(path):
    with open(path, "rb") as f:
        log = f.read()
    ops, at = [], 0
    while at < len(log):
        fields = ENTRY.unpack_from(log, at)
        lengths = fields[5:8]
        at += ENTRY.size
        parts = []
        for n in lengths:
            parts.append(log[at : at + n])
            at += n
        ops.append(Op(fields, parts[0].decode(), parts[1].decode(), parts[2], at))
    tell_apart(ops)
    return ops


def tell_apart(ops):
    """The store gives a removed file's inode number to a new file, which is another one for us."""
    now = {}
    for n, op in enumerate(ops):
        op.ino = now.get(op.ino, op.ino)
        if op.kind == "C":
            now[op.other_ino] = op.other_ino | (n + 1) << 40
        if op.kind != "S":
            op.other_ino = now.get(op.other_ino, op.other_ino)


DATA, NAMES = "WTPA", "CUML"


class Image:
    """A store: inodes with their bytes, directories with their names."""

    def __init__(self, root):
        self.root = root
        self.dirs = {root: {}}
        self.files = {}

    def apply(self, op):
        """A whole change; what it needs that isn't there makes it nothing."""
        if op.kind in DATA:
            data = self.files.setdefault(op.ino, bytearray())
            if op.kind == "W":
                self.write(data, op.off, op.data)
            elif op.kind == "T":
                self.resize(data, op.len)
            elif op.kind == "P":
                end = min(len(data), op.off + op.len)
                data[op.off : end] = bytes(max(0, end - op.off))
        elif op.kind == "C":
            if op.len:
                self.dirs.setdefault(op.other_ino, {})
            else:
                self.files.setdefault(op.other_ino, bytearray())
            if op.name and op.ino in self.dirs:
                self.dirs[op.ino][op.name] = op.other_ino
        elif op.kind == "L":
            if op.ino in self.dirs:
                self.dirs[op.ino][op.name] = op.other_ino
        elif op.kind == "U":
            self.dirs.get(op.ino, {}).pop(op.name, None)
        elif op.kind == "M":
            self.rename(op)

    def rename(self, op):
        source, target = self.dirs.get(op.ino, {}), self.dirs.get(op.other_ino, {})
        moved = source.pop(op.name, None)
        if moved is None:
            return
        if op.len & EXCHANGE and op.other in target:
            source[op.name] = target[op.other]
        target[op.other] = moved

    @staticmethod
    def resize(data, size):
        data.extend(bytes(max(0, size - len(data))))
        del data[size:]

    def write(self, data, off, piece):
        self.resize(data, max(len(data), off + len(piece)))
        data[off : off + len(piece)] = piece

    def apply_torn(self, op, rng):
        """A write of which some sectors reached the disk, each whole, and the file's new size with them."""
        data = self.files.setdefault(op.ino, bytearray())
        if op.kind != "W":
            return
        cut = rng.randrange(len(op.data) + 1) if rng.random() < 0.5 else len(op.data)
        end = op.off + cut
        if cut < len(op.data):
            end = max(op.off, end - end % SECTOR)
        at = op.off
        while at < end:
            n = min(SECTOR - at % SECTOR, end - at)
            if rng.random() < 0.5:
                self.write(data, at, op.data[at - op.off : at - op.off + n])
            else:
                self.resize(data, max(len(data), at + n))
            at += n

    def paths(self, ino=None, path=""):
        """(path, inode) of everything below."""
        for name, child in self.dirs[self.root if ino is None else ino].items():
            yield os.path.join(path, name), child
            if child in self.dirs:
                yield from self.paths(child, os.path.join(path, name))

    def make(self, folder):
        """The store as files in `folder`."""
        made = {}  # inode -> its first path
        for path, ino in self.paths():
            full = os.path.join(folder, path)
            if ino in self.dirs:
                os.mkdir(full)
            elif ino in made:
                os.link(made[ino], full)
            else:
                with open(full, "wb") as f:
                    f.write(self.files.get(ino, b""))
                made[ino] = full
        self.renumber_jobs(folder, {ino & (1 << 40) - 1: path for ino, path in made.items()})

    @staticmethod
    def renumber_jobs(folder, made):
        """A job names its file by the inode number, which is another one in the copy."""
        swap = os.path.join(folder, ".alcm/swap")
        for name in os.listdir(swap) if os.path.isdir(swap) else ():
            path = os.path.join(swap, name)
            with open(path, "rb") as f:
                text = f.read()
            found = re.match(rb"alcm-swap 1\nino (\d+)\n", text)
            if name.endswith(".job") and found and int(found[1]) in made:
                number = os.stat(made[int(found[1])]).st_ino
                with open(path, "wb") as f:
                    f.write(text.replace(b"ino " + found[1], b"ino %d" % number, 1))


def durable_data(ops, n):
    """For each of the first n ops, whether a sync of its file follows among them."""
    synced, out = set(), [False] * n
    for i in range(n - 1, -1, -1):
        if ops[i].kind == "S" and not ops[i].other_ino:
            synced.add(ops[i].ino)
        out[i] = ops[i].kind in DATA and ops[i].ino in synced
    return out


def durable_names(ops, n, strict):
    synced, out = set(), [False] * n
    for i in range(n - 1, -1, -1):
        op = ops[i]
        if op.kind == "S" and (op.other_ino or not strict):
            synced.add(op.ino)
        if op.kind in NAMES:
            out[i] = bool(synced) if not strict else (
                op.ino in synced and (op.kind != "M" or op.other_ino in synced))
    return out


def process_died(ops, n, root):
    """The daemon was killed: all of the first n changes, whole."""
    image = Image(root)
    for op in ops[:n]:
        image.apply(op)
    return image


def power_failed(ops, n, root, rng, strict):
    """One of the stores that a power failure after n changes may leave."""
    image = Image(root)
    data, names = durable_data(ops, n), durable_names(ops, n, strict)
    lose = rng.random()
    last_name = rng.randrange(n + 1)  # "ordered": names from here on are lost, unless durable
    for i, op in enumerate(ops[:n]):
        if op.kind in DATA:
            if data[i] or rng.random() > lose:
                image.apply(op)
            elif rng.random() < 0.5:
                image.apply_torn(op, rng)
        elif op.kind in NAMES:
            kept = rng.random() > lose if strict else i < last_name
            if names[i] or kept:
                image.apply(op)
            elif op.kind == "C":  # the inode may be there for what its descriptor wrote
                image.files.setdefault(op.other_ino, bytearray()) if not op.len else None
    return image
