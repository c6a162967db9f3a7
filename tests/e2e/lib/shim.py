# SPDX-License-Identifier: MIT
"""store_shim.c for cases in Python: building it, and saying which of the daemon's calls fail."""
import mmap
import os
import shutil
import struct
import subprocess

import e2e

# as in store_shim.c
READ, WRITE, RESERVE, PUNCH, TRUNCATE, SYNC, OPEN, NAME, META, LOOK, MEMORY = (1 << i for i in range(11))
CALLS = MEMORY - 1  # all but that

LAYOUT = struct.Struct("<IiQQQQ")  # struct control


def build():
    """The path of the compiled shim."""
    compiler = shutil.which("cc") or shutil.which("gcc") or e2e.skip("no C compiler")
    shim = os.path.join(e2e.WORK, "store_shim.so")
    source = os.path.join(e2e.TOP, "tests/e2e/lib/store_shim.c")
    if not os.path.exists(shim):
        subprocess.run([compiler, "-O1", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-shared", "-fPIC", "-o",
                        shim, source, "-ldl"], check=True)
    return shim


def prefix(**variables):
    """What e2e.mount() starts the daemon with: the shim, with these of its variables."""
    return ("env", f"LD_PRELOAD={build()}", f"STORE_SHIM_STORE={os.path.realpath(e2e.STORE)}",
            *(f"STORE_SHIM_{name.upper()}={value}" for name, value in variables.items()))


class Faults:
    """Which calls fail from now on: `with faults.set(kinds, errno, nth):`."""

    def __init__(self):
        self.path = os.path.join(e2e.WORK, "shim.control")
        e2e.write(self.path, bytes(LAYOUT.size))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), LAYOUT.size)

    def set(self, kinds, err, nth, count=1):
        """The nth call of those kinds, and count - 1 after it; err 0: short. nth 0: count only."""
        self.map[:] = LAYOUT.pack(0, 0, 0, 0, 0, 0)
        self.map[:] = LAYOUT.pack(kinds, err, nth, count, 0, 0)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clear()

    def clear(self):
        """From now on nothing fails; what was counted stays."""
        self.map[:4] = bytes(4)

    def seen(self):
        return LAYOUT.unpack(self.map[:])[4]

    def struck(self):
        return LAYOUT.unpack(self.map[:])[5]
