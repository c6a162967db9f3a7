# SPDX-License-Identifier: MIT
# also: user
"""A directory is renamed again and again while files are saved into it."""
import os
import threading

import e2e

os.mkdir(e2e.m("run0"))
folder = os.open(e2e.m("run0"), os.O_RDONLY | os.O_DIRECTORY)
done = threading.Event()
n_renames = 0


def rename():
    global n_renames
    while not done.is_set():
        os.rename(e2e.m(f"run{n_renames}"), e2e.m(f"run{n_renames + 1}"))
        n_renames += 1


files = {f"w{i}.npy": e2e.npy(30_000 + i, seed=i) for i in range(40)}
thread = threading.Thread(target=rename)
thread.start()
try:
    for name, data in files.items():
        fd = os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=folder)
        with os.fdopen(fd, "wb") as f:
            f.write(data)
finally:
    done.set()
    thread.join()
os.close(folder)
assert n_renames > 10, n_renames
last = f"run{n_renames}"
e2e.equal(sorted(os.listdir(e2e.m(last))), sorted(files), "names")
e2e.all_read_as({f"{last}/{name}": data for name, data in files.items()})
for name in files:
    assert e2e.is_blob(f"{last}/{name}")
    assert os.path.exists(e2e.m(f".alcm/caq/{last}/{name}.json")), f"no report of {name}"
