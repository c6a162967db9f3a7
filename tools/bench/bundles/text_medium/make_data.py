#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""text_medium: 2 MiB of made-up prose in one file. make_data.py FOLDER

Words are made of syllables, their frequencies follow Zipf's law, and a word prefers some successors to
others, as in a real language. random.random() gives the same numbers on every version of Python.
"""
import bisect
import itertools
import pathlib
import random
import sys

N_BYTES = 2 << 20
N_WORDS = 6000
rng = random.Random(42)


def pick(values):
    return values[int(rng.random() * len(values))]


def word():
    n = 1 + int(rng.random() * rng.random() * 5)
    return "".join(pick("b c d f g h l m n p r s t v w st tr ch".split()) + pick("aeiou")
                   + pick(["", "", "n", "r", "s", "l"]) for _ in range(n))


words = [word() for _ in range(N_WORDS)]
weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(N_WORDS)))


def frequent():
    return bisect.bisect(weights, rng.random() * weights[-1])


followers = [[frequent() for _ in range(8)] for _ in range(N_WORDS)]


def sentence():
    now = frequent()
    said = [words[now].capitalize()]
    for _ in range(3 + int(rng.random() * 16)):
        now = pick(followers[now]) if rng.random() < 0.6 else frequent()
        said.append(words[now] + ("," if rng.random() < 0.06 else ""))
    return " ".join(said).rstrip(",") + pick("....?!")


text = []
length = 0
while length < N_BYTES:
    paragraph = " ".join(sentence() for _ in range(2 + int(rng.random() * 6))) + "\n\n"
    text.append(paragraph)
    length += len(paragraph)
folder = pathlib.Path(sys.argv[1])
(folder / "prose.txt").write_bytes("".join(text).encode()[:N_BYTES])
