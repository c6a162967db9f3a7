# SPDX-License-Identifier: MIT
# also: user
"""An unlinked file lives on for who has it open; its space comes back at the end."""
import os

import e2e

data = e2e.npy(200_000)


def blobs_in_store():
    return sorted(n for n in os.listdir(e2e.STORE) if n != ".alcm")


e2e.write(e2e.m("w.npy"), data)
with open(e2e.m("w.npy"), "r+b") as f:
    os.unlink(e2e.m("w.npy"))
    e2e.equal(os.listdir(e2e.MNT), [], "names")
    e2e.equal(f.read(), data, "read after unlink")
    f.seek(5000)
    f.write(b"still writable")
    f.flush()
    os.fsync(f.fileno())
    f.seek(4990)
    e2e.equal(f.read(30), data[4990:5000] + b"still writable" + data[5014:5020], "rewritten")
    e2e.equal(os.fstat(f.fileno()).st_nlink, 0, "links")
    # A new file of the same name is another file.
    e2e.write(e2e.m("w.npy"), data[::-1])
    f.seek(0)
    e2e.equal(f.read(6), data[:6], "the old one")
e2e.equal(e2e.read(e2e.m("w.npy")), data[::-1], "the new one")

# Written, unlinked and only then closed.
f = open(e2e.m("gone.npy"), "wb")
f.write(data)
os.unlink(e2e.m("gone.npy"))
f.close()
e2e.equal(sorted(os.listdir(e2e.MNT)), ["w.npy"], "names in the end")
e2e.equal(blobs_in_store(), ["w.npy"], "names in the store")
e2e.wait_until(lambda: not os.path.exists(e2e.m(".alcm/caq/gone.npy.json")), "no report left behind")
