# SPDX-License-Identifier: MIT
# timeout: 300
# may skip: tell a sanitizer nothing
"""A PyTorch run that saves into the mount, is killed in the middle of a save, and goes on from the mount has the
losses and weights, bit for bit, of a run on a plain directory that nothing disturbed."""
import os
import subprocess
import sys

import e2e

if e2e.SANITIZED:
    e2e.skip("minutes of training tell a sanitizer nothing that write_patterns.py doesn't")
torch = e2e.need("torch")

STEPS, EVERY = ("400", "20") if e2e.FULL else ("40", "8")
DIE_AT = "300" if e2e.FULL else "24"
SCRIPT = os.path.join(os.path.dirname(e2e.__file__), "train_torch.py")


def train(folder, *more):
    return subprocess.run([sys.executable, SCRIPT, folder, STEPS, EVERY, *more]).returncode


plain = os.path.join(e2e.WORK, "plain")
os.mkdir(plain)
e2e.equal(train(plain), 0, "the run on a plain directory")

run = e2e.m("run")
os.mkdir(run)
e2e.equal(train(run, DIE_AT), -9, "the run that is killed")
assert os.path.exists(os.path.join(run, f".step-{DIE_AT}.tmp")), "killed in the middle of a save"
e2e.kill_daemon()  # and the mount with it
e2e.mount()
e2e.equal(train(run), 0, "the run that resumes")

ours, theirs = torch.load(os.path.join(run, "final.pt")), torch.load(os.path.join(plain, "final.pt"))
e2e.equal(ours["resumed_at"], int(DIE_AT) - int(EVERY), "resumed at")
e2e.equal([x.hex() for x in ours["losses"]], [x.hex() for x in theirs["losses"]], "losses")
for name, want in theirs["model"].items():
    e2e.equal(ours["model"][name].numpy().tobytes(), want.numpy().tobytes(), name)
# After a resume pickle refers to equal strings in another way, so only the saves before it are the same bytes.
for step in range(int(EVERY), int(DIE_AT), int(EVERY)):
    saved = e2e.read(os.path.join(run, f"step-{step}.pt"))
    e2e.equal(saved, e2e.read(os.path.join(plain, f"step-{step}.pt")), f"save of step {step}")
