# SPDX-License-Identifier: MIT
"""Profile alcm: at most the error of profile paper on the same tensor, in fewer bytes; no drift."""
import json
import os

import e2e
import numpy as np

rng = np.random.default_rng(3)


def report(name):
    with open(e2e.m(f".alcm/caq/{name}.json"), encoding="utf-8") as f:
        return json.load(f)


tensors = {
    "f4": rng.normal(0.05, 1, (200, 900)).astype("f4"),
    "rows": (rng.normal(0.05, 1, (200, 900)) * np.exp(rng.normal(0, 1, (200, 1)))).astype("f4"),
    "sparse": (rng.normal(0, 1, (200, 900)) * (rng.random((200, 900)) > 0.3)).astype("f8"),
    "f2": rng.normal(0.3, 1, (100, 1000)).astype("f2"),
    "complex": (rng.normal(0.2, 1, (90, 500)) + 1j * rng.normal(3, 0.1, (90, 500))).astype("c8"),
    "fortran": np.asfortranarray(rng.normal(0.05, 1, (60, 3000)).astype("f4")),
    "flat": rng.normal(0.3, 1, 100_000).astype("f4"),
}
for profile in ("paper", "alcm"):
    os.mkdir(e2e.m(profile))
    os.setxattr(e2e.m(profile), "user.alcm.profile", profile.encode())
    for name, t in tensors.items():
        np.save(e2e.m(f"{profile}/{name}.npy"), t)

values = {}
for name, t in tensors.items():
    r = {p: report(f"{p}/{name}.npy") for p in ("paper", "alcm")}
    values[name] = np.load(e2e.m(f"alcm/{name}.npy"))
    error = np.linalg.norm(values[name].astype("c16") - t) / np.linalg.norm(t.astype("c16"))
    e2e.equal(r["alcm"]["quantisation"]["why_not"], None, name)
    assert abs(error / r["alcm"]["quantisation"]["relative_l2"] - 1) < 1e-6, name
    if name == "flat":  # one channel to the paper: a value each, which is left alone
        e2e.equal(r["paper"]["quantisation"]["why_not"], "fewer than 16 values per channel", name)
        continue
    # The step is found on a sample of large tensors: within a percent.
    assert error <= 1.01 * r["paper"]["quantisation"]["relative_l2"], (name, error, r["paper"]["quantisation"])
    stored = {p: sum(plane["stored"] for plane in r[p]["planes"]) for p in r}
    assert stored["alcm"] < stored["paper"], (name, stored)

for _ in range(3):
    e2e.remount()
    for name, before in values.items():
        with open(e2e.m(f"alcm/{name}.npy"), "r+b"):
            pass
        assert np.load(e2e.m(f"alcm/{name}.npy")).tobytes() == before.tobytes(), f"{name} after a remount"
