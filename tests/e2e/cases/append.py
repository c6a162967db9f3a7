# SPDX-License-Identifier: MIT
# timeout: 120
"""O_APPEND: 1,000 times open, append, close; and two appenders at once."""
import os
import threading

import e2e

data = e2e.npy(100_000)
step = 400
with open(e2e.m("w.npy"), "wb") as f:
    f.write(data[:step])
for i in range(1, 1001):
    with open(e2e.m("w.npy"), "ab") as f:
        f.write(data[i * step : (i + 1) * step])
want = data[: 1001 * step]
e2e.all_read_as({"w.npy": want})
blocks = os.stat(e2e.m("w.npy")).st_blocks * 512
# space of old records comes back when it is worth a sync: some MiB may be outstanding
assert blocks < (10 << 20) + 3 * len(want), f"{len(want)} bytes appended in pieces take {blocks}"


def append(tag):
    fd = os.open(e2e.m("both.npy"), os.O_WRONLY | os.O_APPEND)
    for _ in range(500):
        os.write(fd, tag * 100)
    os.close(fd)


e2e.write(e2e.m("both.npy"), data[:128])
threads = [threading.Thread(target=append, args=(tag,)) for tag in (b"a", b"b")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
got = e2e.read(e2e.m("both.npy"))
e2e.equal(len(got), 128 + 100_000, "size of the file with two appenders")
pieces = [got[i : i + 100] for i in range(128, len(got), 100)]
e2e.equal({p for p in pieces}, {b"a" * 100, b"b" * 100}, "appended pieces")
e2e.equal(pieces.count(b"a" * 100), 500, "pieces of the first")
