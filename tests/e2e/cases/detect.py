# SPDX-License-Identifier: MIT
# also: user
"""-o detect=: what is compressed, by its format or by what its content looks like, and why."""
import gzip
import os

import containers
import e2e
import numpy as np

rng = np.random.default_rng(5)
weights = (rng.standard_normal(200_000) * 0.02).astype("f4").tobytes()
text = ("step 17 loss 2.31 " * 10 + "\n").encode() * 900
files = {
    "weights.npy": e2e.npy(60_000),
    "model.safetensors": containers.safetensors(containers.model(layers=1)),
    "raw.bin": weights,
    "headed.dat": b"some format that nobody knows\n" * 2 + weights,
    "log.txt": text,
    "log.gz": gzip.compress(weights[:300_000]),
    "small.gz": gzip.compress(weights[:20_000]),
    "noise": os.urandom(200_000),
    "small.bin": weights[:3000],
    # What would be taken for numbers by its content, but for its head.
    "lib.so": b"\x7fELF".ljust(64, b"\1") + weights,
    "tool.exe": b"MZ\x90\0".ljust(64, b"\1") + weights,
    "tool.macho": b"\xcf\xfa\xed\xfe".ljust(64, b"\1") + weights,
    "A.class": b"\xca\xfe\xba\xbe".ljust(64, b"\1") + weights,
    "mod.pyc": b"\xcb\r\r\n".ljust(64, b"\1") + weights,
    "lib.a": b"!<arch>\n".ljust(64, b"\1") + weights,
    "x.sqlite": b"SQLite format 3\0".ljust(64, b"\1") + weights,
    "x.pdf": b"%PDF-1.7\n".ljust(64, b"\1") + weights,
}
programs = set(list(files)[9:])


def save_all(options, blobs):
    e2e.remount(options)
    for name, data in files.items():
        e2e.write(e2e.m(name), data)
    e2e.all_read_as(files, options)
    e2e.equal({n for n in files if e2e.is_blob(n)}, blobs, f"blobs with {options or 'the default'}")
    why = {n: os.getxattr(e2e.m(n), "user.alcm.why").decode() for n in files}
    for name in files:
        print(f"{options} {name}: {why[name]}")
        assert why[name], name
    for name in files:
        os.unlink(e2e.m(name))
    return why


tensors = {"weights.npy", "model.safetensors", "raw.bin", "headed.dat"}
why = save_all("", tensors)
assert why["lib.so"] == "a program (ELF)" and why["lib.a"] == "an archive (ar, deb)", why
assert not any("places" in why[name] for name in programs), why
assert "already compressed" in why["log.gz"] and "noise" in why["noise"], why
e2e.equal(why["model.safetensors"], "safetensors: 6 tensors", "why")
e2e.equal(why["small.bin"], "below min_size (4096 bytes)", "why")
e2e.equal(why["small.gz"], "already compressed: gzip", "why")
save_all("detect=npy", {"weights.npy"})
save_all("detect=all", tensors | {"log.txt"} | programs)
e2e.remount()

# A file whose head comes last, as HDF5's does, is converted when it is closed.
with open(e2e.m("late.h5"), "wb", buffering=0) as f:
    f.seek(2048)
    f.write(weights)
    f.seek(0)
    f.write(b"\x89HDF\r\n\x1a\n".ljust(2048, b"\0"))
e2e.wait_until(lambda: e2e.is_blob("late.h5"), "late.h5 is converted", 10)

# One that is updated in place at random stays as it is, and so does one that was there before.
with open(e2e.m("worked_in.db"), "wb", buffering=0) as f:
    f.write(b"header".ljust(4096, b"\1"))
    f.write(weights)
    for at in range(0, 400_000, 4096):
        f.seek(at)
        f.write(weights[at : at + 4096])
e2e.unmount()
e2e.write(e2e.s("before.bin"), weights)
e2e.mount()
with open(e2e.m("before.bin"), "r+b") as f:
    f.write(weights[4096:8192])
for name in ("worked_in.db", "before.bin"):
    assert not e2e.is_blob(name), name
    why = os.getxattr(e2e.m(name), "user.alcm.why").decode()
    assert why.startswith("worth packing: float32"), why
