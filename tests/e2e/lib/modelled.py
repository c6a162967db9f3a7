# SPDX-License-Identifier: MIT
"""A file in the mount, and the array that it should equal: every change goes to both, every read is compared.

Names are relative: the working directory is the mount. One thread changes a file, others may look at it.
"""
import ctypes
import itertools
import mmap
import os

import e2e
import numpy as np

KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16
MS_SYNC = 4
MAX_BYTES = 320 * 1024
POOL_BYTES = 4 << 20
LOSSY, BOUND = "lossy", 1e-4  # a directory, and how far its files' values may move; they are 200 times that

numbers = itertools.count()

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
libc.msync.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long)


def npy_head(n_floats):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({n_floats},), }}"
    return b"\x93NUMPY\x01\x00v\x00" + text.ljust(117).encode() + b"\n"


def safetensors_head(n_floats):
    text = f'{{"w":{{"dtype":"F32","shape":[{n_floats}],"data_offsets":[0,{4 * n_floats}]}}}}'.ljust(120).encode()
    return len(text).to_bytes(8, "little") + text


# How files begin whose beginning says what they are.
HEADS = {"npy": npy_head, "lossy": npy_head, "safetensors": safetensors_head, "blob": lambda _: e2e.BLOB_MAGIC}


def write_all(fd, data, off):
    """A daemon that dies in the middle makes a short write of it, and an error of the rest."""
    while data:
        n = os.pwrite(fd, data, off)
        data, off = data[n:], off + n


def read_all(fd, off, n):
    got = b""
    while more := os.pread(fd, n - len(got), off + len(got)):
        got += more
    return got


def drop_pages(fd):
    """What is read next comes from the mount, but for pages that are mapped or dirty."""
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


class Pool:
    """Bytes of each kind, to take pieces of at random."""

    def __init__(self, rng):
        values = np.random.default_rng(rng.randrange(1 << 30)).standard_normal(POOL_BYTES // 4) * 0.02
        self.rng, self.floats = rng, values.astype("f4").tobytes()
        self.others = {"noise": rng.randbytes(POOL_BYTES), "text": b"".join(b"step %15d\n" % i for i in range(POOL_BYTES // 20))}

    def piece(self, kind, n):
        data = self.others.get(kind, self.floats)
        at = self.rng.randrange((len(data) - n) // 4) * 4
        return data[at : at + n]


class Mapping:
    """A shared mapping that outlives its descriptor, as Python's own doesn't."""

    def __init__(self, fd, size, writable):
        self.size, self.writable = size, writable
        self.at = libc.mmap(None, size, mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0), mmap.MAP_SHARED, fd, 0)
        if self.at == ctypes.c_void_p(-1).value:
            raise OSError(ctypes.get_errno(), "mmap")

    def read(self, off, n):
        return ctypes.string_at(self.at + off, n)

    def write(self, off, data):
        ctypes.memmove(self.at + off, data, len(data))

    def sync(self):
        if libc.msync(self.at, self.size, MS_SYNC):
            raise OSError(ctypes.get_errno(), "msync")

    def close(self):
        libc.munmap(self.at, self.size)


class Handle:
    def __init__(self, name, writable, flags=0):
        self.fd, self.writable = os.open(name, (os.O_RDWR if writable else os.O_RDONLY) | flags, 0o644), writable


class File:
    """`states` are what it held and holds: the one at `done`, and the next while a change is under way. The one at
    `safe` was committed: a crash leaves it or a later one. `life` counts the files that it was, one after the other."""

    def __init__(self, kind, rng, pool, say):
        self.kind, self.rng, self.pool, self.say = kind, rng, pool, say
        self.exact = kind != "lossy"
        self.folder = "" if self.exact else LOSSY + "/"
        self.unit = 4 if kind in ("lossy", "floats") else 1
        self.n_head = len(self.head())
        self.life = 0
        self.handles, self.mappings = [], []
        self.names, self.names_after, self.ino = [], None, None
        self.begin_life(b"")

    def __repr__(self):
        return f"{'='.join(self.names) or 'nameless'} ({self.kind})"

    def begin_life(self, content):
        self.life += 1
        self.states, self.done, self.safe = [content], 0, 0

    @property
    def want(self):
        return self.states[self.done]

    def head(self):
        if self.kind not in HEADS:
            return b""
        return HEADS[self.kind](self.rng.randrange(10_000, 70_000) if self.exact else 30_000)

    def body(self, n):
        return self.pool.piece(self.kind, n)

    def span(self, end=MAX_BYTES, rng=None):
        """Some (offset, length) behind the head."""
        rng = rng or self.rng
        first = self.n_head // self.unit
        off = rng.randrange(first, max(end // self.unit, first + 1))
        n = rng.choice((1, 100, 5000, 66_000, 150_000))
        n = max(1, min(rng.randrange(1, n + 1), end // self.unit - off))
        return off * self.unit, n * self.unit

    # --- names and handles ----------------------------------------------------------------------------

    def path(self):
        return self.names[0]

    def new_name(self):
        return f"{self.folder}{self.kind}{next(numbers)}"

    def name_change(self, what, do, names, other=None, other_names=()):
        """`do` gives it these names, and another file those."""
        self.say(f"{self}: {what} {names}")
        self.names_after = names
        if other:
            other.names_after = list(other_names)
        do()
        self.names, self.names_after = names, None
        if other:
            other.names, other.names_after = list(other_names), None

    def create(self):
        """A new file; of the one before nothing is left but what others have open."""
        self.close_all()
        name = self.new_name()
        self.say(f"create {name}")
        self.ino = None
        self.begin_life(b"")
        self.handles.append(Handle(name, True, os.O_CREAT | os.O_EXCL))
        self.ino, self.names = os.fstat(self.handles[0].fd).st_ino, [name]
        return self.handles[0]

    def open(self, writable):
        if not self.names and not self.handles:
            return self.create()
        self.say(f"{self}: open {'w' if writable else 'r'}")
        name = self.path() if self.names else f"/proc/self/fd/{self.handles[0].fd}"
        self.handles.append(Handle(name, writable))
        return self.handles[-1]

    def handle(self, writable):
        fits = [h for h in self.handles if h.writable or not writable]
        return self.rng.choice(fits) if fits else self.open(writable)

    def close(self, handle):
        self.say(f"{self}: close {'w' if handle.writable else 'r'}")
        self.handles.remove(handle)
        os.close(handle.fd)
        if handle.writable:
            self.safe = self.done

    def map(self, handle):
        self.say(f"{self}: map {len(self.want)}")
        self.mappings.append(Mapping(handle.fd, len(self.want), handle.writable))
        return self.mappings[-1]

    def unmap(self, mapping):
        self.say(f"{self}: unmap")
        self.mappings.remove(mapping)
        mapping.close()

    def close_all(self):
        for handle in list(self.handles):
            self.close(handle)
        for mapping in list(self.mappings):
            self.unmap(mapping)

    # --- changes -----------------------------------------------------------------------------------------

    def change(self, what, new, do):
        self.say(f"{self}: {what}")
        self.states.append(bytes(new))
        do()
        self.done = len(self.states) - 1

    def over(self, off, data):
        """What it holds, with `data` at `off`."""
        return self.want[:off].ljust(off, b"\0") + data + self.want[off + len(data) :]

    def write(self, off, data):
        fd = self.handle(True).fd
        self.change(f"write {len(data)} at {off}", self.over(off, data), lambda: write_all(fd, data, off))

    def append(self, data):
        with open(self.path(), "ab", buffering=0) as f:
            self.change(f"append {len(data)}", self.want + data,
                        lambda: e2e.equal(f.write(data), len(data), "appended"))
        self.safe = self.done

    def truncate(self, size):
        fd = self.handle(True).fd
        self.change(f"truncate {size}", self.want[:size].ljust(size, b"\0"), lambda: os.ftruncate(fd, size))

    def allocate(self, mode, off, n):
        fd, new = self.handle(True).fd, self.want
        if mode & (PUNCH_HOLE | ZERO_RANGE) and off < len(new):
            new = self.over(off, bytes(min(n, len(new) - off)))
        if not mode & KEEP_SIZE:
            new = new.ljust(off + n, b"\0")

        def do():
            if libc.fallocate(fd, mode, off, n):
                raise OSError(ctypes.get_errno(), "fallocate")

        self.change(f"fallocate {mode}: {n} at {off}", new, do)

    def write_mapped(self, mapping, off, data):
        self.change(f"write {len(data)} at {off} of a mapping", self.over(off, data), lambda: mapping.write(off, data))

    def sync(self, how):
        self.say(f"{self}: sync")
        how()
        self.safe = self.done

    def trim(self):
        """Nobody looks at it just now: what it can't be any more is forgotten."""
        self.states = self.states[self.safe : self.done + 1]
        self.safe, self.done = 0, len(self.states) - 1

    # --- comparing -----------------------------------------------------------------------------------------

    def near(self, got, want, off):
        """Of each byte, whether it may be read where `want` was written."""
        right = np.frombuffer(got, "u1") == np.frombuffer(want, "u1")
        start = max(0, self.n_head - off)
        if not self.exact and start < len(got):
            a, b = (np.frombuffer(data[start:], "<f4") for data in (got, want))
            right[start:] |= np.repeat(np.abs(a - b) <= BOUND * 1.0001, 4)
        return right

    def check(self, got, off, states, how):
        """Each byte is that of one of the states, as is the size."""
        pieces = [state[off : off + len(got)] for state in states]
        if any(got == piece for piece in pieces):
            return
        with np.errstate(invalid="ignore", over="ignore"):
            right = [self.near(got, piece.ljust(len(got), b"\0"), off) for piece in pieces]
        sizes = [len(piece) for piece in pieces]
        right = np.logical_or.reduce(right)
        wrong = f"{(~right).sum()} bytes from {off + int(np.argmin(right))} on" if not right.all() else "the size"
        assert right.all() and min(sizes) <= len(got) <= max(sizes), (
            f"{self}: {how}: {len(got)} bytes at {off} are those of no state: {wrong}; it had {set(sizes)} bytes there")

    def check_read(self, fd, off, n, states, how):
        self.check_length(got := read_all(fd, off, n), off, n, states, how)
        self.check(got, off, states, how)

    def check_length(self, got, off, n, states, how):
        lengths = [max(0, min(n, len(state) - off)) for state in states]
        assert min(lengths) <= len(got) <= max(lengths), f"{self}: {how}: {len(got)} bytes at {off}, not {lengths}"

    def check_all(self, how):
        """As the kernel has it, and as the mount does; by each handle and mapping, and by one opened for this."""
        fds = [h.fd for h in self.handles]
        fresh = os.open(self.path(), os.O_RDONLY) if self.names else -1
        try:
            for fd in fds + ([fresh] if fresh >= 0 else []):
                if self.rng.randrange(4):
                    drop_pages(fd)
                e2e.equal(os.fstat(fd).st_size, len(self.want), f"{self}: {how}: size")
                self.check_read(fd, 0, len(self.want) + 8, [self.want], how)
            for mapping in self.mappings:
                n = min(mapping.size, len(self.want))
                self.check(mapping.read(0, n), 0, [self.want[:n]], f"{how}, mapped")
        finally:
            if fresh >= 0:
                os.close(fresh)

    def look(self, rng):
        """By another thread, while it may be changed."""
        life = self.life
        try:
            fd = os.open(self.path(), os.O_RDONLY)
        except (FileNotFoundError, IndexError):
            return
        try:
            off, n = self.span(rng=rng)
            is_it = os.fstat(fd).st_ino == self.ino
            states, first = self.states, self.done
            if rng.randrange(2):
                drop_pages(fd)
            got = os.pread(fd, n, off)
            states = states[first:]
        finally:
            os.close(fd)
        if is_it and life == self.life:
            self.check_length(got, off, n, states, "an onlooker's read")
            self.check(got, off, states, "an onlooker's read")
