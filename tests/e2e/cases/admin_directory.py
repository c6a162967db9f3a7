# SPDX-License-Identifier: MIT
# also: user
"""`.alcm` is there, can't be written to, and shows in no listing of the root."""
import errno
import os
import shutil

import e2e

e2e.write(e2e.m("w.npy"), e2e.npy())
assert ".alcm" not in os.listdir(e2e.MNT), "listed"
assert ".alcm" not in [entry.name for entry in os.scandir(e2e.MNT)], "listed by scandir"
assert "caq" in os.listdir(e2e.m(".alcm"))
e2e.equal(os.listdir(e2e.m(".alcm/caq")), ["w.npy.json"], "reports")
assert os.path.isdir(e2e.m(".alcm"))

REFUSED = (errno.EROFS, errno.EPERM, errno.EACCES)
report = e2e.m(".alcm/caq/w.npy.json")
before = e2e.read(report)
with e2e.raises(*REFUSED):
    e2e.write(report, b"x")
with e2e.raises(*REFUSED):
    e2e.write(e2e.m(".alcm/new"), b"x")
with e2e.raises(*REFUSED):
    os.truncate(report, 0)
with e2e.raises(*REFUSED):
    os.unlink(report)
with e2e.raises(*REFUSED):
    os.chmod(report, 0o777)
with e2e.raises(*REFUSED):
    os.utime(report)
with e2e.raises(*REFUSED):
    os.setxattr(report, "user.a", b"x")
with e2e.raises(*REFUSED):
    os.mkdir(e2e.m(".alcm/dir"))
with e2e.raises(*REFUSED, errno.ENOTEMPTY):
    os.rmdir(e2e.m(".alcm/caq"))
with e2e.raises(*REFUSED, errno.EXDEV, errno.EEXIST):
    os.rename(e2e.m(".alcm"), e2e.m("other"))
with e2e.raises(*REFUSED, errno.EXDEV):
    os.rename(e2e.m("w.npy"), e2e.m(".alcm/w.npy"))
with e2e.raises(*REFUSED, errno.EXDEV):
    os.rename(report, e2e.m("w.json"))
with e2e.raises(*REFUSED, errno.EXDEV):
    os.link(report, e2e.m("w.json"))
with e2e.raises(*REFUSED, errno.EXDEV):
    os.link(e2e.m("w.npy"), e2e.m(".alcm/caq/v"))
with e2e.raises(*REFUSED):
    os.symlink("x", e2e.m(".alcm/link"))
with e2e.raises(*REFUSED, errno.EEXIST):
    os.mkdir(e2e.m(".alcm"))
e2e.equal(e2e.read(report), before, "the report")

# Only the root's is special.
os.makedirs(e2e.m("sub/.alcm"))
e2e.write(e2e.m("sub/.alcm/file"), b"mine")
e2e.equal(os.listdir(e2e.m("sub")), [".alcm"], "an .alcm further down")

# A tree can be removed as usual: nothing hidden stands in the way.
shutil.rmtree(e2e.m("sub"))
os.unlink(e2e.m("w.npy"))
e2e.equal(os.listdir(e2e.MNT), [], "all gone")
