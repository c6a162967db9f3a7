# SPDX-License-Identifier: MIT
# mount: no
"""Directories held open, some of them read to the end, cost the daemon no descriptors: 1,000 with a limit of
256. Reading goes on where it was, also from the start again."""
import os
import stat

import e2e

N_DIRS, N_FILES = 1000, 300
e2e.mount(prefix=("prlimit", "--nofile=256:256"))
fds = []
for i in range(N_DIRS):
    os.mkdir(e2e.m(f"d{i}"))
    fds.append(os.open(e2e.m(f"d{i}"), os.O_RDONLY | os.O_DIRECTORY))
    if i % 2:
        e2e.equal(os.listdir(fds[i]), [], f"d{i}")
for i in range(0, N_DIRS, 7):
    e2e.write(e2e.m(f"d{i}/f"), b"x")
    os.rename(e2e.m(f"d{i}"), e2e.m(f"r{i}"))
for i in range(1, N_DIRS, 7):
    os.rmdir(e2e.m(f"d{i}"))
for i, fd in enumerate(fds):
    e2e.equal(os.listdir(fd), ["f"] if i % 7 == 0 else [], f"directory {i}, again")
    assert stat.S_ISDIR(os.fstat(fd).st_mode)
    os.fsync(fd)
descriptors = len(os.listdir(f"/proc/{e2e.daemon_pid()}/fd"))
assert descriptors <= 256, f"{descriptors} descriptors"

# Several readers of one directory, each at its own place.
for i in range(N_FILES):
    e2e.write(e2e.m(f"r0/{i}"), b"")
want = sorted(["f"] + [str(i) for i in range(N_FILES)])
readers = [os.scandir(e2e.m("r0")) for _ in range(20)]
seen = [[] for _ in readers]
for _ in range(N_FILES + 1):
    for names, reader in zip(seen, readers):
        names.append(next(reader).name)
for names, reader in zip(seen, readers):
    e2e.equal(next(reader, None), None, "after the last entry")
    e2e.equal(sorted(names), want, "a reader's names")
for fd in fds:
    os.close(fd)
