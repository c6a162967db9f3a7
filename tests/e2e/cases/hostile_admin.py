# SPDX-License-Identifier: MIT
# mount: no
# check: no
"""A store whose owner has laid links in .alcm: nothing outside of it is written, made or removed."""
import errno
import os
import subprocess

import e2e

OUT = os.path.join(e2e.WORK, "outside")
DATA = e2e.npy()


def lay_out(where):
    """An outside with everything that the daemon might write to, .alcm/`where` leading there."""
    subprocess.run(["rm", "-rf", OUT, e2e.STORE], check=True)
    os.makedirs(e2e.s("run"))
    for folder in ("", "caq", "caq/run", "run", "swap"):
        os.makedirs(os.path.join(OUT, folder), exist_ok=True)
        for name in ("lock", "w.npy.json", "0123456789abcdef.tmp", "0123456789abcdef.new"):
            e2e.write(os.path.join(OUT, folder, name), b"not yours")
    target = os.path.join(OUT, os.path.relpath(where, ".alcm")) if where.count("/") < 2 else OUT
    os.makedirs(os.path.dirname(e2e.s(where)), exist_ok=True)
    os.symlink(target, e2e.s(where))


def snapshot():
    found = {}
    for folder, folders, names in os.walk(OUT):
        st = os.stat(folder)
        found[folder] = (st.st_mtime_ns, st.st_mode, st.st_uid)
        for name in names:
            path = os.path.join(folder, name)
            st = os.stat(path)
            found[path] = (e2e.read(path), st.st_mtime_ns, st.st_mode, st.st_uid)
    return found


def use_mount():
    """Everything that makes the daemon write reports."""
    e2e.write(e2e.m("run/w.npy"), DATA)
    e2e.write(e2e.m("w.npy"), DATA)
    for report in (".alcm/caq/w.npy.json", ".alcm/caq/run/w.npy.json", ".alcm/caq/run/deep/x.json"):
        try:
            e2e.read(e2e.m(report))
        except OSError as error:
            assert error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EACCES), error
    os.rename(e2e.m("w.npy"), e2e.m("run/v.npy"))
    os.rename(e2e.m("run"), e2e.m("ran"))
    e2e.equal(e2e.read(e2e.m("ran/v.npy")), DATA, "the data")
    os.unlink(e2e.m("ran/v.npy"))
    os.unlink(e2e.m("ran/w.npy"))
    os.rmdir(e2e.m("ran"))


for link in (".alcm", ".alcm/caq", ".alcm/lock", ".alcm/swap", ".alcm/caq/run", ".alcm/caq/w.npy.json"):
    lay_out(link)
    before = snapshot()
    try:
        e2e.mount()
    except RuntimeError as error:
        assert link in (".alcm", ".alcm/lock", ".alcm/swap"), f"{link}: {error}"
        assert "symbolic link" in str(error) or "directory" in str(error), error
        os.unlink(e2e.status_path())
    else:
        assert link not in (".alcm", ".alcm/lock", ".alcm/swap"), f"mounted with {link} outside"
        use_mount()
        e2e.unmount()
    subprocess.run([e2e.ALCM, "check", "--repair", e2e.STORE], capture_output=True)
    subprocess.run([e2e.ALCM, "pack", "-r", e2e.STORE], capture_output=True)
    subprocess.run([e2e.ALCM, "unpack", "-r", e2e.STORE], capture_output=True)
    assert snapshot() == before, f"{link}: something outside was touched"
