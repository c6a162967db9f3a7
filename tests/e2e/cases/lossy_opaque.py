# SPDX-License-Identifier: MIT
# also: user
"""A lossy profile changes what is certainly a float and nothing else: raw bytes, records, times and numbers that
only look like floats come back bit by bit, alone and in containers."""
import os
import zipfile

import containers
import e2e
import numpy as np

rng = np.random.default_rng(3)
ids = rng.integers(12288, 16256, 40_000).astype("<u2")  # as bfloat16 all of them are about 1
floats = rng.normal(0, 1, 40_000)

exact = {
    "V1": ids.view("V1"), "V2": ids.view("V2"), "V4": floats.astype("<f4").view("V4"), "V8": floats.view("V8"),
    "S2": ids.view("S2"), "U1": rng.integers(65, 91, 40_000).astype("<u4").view("<U1"),
    "record": floats.astype("<f4").view([("a", "<f4")]), "void_record": ids.view([("a", "V2")]),
    "sub_array": floats.view([("a", "<f4", (2, 1))]),
    "datetime": floats.view("<M8[ns]"), "timedelta": floats.view("<m8[s]"),
    "int": floats.astype("<f4").view("<i4"), "uint": ids, "bool": ids > 14_000,
}


def npy(descr, data, n):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': ({n},), }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data


def bf16(values):
    return (values.astype("<f4").view("<u4") >> 16).astype("<u2")


for profile in ("bounded:0.01", "bounded-abs:0.5", "alcm"):
    folder = e2e.m(profile.replace(":", "-"))
    os.mkdir(folder)
    os.setxattr(folder, "user.alcm.profile", profile.encode())
    for name, array in exact.items():
        np.save(f"{folder}/{name}.npy", array)
        assert e2e.read(f"{folder}/{name}.npy")[-array.nbytes:] == array.tobytes(), f"{profile}: {name}"
    np.savez(f"{folder}/all.npz", sure=floats, **exact)
    with zipfile.ZipFile(f"{folder}/all.npz") as z:
        for name, array in exact.items():
            assert z.read(f"{name}.npy")[-array.nbytes:] == array.tobytes(), f"{profile}: {name} in .npz"
        assert z.read("sure.npy")[-floats.nbytes:] != floats.tobytes(), f"{profile}: floats stayed as they were"
    # ml_dtypes' bfloat16 has a byte order, and raw bytes of an unknown one have none.
    half = bf16(floats)
    for descr, swap, changes in (("<V2", False, True), (">V2", True, True), ("=V2", False, False), ("V2", False, False)):
        data = (half.byteswap() if swap else half).tobytes()
        e2e.write(f"{folder}/half.npy", npy(descr, data, len(half)))
        same = e2e.read(f"{folder}/half.npy")[-len(data):] == data
        assert same != changes, f"{profile}: {descr}"
        os.unlink(f"{folder}/half.npy")
    # Floats by their statistics only: no format says that they are.
    raw = floats.astype("<f4").tobytes()
    e2e.write(f"{folder}/raw", raw)
    e2e.equal(e2e.read(f"{folder}/raw"), raw, f"{profile}: floats without a header")

# ---- PyTorch: a storage that is mentioned as two types is certainly of neither -----------------------------------
folder = e2e.m("bounded-0.01")
weights = containers.weights((40_000,))


def torch_file(second):
    text, _ = containers.torch_pickle({"a": weights, "b": (second, (40_000,), weights[2])})
    text = text.replace(b"X\x01\x00\x00\x001", b"X\x01\x00\x00\x000")  # both are storage "0"
    z = containers._ZipWriter()
    z.member("archive/data.pkl", text)
    z.member("archive/data/0", weights[2])
    return z.close()


for second, changes in (("f4", True), ("i4", False)):
    e2e.write(f"{folder}/{second}.pt", torch_file(second))
    with zipfile.ZipFile(f"{folder}/{second}.pt") as z:
        assert (z.read("archive/data/0") != weights[2]) == changes, f"shared with {second}"

# ---- HDF5 ---------------------------------------------------------------------------------------------------------
h5py = e2e.need("h5py")
odd = h5py.h5t.IEEE_F32LE.copy()
odd.set_ebias(126)  # a float of 32 bits, but not IEEE's
space = h5py.h5s.create_simple((40_000,))
bits = floats.astype("<f4")
with h5py.File(f"{folder}/x.h5", "w") as f:
    f["opaque"], f["record"], f["sure"] = exact["V2"], exact["record"], floats
    odd_set = h5py.h5d.create(f.id, b"odd", odd, space)
    odd_set.write(h5py.h5s.ALL, h5py.h5s.ALL, bits, mtype=odd)
    offsets = {name: (f[name].id.get_offset(), f[name].id.get_storage_size()) for name in f}
whole = e2e.read(f"{folder}/x.h5")
for name, data, changes in (("opaque", ids, False), ("record", exact["record"], False), ("odd", bits, False),
                            ("sure", floats, True)):
    at, n = offsets[name]
    assert (whole[at:at + n] != data.tobytes()) == changes, f"HDF5: {name}"
