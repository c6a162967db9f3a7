#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Cut and damaged copies of blobs: the decoder and `alcm cat` must come to the same result.

    damaged.py ALCM BLOB…       prints each disagreement and "N agreed, N disagreed"
"""

import os
import random
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import alcm_decode


def decode(data):
    """The logical bytes, or None when the decoder refuses. What is no blob is as it is."""
    try:
        return b"".join(alcm_decode.Blob(data).chunks())
    except alcm_decode.NotABlob:
        return data
    except (alcm_decode.Corrupt, alcm_decode.Newer):
        return None


def cat(alcm, path):
    done = subprocess.run([alcm, "cat", path], capture_output=True)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"alcm cat: exit {done.returncode}: {done.stderr.decode()}")
    return done.stdout if done.returncode == 0 else None


def frames(data):
    """Where frames begin."""
    magics = (b"ALR1", b"ALI1", alcm_decode.TRAILER_MAGIC[:4])
    return [at for at in range(0, len(data), 64) if data[at : at + 4] in magics]


def rehashed(data, at, end, **fields):
    """A copy with 64-bit fields of the trailer at `at` changed and its hash made good."""
    out = bytearray(data)
    for where, value in fields.items():
        struct.pack_into("<Q", out, at + int(where[1:]), value)
    struct.pack_into("<Q", out, at + 8, alcm_decode.hash64(out[at + 16 : end]))
    return bytes(out)


def variants(data, rng):
    """(description, bytes) of what crashes and damage may make of a blob."""
    marks = frames(data)
    for at in marks:
        for delta in (-1, 0, 1, 64):
            yield f"cut at {at + delta}", data[: at + delta]
    for _ in range(20):
        cut = rng.randrange(64, len(data))
        yield f"cut at {cut}", data[:cut]
        yield f"cut at {cut}, zeros behind", data[:cut] + bytes(rng.randrange(1, 5000))
        start = rng.randrange(64, len(data))
        yield f"4 KiB of zeros at {start}", data[:start] + bytes(4096) + data[start + 4096 :]
    for base in [0, *marks]:
        for _ in range(6):
            at = base + rng.randrange(128)
            if at < len(data) and at >= 8:
                yield f"flip at {at}", data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    yield "junk behind", data + rng.randbytes(777)
    yield "twice", data + data
    # another machine's boot: a power failure may have been, so records are verified
    end = len(data)
    at = end - 128
    for synced in (0, at):
        other_boot = rehashed(data, at, end, _80=1, _88=2, _72=synced)
        yield f"other boot, synced {synced}", other_boot
        for mark in marks[:-2]:
            hurt = bytearray(other_boot)
            hurt[mark + 70] ^= 255
            yield f"other boot, synced {synced}, flip at {mark + 70}", bytes(hurt)


def main(alcm, *blobs):
    n_agreed = n_disagreed = 0
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "blob")
        for blob in blobs:
            with open(blob, "rb") as f:
                data = f.read()
            for what, damaged in variants(data, rng):
                with open(path, "wb") as f:
                    f.write(damaged)
                ours, theirs = decode(damaged), cat(alcm, path)
                if ours == theirs:
                    n_agreed += 1
                    continue
                n_disagreed += 1
                sizes = ["refused" if x is None else f"{len(x)} bytes" for x in (ours, theirs)]
                print(f"{os.path.basename(blob)}, {what}: decoder {sizes[0]}, alcm cat {sizes[1]}")
    print(f"{n_agreed} agreed, {n_disagreed} disagreed")
    return 1 if n_disagreed or not n_agreed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
