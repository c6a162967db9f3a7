# SPDX-License-Identifier: MIT
"""How programs write their checkpoints, call by call, without the programs.

A pattern is a function that writes into a folder; the same calls on a plain directory give what the files must
be. The calls are those that strace shows of the program named (numpy 1.24, torch 1.13 and 2.x, safetensors 0.8,
Lightning 2, transformers 4, Keras 3, Orbax, onnx 1.12, DeepSpeed 0.15, h5py 3.7, gguf 0.10).
"""
import fcntl
import io
import json
import mmap
import os
import shutil
import struct
import zipfile
import zlib

import numpy as np

ALIGN = 64
FALLOC_FL_KEEP_SIZE = 1


def tensors(n=6, size=60_000, seed=7):
    """(name, array): weights of several types, moments, a step counter."""
    rng = np.random.default_rng(seed)
    out = [("step", np.array(1234, "i8"))]
    for i in range(n):
        weights = rng.standard_normal((size // 100, 100)) * 0.02
        out.append((f"layers.{i}.weight", weights.astype(("f4", "f2", "f4", "f8")[i % 4])))
        out.append((f"layers.{i}.exp_avg_sq", (weights * weights * 1e-3).astype("f4")))
        out.append((f"layers.{i}.bias", np.zeros(100, "f4")))
    return out


def write_all(fd, data):
    data = memoryview(data)
    while len(data):
        data = data[os.write(fd, data) :]


# --- zip: numpy and torch ---------------------------------------------------------------------------


def savez(folder):
    """np.savez: read-write; per member a header, the data, and back to patch sizes and CRC; the directory last."""
    with zipfile.ZipFile(os.path.join(folder, "w.npz"), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in tensors():
            info = zipfile.ZipInfo(name + ".npy")
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array)


def torch_zip(folder, name="model.pt"):
    """torch.save: one stream, storages at multiples of 64, padded by an extra field; data descriptors' sizes known."""
    out, directory = io.BytesIO(), io.BytesIO()
    members = [("archive/data.pkl", b"\x80\x02}q\x00."), ("archive/byteorder", b"little")]
    members += [(f"archive/data/{i}", array.tobytes()) for i, (_, array) in enumerate(tensors())]
    members += [("archive/version", b"3\n")]
    for member, data in members:
        at = out.tell()
        pad = -(at + 30 + len(member) + 4) % ALIGN
        extra = b"FB" + struct.pack("<H", pad) + b"Z" * pad
        common = struct.pack("<HHHHIII", 0, 0, 0, 0, zlib.crc32(data), len(data), len(data))
        out.write(b"PK\x03\x04" + struct.pack("<H", 0) + common + struct.pack("<HH", len(member), len(extra)))
        out.write(member.encode() + extra + data)
        directory.write(b"PK\x01\x02" + struct.pack("<HH", 0, 0) + common)
        directory.write(struct.pack("<HHHHHII", len(member), 0, 0, 0, 0, 0, at) + member.encode())
    entries = directory.getvalue()
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(entries), out.tell(), 0)
    with open(os.path.join(folder, name), "wb", buffering=0) as f:
        stream = memoryview(out.getvalue() + entries + end)
        for at in range(0, len(stream), 65_000):  # no boundary of anything
            write_all(f.fileno(), stream[at : at + 65_000])


def distributed(folder):
    """PyTorch's distributed checkpoints: a file per rank, synced; the metadata renamed into place."""
    for rank in range(3):
        with open(os.path.join(folder, f"__{rank}_0.distcp"), "wb") as f:
            for _, array in tensors(3, seed=rank):
                f.write(array.tobytes())
            f.flush()
            os.fsync(f.fileno())
    temporary = os.path.join(folder, ".metadata.tmp")
    with open(temporary, "wb") as f:
        f.write(b"\x80\x04metadata" * 300)
        f.flush()
        os.fsync(f.fileno())
    os.rename(temporary, os.path.join(folder, ".metadata"))


# --- header first -------------------------------------------------------------------------------------


def safetensors_bytes():
    header, at = {}, 0
    names = {"f2": "F16", "f4": "F32", "f8": "F64", "i8": "I64"}
    for name, array in tensors():
        header[name] = {"dtype": names[array.dtype.str[1:]], "shape": list(array.shape),
                        "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for _, a in tensors())


def safetensors(folder):
    """safetensors: a temporary file at its full size first, filled, then renamed over what is there."""
    final, temporary = os.path.join(folder, "model.safetensors"), os.path.join(folder, ".tmpA1b2C3")
    with open(final, "wb") as f:
        f.write(b"the version before")
    data = safetensors_bytes()
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.ftruncate(fd, len(data))
    for at in range(0, len(data), 1 << 20):
        os.pwrite(fd, data[at : at + (1 << 20)], at)
    os.fchmod(fd, 0o644)
    os.fsync(fd)
    os.close(fd)
    os.rename(temporary, final)


def gguf(folder):
    """GGUF writers: magic and metadata, then each tensor behind a seek over the padding before it."""
    with open(os.path.join(folder, "model.gguf"), "wb") as f:
        rows = tensors(4)
        f.write(b"GGUF" + struct.pack("<IQQ", 3, len(rows), 0))
        at = 0
        kinds = {"f4": 0, "f2": 1, "i8": 27, "f8": 28}
        for name, array in rows:
            f.write(struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", array.ndim))
            f.write(b"".join(struct.pack("<Q", n) for n in reversed(array.shape)))
            f.write(struct.pack("<IQ", kinds[array.dtype.str[1:]], at))
            at += array.nbytes + -array.nbytes % 32
        for _, array in rows:
            f.seek(-f.tell() % 32, os.SEEK_CUR)
            f.write(array.tobytes())
        f.truncate(f.tell() + -f.tell() % 32)


# --- files and directories that move ---------------------------------------------------------------------


def lightning(folder):
    """Lightning: written elsewhere, copied over the final name, then times and mode."""
    outside = os.path.join(folder, "outside")
    os.mkdir(outside)
    torch_zip(outside)
    source, final = os.path.join(outside, "model.pt"), os.path.join(folder, "last.ckpt")
    for _ in range(2):  # the second save is over the first
        with open(source, "rb") as a, open(final, "wb") as b:
            size = os.fstat(a.fileno()).st_size
            sent = 0
            while sent < size:
                sent += os.sendfile(b.fileno(), a.fileno(), sent, size - sent)
        os.utime(final, ns=(10**18, 10**18 + 123_456_789))
        os.chmod(final, 0o640)
    shutil.rmtree(outside)


def trainer(folder):
    """transformers, Keras, Orbax: a directory is filled, renamed, and the oldest one removed."""
    for step in (100, 200, 300):
        temporary = os.path.join(folder, f"tmp-checkpoint-{step}")
        os.mkdir(temporary)
        torch_zip(temporary, "optimizer.pt")
        with open(os.path.join(temporary, "trainer_state.json"), "w", encoding="ascii") as f:
            json.dump({"global_step": step, "log_history": list(range(3000))}, f)
        os.mkdir(os.path.join(temporary, "model"))
        safetensors(os.path.join(temporary, "model"))
        os.rename(temporary, os.path.join(folder, f"checkpoint-{step}"))
    shutil.rmtree(os.path.join(folder, "checkpoint-100"))


# --- files that grow, and are patched ---------------------------------------------------------------------


def onnx_external(folder):
    """onnx: the file is opened, appended to and closed again for each tensor."""
    path = os.path.join(folder, "weights.bin")
    open(path, "ab").close()
    for _, array in tensors():
        with open(path, "r+b") as f:
            f.seek(0, os.SEEK_END)
            if array.nbytes > 1 << 16:  # aligned for mapping
                f.write(b"\0" * (-f.tell() % 4096))
            f.write(array.tobytes())


def direct_writes(path, data, flags):
    """Whole blocks of `data` by O_DIRECT where the file system takes it; returns the tail that is left."""
    size = len(data) // 4096 * 4096
    buffer = mmap.mmap(-1, max(size, 4096))
    buffer[:size] = data[:size]
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DIRECT | flags, 0o644)
    view = memoryview(buffer)
    for at in range(0, size, 1 << 18):
        write_all(fd, view[at : min(at + (1 << 18), size)])
    os.close(fd)
    return data[size:]


def deepspeed(folder):
    """DeepSpeed's fast writer: O_DIRECT blocks, the tail by an ordinary append, then direct appending again."""
    path = os.path.join(folder, "zero_pp_rank_0_optim_states.pt")
    stream = b"".join(a.tobytes() for _, a in tensors(4))
    cut = len(stream) // 2 // 4096 * 4096
    tail = direct_writes(path, stream[:cut], os.O_TRUNC)
    assert not tail
    tail = direct_writes(path, stream[cut:], os.O_APPEND)
    with open(path, "ab") as f:
        f.write(tail)


def hdf5(folder):
    """h5py: locked; data behind room for the superblock, which is written last, and again at the close."""
    path = os.path.join(folder, "model.h5")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    superblock = b"\x89HDF\r\n\x1a\n" + bytes(range(88))
    at = 2048
    for _, array in tensors(4):
        os.pwrite(fd, array.tobytes(), at)
        at += array.nbytes + 512
    os.pwrite(fd, superblock[:-8] + struct.pack("<Q", at), 0)
    os.ftruncate(fd, at)
    os.pwrite(fd, superblock[:-8] + struct.pack("<Q", at), 0)
    fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)
    # Opened again and changed in the middle, as a dataset is.
    fd = os.open(path, os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for k in range(50):
        os.pwrite(fd, struct.pack("<100f", *range(k, k + 100)), 4096 + 3001 * k)
    os.close(fd)


def save_large(folder):
    """np.save above 16 MiB: space is allocated behind the header with FALLOC_FL_KEEP_SIZE, then written."""
    array = np.random.default_rng(3).standard_normal(5 << 20).astype("f4")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    fd = os.open(os.path.join(folder, "large.npy"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    write_all(fd, header.getvalue())
    libc_fallocate(fd, FALLOC_FL_KEEP_SIZE, len(header.getvalue()), array.nbytes)
    data = array.tobytes()
    for at in range(0, len(data), 1 << 24):
        write_all(fd, data[at : at + (1 << 24)])
    os.close(fd)


def libc_fallocate(fd, mode, offset, length):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    if libc.fallocate(fd, mode, offset, length):
        error = ctypes.get_errno()
        if error != 95:  # EOPNOTSUPP is for the store's file system to say
            raise OSError(error, "fallocate")


ALL = (savez, torch_zip, distributed, safetensors, gguf, lightning, trainer, onnx_external, deepspeed, hdf5, save_large)
