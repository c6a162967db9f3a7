# SPDX-License-Identifier: MIT
# timeout: 300
"""Real NumPy, PyTorch, h5py, zarr and ONNX (those that are here) save into the mount and load from it as from any
directory: equal arrays, and files that their own tools find whole."""
import os
import subprocess
import sys
import warnings
import zipfile

import numpy as np

import e2e
import patterns

tensors = dict(patterns.tensors())
FILES = {}  # name: what loads it as {name: array}


def saves_as(name, save, load):
    """The mount's file is the one that the same program makes on a plain directory, and loads."""
    save(e2e.m(name))
    FILES[name] = (load, e2e.read(e2e.m(name)))
    equal_arrays(load(e2e.m(name)), name)


def equal_arrays(found, what):
    e2e.equal(sorted(found), sorted(tensors), f"{what}: names")
    for name, want in tensors.items():
        got = np.asarray(found[name])
        e2e.equal((got.dtype, got.shape), (want.dtype, want.shape), f"{what}: {name}")
        e2e.equal(got.tobytes(), want.tobytes(), f"{what}: {name}")


def whole_zip(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None, path


def numpy():
    def load(path):
        whole_zip(path)
        return dict(np.load(path))

    saves_as("w.npz", lambda path: np.savez(path, **tensors), load)
    saves_as("c.npz", lambda path: np.savez_compressed(path, **tensors), load)


def lossy_pytorch(torch):
    """A lossy profile: PyTorch compares checksums when it loads, and its optimizer's state is as it was."""
    os.mkdir(e2e.m("lossy"))
    os.setxattr(e2e.m("lossy"), "user.alcm.profile", b"bounded:0.001")
    net = torch.nn.Sequential(torch.nn.Linear(300, 500), torch.nn.BatchNorm1d(500), torch.nn.Linear(500, 300))
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(64, 300)).square().mean().backward()
    optimizer.step()
    want = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 7}
    torch.save(want, e2e.m("lossy/run.pt"))
    got = torch.load(e2e.m("lossy/run.pt"))
    e2e.equal(got["epoch"], 7, "epoch")
    for i, state in want["optimizer"]["state"].items():
        for key, value in state.items():
            assert torch.equal(got["optimizer"]["state"][i][key], value), f"the optimizer's state: {i} {key}"
    for key, value in want["model"].items():
        error = (got["model"][key] - value).abs().max()
        assert error <= 0.001 * (value.max() - value.min()), f"{key}: off by {error}"
    assert not torch.equal(got["model"]["0.weight"], want["model"]["0.weight"]), "nothing was quantised"


def pytorch():
    import torch

    state = {name: torch.from_numpy(np.array(array)) for name, array in tensors.items()}

    def load(path):
        return {name: value.numpy() for name, value in torch.load(path).items()}

    def load_zip(path):
        whole_zip(path)
        return load(path)

    saves_as("zip.pt", lambda path: torch.save(state, path), load_zip)
    saves_as("legacy.pt", lambda path: torch.save(state, path, _use_new_zipfile_serialization=False), load)
    scripted = torch.jit.script(torch.nn.Sequential(torch.nn.Linear(300, 300), torch.nn.ReLU()))
    torch.jit.save(scripted, e2e.m("scripted.pt"))
    x = torch.ones(2, 300)
    assert torch.equal(torch.jit.load(e2e.m("scripted.pt"))(x), scripted(x)), "torch.jit"
    lossy_pytorch(torch)


def hdf5():
    import h5py

    def save(path):
        with h5py.File(path, "w") as f:
            for name, array in tensors.items():
                f.create_dataset(name.replace(".", "/"), data=array)

    def load(path):
        with h5py.File(path, "r") as f:
            return {name: f[name.replace(".", "/")][()] for name in tensors}

    saves_as("w.h5", save, load)
    with h5py.File(e2e.m("w.h5"), "r+") as f:  # in place, and back again
        f["step"][()] = 1
        f.flush()
        f["step"][()] = tensors["step"]
    FILES["w.h5"] = (load, e2e.read(e2e.m("w.h5")))
    with h5py.File(e2e.m("w.h5"), "r+"):  # locked, as anywhere
        script = "import h5py, sys; h5py.File(sys.argv[1], 'r+')"
        assert subprocess.run([sys.executable, "-c", script, e2e.m("w.h5")], capture_output=True).returncode


def zarr():
    import zarr

    group = zarr.open(e2e.m("w.zarr"), "w")
    make = group.create_array if hasattr(group, "create_array") else group.create_dataset  # zarr 3, 2
    for name, array in tensors.items():
        make(name, shape=array.shape, dtype=array.dtype)[...] = array
    equal_arrays({name: zarr.open(e2e.m("w.zarr"), "r")[name][()] for name in tensors}, "zarr")


def onnx():
    import onnx
    from onnx import numpy_helper

    weights = [numpy_helper.from_array(np.array(a), n) for n, a in tensors.items()]
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], weights))
    onnx.save(model, e2e.m("model.onnx"), save_as_external_data=True, location="weights.bin", size_threshold=1024)
    loaded = onnx.load(e2e.m("model.onnx"))
    equal_arrays({w.name: numpy_helper.to_array(w) for w in loaded.graph.initializer}, "onnx")


def safetensors():
    from safetensors.numpy import load_file, save_file

    saves_as("w.safetensors", lambda path: save_file(tensors, path), load_file)


warnings.simplefilter("ignore")
MAY_BE_MISSING = ["safetensors"]  # Debian 12 has no package of it
for program in (numpy, pytorch, hdf5, zarr, onnx, safetensors):
    try:
        program()
    except ImportError as missing:
        if missing.name.partition(".")[0] not in MAY_BE_MISSING:
            e2e.skip(f"no {missing.name}")

for when in ("after a remount", "packed"):
    e2e.unmount()
    if when == "packed":
        subprocess.run([e2e.ALCM, "pack", "-r", e2e.STORE], check=True, capture_output=True)
    e2e.mount()
    for name, (load, data) in FILES.items():
        e2e.reads_as(e2e.m(name), data, when)
        equal_arrays(load(e2e.m(name)), f"{name} {when}")
