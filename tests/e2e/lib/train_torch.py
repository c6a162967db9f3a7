# SPDX-License-Identifier: MIT
"""A training run that saves and resumes, as users write it: train_torch.py DIR STEPS SAVE_EVERY [DIE_AT]

A character model on generated text, AdamW with a schedule. Every SAVE_EVERY steps model, optimiser, schedule,
random state and the losses so far are saved beside and renamed; a start with saves in DIR goes on from the newest.
At step DIE_AT the process kills itself in the middle of a save. The end leaves DIR/final.pt.
"""
import os
import re
import signal
import sys

import torch
from torch import nn

CONTEXT, VOCABULARY, WIDTH = 16, 64, 96


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        self.mix = nn.GRU(WIDTH, 2 * WIDTH, batch_first=True)
        self.norm = nn.LayerNorm(2 * WIDTH)
        self.out = nn.Linear(2 * WIDTH, VOCABULARY)

    def forward(self, tokens):
        return self.out(self.norm(self.mix(self.embed(tokens))[0]))


def newest(folder):
    steps = [int(m[1]) for m in (re.fullmatch(r"step-(\d+)\.pt", n) for n in os.listdir(folder)) if m]
    return os.path.join(folder, f"step-{max(steps)}.pt") if steps else None


class DiesHalfway:
    """A file that takes half of what is written, and then the process is gone."""

    def __init__(self, f):
        self.f, self.n = f, 0

    def write(self, data):
        if self.n > 500_000:
            self.f.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        self.n += len(data)
        return self.f.write(data)

    def flush(self):
        self.f.flush()


def save(state, folder, step, die):
    temporary = os.path.join(folder, f".step-{step}.tmp")
    with open(temporary, "wb") as f:
        torch.save(state, DiesHalfway(f) if die else f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, os.path.join(folder, f"step-{step}.pt"))


def main(folder, n_steps, save_every, die_at=0):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = Model()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    losses, first = [], 0
    if path := newest(folder):
        state = torch.load(path)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        losses, first = state["losses"], state["step"]
    text = torch.arange(4096) ** 2 % 977 % VOCABULARY
    for step in range(first + 1, n_steps + 1):
        at = torch.randint(0, len(text) - CONTEXT - 1, (8,))
        batch = torch.stack([text[i : i + CONTEXT + 1] for i in at])
        logits = model(batch[:, :-1])
        loss = nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), batch[:, 1:].reshape(-1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if step % save_every == 0:
            state = {"step": step, "losses": losses, "random": torch.get_rng_state(), "model": model.state_dict(),
                     "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()}
            save(state, folder, step, step == die_at)
    torch.save({"model": model.state_dict(), "losses": losses, "resumed_at": first}, os.path.join(folder, "final.pt"))


main(sys.argv[1], *map(int, sys.argv[2:]))
