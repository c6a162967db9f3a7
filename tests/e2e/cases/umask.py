# SPDX-License-Identifier: MIT
# mount: no
# needs: root
"""A mount made under umask 077 lets users read their reports and stats; so does a store with old, closed modes."""
import os
import subprocess

import e2e

os.chmod(e2e.WORK, 0o755)
os.chmod(e2e.STORE, 0o755)


def user_reads(name):
    done = subprocess.run(["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "cat", e2e.m(name)],
                          capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("{"), f"{name}: {done.stderr}"


for closed in (False, True):
    if closed:
        os.chmod(e2e.s(".alcm/caq"), 0o700)
        os.chmod(e2e.s(".alcm"), 0o700)
    e2e.mount(prefix=("sh", "-c", 'umask 077; exec "$@"', "sh"))
    os.makedirs(e2e.m("run"), 0o755, exist_ok=True)
    e2e.write(e2e.m("run/w.npy"), e2e.npy())
    for name in (".alcm/stats", ".alcm/caq/run/w.npy.json", ".alcm/caq/run/summary.json"):
        user_reads(name)
    e2e.unmount()

# What is closed itself stays so.
os.chmod(e2e.s("run"), 0o700)
e2e.mount()
e2e.write(e2e.m("run/w.npy"), e2e.npy(seed=2))
try:
    user_reads(".alcm/caq/run/w.npy.json")
except AssertionError:
    pass
else:
    raise AssertionError("a report of a closed directory")
