#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reference decoder of alcm blobs, written from docs/format.md alone.

    alcm_decode.py BLOB [OUT]        the logical bytes to OUT, or to standard output
    alcm_decode.py --info BLOB       what the decoder settled on, as JSON

It needs the standard library, NumPy, and the shared libraries libxxhash and (for coder 3) libzstd.
Section numbers in comments are those of docs/format.md. Every hash is verified. Exit status: 0 done,
1 bad usage or no blob, 3 corrupt, 5 made by a newer format.
"""

import ctypes
import ctypes.util
import json
import mmap
import os
import struct
import sys
import zlib

import numpy as np

from alcm_ans import STATES, WIDE_STATES, decode_ans
from alcm_grid import join_grid
from alcm_must import Impossible

FRAME_ALIGN = 64
HEADER_BYTES = RECORD_HEADER_BYTES = INDEX_HEADER_BYTES = 64
TRAILER_BYTES = 128
METRICS_BYTES = 120
DISTORTION_BYTES = 64
PROFILES = (0, 1, 2, 3, 4)
QUANTISED = 1 << 31  # of an index entry's frame length
PLANE_ROW_BYTES = 32
ENTRY_BYTES = 16
BASE_BYTES = 24
REFERENCE_BYTES = 40
MAX_PARTS = 8
MAX_PLANES = 64
REPAIR_MAX = 16 << 10

CONVERSION_MAGIC = b"\x89ALCMc\r\n"
HEADER_MAGIC = b"\x89ALCM\r\n\x1a"
TRAILER_MAGIC = b"\x89ALCMt\r\n"
RECORD_MAGIC = b"ALR1"
INDEX_MAGIC = b"ALI1"


class NotABlob(Exception):
    pass


class Corrupt(Exception):
    pass


class Newer(Exception):
    """Intact, but made by a format or with a codec that this decoder doesn't know."""


def max_size(log2):
    """5: no file is larger, and no chunk begins there or beyond."""
    return min(1 << 50, 1 << (32 + log2))


def must(condition, what):
    if not condition:
        raise Corrupt(what)


def repaired(data, valid):
    """4.6: the bytes with the one bit flipped back that makes them valid, or None."""
    out = bytearray(data)
    for bit in range(8 * len(out)):
        out[bit // 8] ^= 1 << bit % 8
        if valid(bytes(out)):
            return bytes(out)
        out[bit // 8] ^= 1 << bit % 8
    return None


def starts_well(magic):
    """Whether a header or trailer has its magic and its hash."""
    return lambda b: b[:8] == magic and hash64(b[16:]) == struct.unpack_from("<Q", b, 8)[0]


def align(offset):
    return (offset + FRAME_ALIGN - 1) // FRAME_ALIGN * FRAME_ALIGN


def load_library(name, soname):
    try:
        return ctypes.CDLL(soname)
    except OSError:
        found = ctypes.util.find_library(name)
        if not found:
            sys.exit(f"alcm_decode: lib{name} is not installed")
        return ctypes.CDLL(found)


xxhash = load_library("xxhash", "libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = (ctypes.c_char_p, ctypes.c_size_t)


class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


xxhash.XXH3_128bits.restype = Hash128
xxhash.XXH3_128bits.argtypes = (ctypes.c_char_p, ctypes.c_size_t)


def hash64(data):
    data = bytes(data)
    return xxhash.XXH3_64bits(data, len(data))


def hash128(data):
    """The 16 bytes of the canonical form."""
    data = bytes(data)
    found = xxhash.XXH3_128bits(data, len(data))
    return struct.pack(">QQ", found.high, found.low)


class Zstd:
    """The one call that coder 3 needs; the library is loaded when a blob first needs it."""

    lib = None

    @classmethod
    def decode(cls, data, n):
        if cls.lib is None:
            cls.lib = load_library("zstd", "libzstd.so.1")
            for name in ("ZSTD_decompress", "ZSTD_findFrameCompressedSize"):
                getattr(cls.lib, name).restype = ctypes.c_size_t
            cls.lib.ZSTD_isError.restype = ctypes.c_uint
            cls.lib.ZSTD_isError.argtypes = (ctypes.c_size_t,)
            cls.lib.ZSTD_findFrameCompressedSize.argtypes = (ctypes.c_char_p, ctypes.c_size_t)
            cls.lib.ZSTD_decompress.argtypes = (
                ctypes.c_void_p,
                ctypes.c_size_t,
                ctypes.c_char_p,
                ctypes.c_size_t,
            )
        frame = cls.lib.ZSTD_findFrameCompressedSize(data, len(data))
        must(not cls.lib.ZSTD_isError(frame), "zstd: bad frame")
        must(frame == len(data), "zstd: more than one frame, or bytes behind it")
        out = ctypes.create_string_buffer(max(n, 1))
        got = cls.lib.ZSTD_decompress(out, n, data, len(data))
        must(not cls.lib.ZSTD_isError(got) and got == n, "zstd: wrong length or bad data")
        return out.raw[:n]


# --- 3.2 coders: stored bytes, decoded length -> plane ------------------------------------------


def decode_raw(data, n):
    must(len(data) == n, "raw plane of another length")
    return data


def decode_constant(data, n):
    must(len(data) == 1, "constant plane with stored_len other than 1")
    return data * n


def decode_deflate(data, n):
    stream = zlib.decompressobj(-15)
    try:
        out = stream.decompress(data, n + 1)
    except zlib.error as error:
        raise Corrupt(f"deflate: {error}") from None
    must(len(out) == n and stream.eof and not stream.unused_data, "deflate: wrong length")
    return out


def decode_ans_plane(data, n, states=STATES):
    try:
        return decode_ans(data, n, states)
    except Impossible as error:
        raise Corrupt(str(error)) from None


def decode_ans_wide_plane(data, n):
    return decode_ans_plane(data, n, WIDE_STATES)


CODERS = {0: decode_raw, 1: decode_constant, 2: decode_deflate, 3: Zstd.decode, 4: decode_ans_plane,
          5: decode_ans_wide_plane}


# --- 3.1 transforms: planes -> bytes of the part ------------------------------------------------


def join_none(planes, elem_bytes, big_endian):
    return planes[0]


def join_bytes(planes, elem_bytes, big_endian):
    out = np.empty((len(planes[0]), elem_bytes), dtype=np.uint8)
    for i, plane in enumerate(planes):
        out[:, elem_bytes - 1 - i] = np.frombuffer(plane, dtype=np.uint8)
    if big_endian:
        out = out[:, ::-1]
    return out.tobytes()


def join_float(planes, elem_bytes, big_endian):
    kind = np.dtype(f"<u{elem_bytes}")
    v = np.frombuffer(join_bytes(planes, elem_bytes, False), dtype=kind)
    one, top = kind.type(1), kind.type(8 * elem_bytes - 1)
    v = (v >> one) | (v << top)
    return v.astype(v.dtype.newbyteorder(">") if big_endian else kind).tobytes()


def join_deltas(planes, elem_bytes, big_endian):
    kind = np.dtype(f"<u{elem_bytes}")
    z = np.frombuffer(join_bytes(planes, elem_bytes, False), kind)
    one = kind.type(1)
    d = (z >> one) ^ (kind.type(0) - (z & one))
    v = np.cumsum(d, dtype=kind)
    return v.astype(v.dtype.newbyteorder(">") if big_endian else kind).tobytes()


GRID, BINS = 3, 6  # a transform and the coder that belongs to it: alcm_grid.py
SPARSE, BITS, BIT_PLANES, DELTAS, COPY = 4, 5, 6, 7, 8

# id: the elem_bytes allowed, whether flag bit 0 is, the inverse
TRANSFORMS = {
    0: ((0,), False, join_none),
    1: (range(2, 33), True, join_bytes),
    2: ((2, 4, 8), True, join_float),
    GRID: ((2, 4, 8), True, None),
    SPARSE: ((2, 4, 8), True, None),
    BITS: ((1,), False, None),
    BIT_PLANES: ((1,), False, None),
    DELTAS: ((2, 4, 8), True, join_deltas),
    COPY: ((0,), False, None),
}

# planes that a transform gives, besides one for each byte of an element
EXTRA_PLANES = {SPARSE: 2, BIT_PLANES: 7}


def decode_sparse(planes, elem_bytes, n, big_endian):
    """Transform 4; planes: [(coder, stored bytes)]."""

    def plane(p, length):
        coder, data = planes[p]
        if coder not in CODERS:
            raise Newer(f"coder {coder} needs a newer alcm")
        return CODERS[coder](data, length)

    def bits(data, count):
        return np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count].astype(bool)

    nonzero = bits(plane(0, (n + 7) // 8), n)
    n_values = int(nonzero.sum())
    negative = bits(plane(1, (n - n_values + 7) // 8), n - n_values)
    kind = np.dtype(f"{'>' if big_endian else '<'}u{elem_bytes}")
    out = np.zeros(n, kind)
    out[~nonzero] = np.where(negative, np.uint64(1) << np.uint64(8 * elem_bytes - 1), np.uint64(0))
    values = join_float([plane(2 + p, n_values) for p in range(elem_bytes)], elem_bytes, big_endian)
    out[nonzero] = np.frombuffer(values, kind)
    return out.tobytes()


def parse_parts(body, raw_len):
    """The part table: [(raw_len, transform, elem_bytes, flags, [(coder, stored_len)])], its end."""
    must(len(body) >= 1, "empty body")
    n_parts, at = body[0], 1
    must(1 <= n_parts <= MAX_PARTS, "number of parts")
    parts = []
    for _ in range(n_parts):
        must(len(body) - at >= 8, "part table cut off")
        part_len, transform, elem_bytes, flags, n_planes = struct.unpack_from("<IBBBB", body, at)
        at += 8
        if transform not in TRANSFORMS:
            raise Newer(f"transform {transform} needs a newer alcm")
        widths, has_order, _ = TRANSFORMS[transform]
        must(elem_bytes in widths, "elem_bytes of the transform")
        must(flags & ~(1 if has_order else 0) == 0, "flags of the transform")
        must(n_planes == (2 if transform == GRID else (elem_bytes or 1) + EXTRA_PLANES.get(transform, 0)), "n_planes of the transform")
        must(part_len >= 1 and part_len % (elem_bytes or 1) == 0, "length of a part")
        must(len(body) - at >= 5 * n_planes, "plane table cut off")
        planes = [struct.unpack_from("<BI", body, at + 5 * i) for i in range(n_planes)]
        at += 5 * n_planes
        parts.append((part_len, transform, elem_bytes, flags, planes))
    must(sum(p[0] for p in parts) == raw_len, "parts don't add up to raw_len")
    return parts, at


def parse_reference(rows, data):
    """3.7: (record's offset, its frame's length, its chunk, first byte, hash)"""
    must(rows == [(0, REFERENCE_BYTES)] and len(data) == REFERENCE_BYTES, "plane of a reference")
    offset, length, number, first, file, digest = struct.unpack("<QIIII16s", data)
    if file:
        raise Newer("a reference to another file needs a newer alcm")
    return offset, length, number, first, digest


def references(body, raw_len):
    """The references of a body, without decoding it."""
    parts, at = parse_parts(body, raw_len)
    for _, transform, _, _, rows in parts:
        if transform == COPY:
            yield parse_reference(rows, body[at : at + rows[0][1]])
        at += sum(stored_len for _, stored_len in rows)


def decode_body(body, raw_len, read_reference=None):
    """Section 3: the logical bytes that a coded body stands for. read_reference(reference, n) gives those of another
    record; without it there may be no references."""
    parts, at = parse_parts(body, raw_len)
    out = []
    for part_len, transform, elem_bytes, flags, rows in parts:
        planes = []
        plane_len = part_len // (elem_bytes or 1)
        if transform == GRID:
            must(rows[0][0] == 0 and rows[1][0] == BINS, "coders of a grid")
            middle, end = at + rows[0][1], at + rows[0][1] + rows[1][1]
            must(end <= len(body), "plane reaches beyond the body")
            try:
                out.append(join_grid(body[at:middle], body[middle:end], elem_bytes, part_len, bool(flags & 1)))
            except Impossible as error:
                raise Corrupt(str(error)) from None
            at = end
            continue
        if transform == COPY:
            must(read_reference, "a record that others refer to refers to another one")
            reference = parse_reference(rows, body[at : at + rows[0][1]])
            out.append(read_reference(reference, part_len))
            at += rows[0][1]
            continue
        if transform == SPARSE:
            pieces = []
            for coder, stored_len in rows:
                must(stored_len <= len(body) - at, "plane reaches beyond the body")
                pieces.append((coder, body[at : at + stored_len]))
                at += stored_len
            out.append(decode_sparse(pieces, elem_bytes, plane_len, bool(flags & 1)))
            continue
        if transform in (BITS, BIT_PLANES):
            plane_len = (part_len + 7) // 8
        for coder, stored_len in rows:
            if coder not in CODERS:
                raise Newer(f"coder {coder} needs a newer alcm")
            must(stored_len <= len(body) - at, "plane reaches beyond the body")
            planes.append(CODERS[coder](body[at : at + stored_len], plane_len))
            at += stored_len
        if transform == BITS:
            bits = np.unpackbits(np.frombuffer(planes[0], np.uint8), bitorder="little")
            out.append(bits[:part_len].tobytes())
            continue
        if transform == BIT_PLANES:
            bits = np.stack([np.unpackbits(np.frombuffer(p, np.uint8), bitorder="little") for p in planes], 1)
            out.append(np.packbits(bits[:part_len], axis=1).tobytes())
            continue
        out.append(TRANSFORMS[transform][2](planes, elem_bytes, bool(flags & 1)))
    must(at == len(body), "bytes behind the last plane")
    return b"".join(out)


# --- section 2: frames --------------------------------------------------------------------------


class Blob:
    """One blob: `data` (bytes-like) with its frames' getters, which raise on what isn't valid."""

    def __init__(self, data, boot_id=None):
        self.data = data
        self.end = len(data)
        self.boot_id = this_boot_id() if boot_id is None else boot_id
        if self.data[:8] == CONVERSION_MAGIC:
            raise Corrupt("its conversion in place was cut off")
        try:
            self.read_header(self.data[:HEADER_BYTES])
        except Corrupt:
            self.repair_header()
        self.trailer = self.find_trailer()
        if self.trailer:
            self.size = self.trailer["size"]
            self.entries = self.index(self.trailer)
        else:
            self.size, self.entries = self.rebuild()

    def read_header(self, data):
        """2.1"""
        if len(data) < HEADER_BYTES:
            if data[:8] == HEADER_MAGIC:
                raise Corrupt("the file ends within its header")
            raise NotABlob("no blob")
        if data[:8] != HEADER_MAGIC and sum(map(int.__eq__, data[:8], HEADER_MAGIC)) < 4 and any(data):
            raise NotABlob("no blob")
        must(data[:8] == HEADER_MAGIC, "header's magic")
        must(hash64(data[16:64]) == struct.unpack_from("<Q", data, 8)[0], "header's hash")
        version, log2, profile, reserved = struct.unpack_from("<IBBH", data, 16)
        if version > 1:
            raise Newer(f"made by format {version}, this reads 1")
        must(version == 1, "version 0")
        must(reserved == 0, "header's reserved bytes")
        must(struct.unpack_from("<d", data, 56)[0] >= 0, "bound of the profile")
        must(16 <= log2 <= 24, "chunk_log2")
        if profile not in PROFILES:
            raise Newer(f"profile {profile} needs a newer alcm")
        if data[40:56] != bytes(16):
            raise Newer("the blob needs a base blob")
        self.log2, self.chunk_bytes, self.uuid = log2, 1 << log2, data[24:40]
        self.tag = struct.unpack_from("<Q", data, 24)[0]

    def repair_header(self):
        """4.1: undo what damaged the header, or do without it."""
        header = self.data[:HEADER_BYTES]
        must(len(header) == HEADER_BYTES, "the file ends within its header")
        found = repaired(header, starts_well(HEADER_MAGIC))
        try:
            if found:
                self.read_header(found)
            else:
                self.read_header_from_trailer()
        except Corrupt:
            if header[:8] != HEADER_MAGIC:
                raise NotABlob("no blob") from None
            raise

    def read_header_from_trailer(self):
        """4.1: a damaged header's fields stand in the file's last trailer as well."""
        at = self.end - TRAILER_BYTES
        must(at >= HEADER_BYTES and self.data[at : at + 8] == TRAILER_MAGIC, "header and last trailer")
        self.log2, self.uuid = self.data[at + 20], self.data[at + 24 : at + 40]
        self.chunk_bytes = 1 << self.log2
        self.tag = struct.unpack_from("<Q", self.uuid)[0]
        self.trailer_at(at)

    def record_header(self, at):
        """2.2: {number, raw_len, body_len, raw_hash, body_hash, metrics_len, frame_len}"""
        head = self.data[at : at + RECORD_HEADER_BYTES]
        must(len(head) == RECORD_HEADER_BYTES, "record header cut off")
        must(head[:4] == RECORD_MAGIC, "record's magic")
        must(hash64(head[16:64] + head[:8]) == struct.unpack_from("<Q", head, 8)[0], "record's hash")
        number, _, tag, raw_len, body_len, raw_hash, body_hash, _, metrics_len, reserved = (
            struct.unpack_from("<IQQIIQQIIQ", head, 4)
        )
        must(reserved == 0, "record's reserved bytes")
        must(tag == self.tag, "record of another blob")
        must(1 <= raw_len <= self.chunk_bytes, "raw_len")
        must(number << self.log2 < max_size(self.log2), "chunk number")
        must(body_len <= self.chunk_bytes + 4096, "body_len")
        must(metrics_len in (0, METRICS_BYTES, METRICS_BYTES + DISTORTION_BYTES) and metrics_len <= body_len, "metrics_len")
        must(at + RECORD_HEADER_BYTES + body_len <= self.end, "record reaches beyond the file")
        return {
            "number": number,
            "raw_len": raw_len,
            "raw_hash": raw_hash,
            "body_hash": body_hash,
            "metrics_len": metrics_len,
            "frame_len": RECORD_HEADER_BYTES + body_len,
        }

    def record_body(self, at, record):
        body = self.data[at + RECORD_HEADER_BYTES : at + record["frame_len"]]
        must(hash64(body) == record["body_hash"], "hash of a record's body")
        return body

    def record_whole(self, at):
        """True when the record's header and body verify."""
        try:
            self.record_body(at, self.record_header(at))
            return True
        except Corrupt:
            return False

    def index_header(self, at):
        """2.4: (n_entries, n_bases, body_hash, bytes before the entries, frame_len)"""
        head = self.data[at : at + INDEX_HEADER_BYTES]

        def valid(b):
            return b[:4] == INDEX_MAGIC and hash64(b[16:64] + b[:8]) == struct.unpack_from("<Q", b, 8)[0]

        must(len(head) == INDEX_HEADER_BYTES, "index header cut off")
        if not valid(head):
            head = repaired(head, valid)
            must(head, "index's magic or hash")
        n_entries, _, tag, body_len, body_hash, summary_len, n_planes = struct.unpack_from(
            "<IQQQQII", head, 4
        )
        lossy_len, n_bases = struct.unpack_from("<II", head, 48)
        must(head[56:64] == bytes(8), "index's reserved bytes")
        must(tag == self.tag, "index of another blob")
        must(n_planes <= MAX_PLANES, "n_planes")
        must(summary_len == METRICS_BYTES + PLANE_ROW_BYTES * n_planes, "summary_len")
        summary_len += lossy_len + BASE_BYTES * n_bases
        must(body_len == summary_len + ENTRY_BYTES * n_entries, "index's body_len")
        must(at + INDEX_HEADER_BYTES + body_len <= self.end, "index reaches beyond the file")
        return n_entries, n_bases, body_hash, summary_len, INDEX_HEADER_BYTES + body_len

    def index(self, trailer):
        """2.4: {chunk number: (offset, frame length)} of the index that `trailer` names."""
        at = trailer["index"]
        n_entries, n_bases, body_hash, summary_len, frame_len = self.index_header(at)
        must(align(at + frame_len) == trailer["offset"], "index doesn't end at the trailer")
        body = self.data[at + INDEX_HEADER_BYTES : at + frame_len]
        if hash64(body) != body_hash:
            body = len(body) <= REPAIR_MAX and repaired(body, lambda b: hash64(b) == body_hash)
            must(body, "hash of the index's body")
        entries, last = {}, -1
        for i in range(n_entries):
            number, length, offset = struct.unpack_from("<IIQ", body, summary_len + ENTRY_BYTES * i)
            length &= ~QUANTISED
            must(number > last, "index's entries are out of order")
            must(offset % FRAME_ALIGN == 0 and offset >= HEADER_BYTES, "record's offset")
            must(offset + length <= at, "record behind the index")
            entries[number] = (offset, length)
            last = number
        self.check_bases(body[summary_len - BASE_BYTES * n_bases : summary_len], entries, at)
        return entries

    def check_bases(self, rows, entries, end):
        """2.4: the offsets of the records that others refer to, of an index at `end`."""
        last = (0, 0)
        self.bases = []
        for user, _, offset, length, _ in struct.iter_unpack("<IIQII", rows):
            must(user in entries, "base of no record")
            must(offset % FRAME_ALIGN == 0 and offset >= HEADER_BYTES and offset + length <= end, "base's offset")
            must(last < (offset, entries[user][0]), "bases are out of order")
            last = (offset, entries[user][0])
            self.bases.append(offset)

    def trailer_at(self, at, repair=False):
        """2.5"""
        head = self.data[at : at + TRAILER_BYTES]
        must(at >= HEADER_BYTES and len(head) == TRAILER_BYTES, "trailer cut off")
        if repair and not starts_well(TRAILER_MAGIC)(head):
            head = repaired(head, starts_well(TRAILER_MAGIC)) or head
        must(head[:8] == TRAILER_MAGIC, "trailer's magic")
        must(hash64(head[16:]) == struct.unpack_from("<Q", head, 8)[0], "trailer's hash")
        version, log2, profile, reserved = struct.unpack_from("<IBBH", head, 16)
        if version > 1:
            raise Newer(f"made by format {version}, this reads 1")
        must(version == 1, "version 0")
        if profile not in PROFILES:
            raise Newer(f"profile {profile} needs a newer alcm")
        offset, index, size, number, synced = struct.unpack_from("<5Q", head, 40)
        _, _, reserved2, prev, _ = struct.unpack_from("<QIIQQ", head, 96)
        must(not (reserved or reserved2), "trailer's reserved bytes")
        must(16 <= log2 <= 24, "chunk_log2")
        must(log2 == self.log2 and head[24:40] == self.uuid, "trailer of another blob")
        must(offset == at and at % FRAME_ALIGN == 0, "trailer's own offset")
        must(HEADER_BYTES <= index < at and index % FRAME_ALIGN == 0, "index's offset")
        must(size <= max_size(log2), "logical size")
        must(prev < at and synced < at, "trailer refers to what follows it")
        return {
            "offset": at,
            "index": index,
            "size": size,
            "commit": number,
            "synced": synced,
            "boot_id": head[80:96],
            "prev": prev,
        }

    # --- section 4: opening and recovery --------------------------------------------------------

    def trailer_with_index(self, at, repair=False):
        """The trailer at `at` if it and its index are valid, or None."""
        try:
            trailer = self.trailer_at(at, repair)
            self.index(trailer)
            return trailer
        except Corrupt:
            return None

    def walk(self):
        """4.2: yield (kind, offset, record) of the valid frames, in order of offset."""
        at = HEADER_BYTES
        while at < self.end:
            magic = self.data[at : at + 4]
            length = FRAME_ALIGN
            try:
                if magic == RECORD_MAGIC:
                    record = self.record_header(at)
                    self.record_body(at, record)
                    length = record["frame_len"]
                    yield "record", at, record
                elif magic == TRAILER_MAGIC[:4]:
                    self.trailer_at(at)
                    length = TRAILER_BYTES
                    yield "trailer", at, None
            except Corrupt:
                length = FRAME_ALIGN
            at = align(at + length)

    def find_trailer(self):
        """4.2 and 4.3"""
        trailer = self.trailer_with_index(self.end - TRAILER_BYTES, repair=True)
        if not trailer:
            trailer = self.newest_before(self.end)
        while trailer and self.may_be_torn(trailer) and not self.whole_since_sync(trailer):
            trailer = self.trailer_with_index(trailer["prev"], repair=True) or self.newest_before(trailer["offset"])
        return trailer

    def newest_before(self, end):
        """The last trailer before `end` whose index is valid."""
        newest = None
        for kind, at, _ in self.walk():
            if kind == "trailer" and at < end:
                newest = self.trailer_with_index(at) or newest
        return newest

    def may_be_torn(self, trailer):
        boot_id = trailer["boot_id"]
        return (
            trailer["prev"] != 0
            and (boot_id == bytes(16) or boot_id != self.boot_id)
        )

    def whole_since_sync(self, trailer):
        return all(
            self.record_whole(offset)
            for offset in [offset for offset, _ in self.index(trailer).values()] + self.bases
            if offset > trailer["synced"]
        )

    def rebuild(self):
        """4.4: (size, entries) from records alone"""
        newest = {}
        for kind, at, record in self.walk():
            if kind == "record":
                newest[record["number"]] = (at, record)
        entries, size = {}, 0
        while len(entries) in newest and size == len(entries) * self.chunk_bytes:
            at, record = newest[len(entries)]
            body = self.record_body(at, record)[record["metrics_len"] :]
            if not all(self.record_whole(base[0]) for base in references(body, record["raw_len"])):
                break
            size += record["raw_len"]
            entries[len(entries)] = (at, record["frame_len"])
        return size, entries

    # --- reading --------------------------------------------------------------------------------

    def chunk(self, number):
        """The logical bytes of one chunk, cut at the file's size."""
        want = min(self.chunk_bytes, self.size - number * self.chunk_bytes)
        if number not in self.entries:
            return bytes(want)
        at, length = self.entries[number]
        record = self.record_header(at)
        must(record["number"] == number and record["frame_len"] == length, "record unlike its entry")
        body = self.record_body(at, record)
        raw = decode_body(body[record["metrics_len"] :], record["raw_len"], self.referred)
        must(hash64(raw) == record["raw_hash"], "hash of a chunk's bytes")
        return (raw + bytes(self.chunk_bytes - len(raw)))[:want]

    def referred(self, reference, n):
        """3.7: the n bytes of another record that a reference names."""
        at, length, number, first, digest = reference
        record = self.record_header(at)
        must(record["number"] == number and record["frame_len"] == length, "record unlike its reference")
        body = self.record_body(at, record)
        raw = decode_body(body[record["metrics_len"] :], record["raw_len"])
        must(hash64(raw) == record["raw_hash"], "hash of a base's bytes")
        must(first + n <= len(raw), "reference beyond the end of its chunk")
        must(hash128(raw[first : first + n]) == digest, "hash of what a reference names")
        return raw[first : first + n]

    def chunks(self):
        # 4.4: what was rebuilt is for those who repair; it needn't be all of the file.
        must(self.trailer or not self.size, "its first save was never finished")
        for number in range((self.size + self.chunk_bytes - 1) // self.chunk_bytes):
            try:
                yield self.chunk(number)
            except (Corrupt, Newer) as error:
                raise type(error)(f"chunk {number}: {error}") from None


def this_boot_id():
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
            return bytes.fromhex(f.read().strip().replace("-", ""))
    except OSError:
        return bytes(16)


def open_blob(path):
    with open(path, "rb") as f:
        if os.fstat(f.fileno()).st_size == 0:
            raise NotABlob("no blob")
        return Blob(mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ))


def decode(path, out):
    for chunk in open_blob(path).chunks():
        out.write(chunk)


def info(path):
    blob = open_blob(path)
    trailer = {k: v for k, v in (blob.trailer or {}).items() if k != "boot_id"}
    used = {"coders": set(), "transforms": set()}
    for at, _ in blob.entries.values():
        record = blob.record_header(at)
        body = blob.record_body(at, record)[record["metrics_len"] :]
        for _, transform, _, _, rows in parse_parts(body, record["raw_len"])[0]:
            used["transforms"].add(transform)
            used["coders"].update(coder for coder, _ in rows)
    return {
        "size": blob.size,
        "chunk_bytes": blob.chunk_bytes,
        "records": len(blob.entries),
        "trailer": trailer,
        **{name: sorted(ids) for name, ids in used.items()},
    }


def main(args):
    if len(args) == 2 and args[0] == "--info":
        print(json.dumps(info(args[1])))
    elif len(args) == 1:
        decode(args[0], sys.stdout.buffer)
    elif len(args) == 2:
        with open(args[1], "wb") as out:
            decode(args[0], out)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    status = 0
    try:
        main(sys.argv[1:])
    except NotABlob as error:
        status, message = 1, error
    except OSError as error:
        status, message = 1, error
    except Corrupt as error:
        status, message = 3, f"corrupt: {error}"
    except Newer as error:
        status, message = 5, error
    if status:
        print(f"alcm_decode: {message}", file=sys.stderr)
    sys.exit(status)
