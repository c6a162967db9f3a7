#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""image_small: four uncompressed images (PPM, PGM) of 256 x 256 pixels. make_data.py FOLDER

A landscape of midpoint-displaced heights with sensor noise, the Mandelbrot set, a page of glyphs, and
a smooth gradient with dithering: what photographs, renderings, scans and masks are like.
Integer arithmetic and random.random() only, so that every machine makes the same bytes.
"""
import pathlib
import random
import sys

SIDE = 256
rng = random.Random(42)


def heights():
    """Midpoint displacement on a torus, values 0 ... 255."""
    grid = [[0] * SIDE for _ in range(SIDE)]
    step = SIDE
    while step > 1:
        half = step // 2
        for y in range(0, SIDE, step):
            for x in range(0, SIDE, step):
                corners = (grid[y][x], grid[y][(x + step) % SIDE], grid[(y + step) % SIDE][x],
                           grid[(y + step) % SIDE][(x + step) % SIDE])
                for dy, dx, about in ((half, half, sum(corners) // 4),
                                      (0, half, (corners[0] + corners[1]) // 2),
                                      (half, 0, (corners[0] + corners[2]) // 2)):
                    grid[y + dy][x + dx] = about + int((rng.random() - 0.5) * step * 3)
        step = half
    least, most = min(map(min, grid)), max(map(max, grid))
    return [[(v - least) * 255 // (most - least) for v in row] for row in grid]


def landscape():
    for row in heights():
        for v in row:
            noise = int(rng.random() * 6)
            yield from (min(v // 2 + 40 + noise, 255), min(v * 3 // 4 + noise, 255),
                        min(200 - v // 3 + noise, 255))


def mandelbrot():
    one = 1 << 16
    for py in range(SIDE):
        for px in range(SIDE):
            cx, cy = (px * 3 * one) // SIDE - 2 * one, (py * 3 * one) // SIDE - 3 * one // 2
            x = y = n = 0
            while n < 63 and x * x + y * y < 4 * one * one:
                x, y, n = (x * x - y * y) // one + cx, 2 * x * y // one + cy, n + 1
            yield from (n * 4, n * 7 % 256, n * 13 % 256)


def page():
    glyphs = [[int(rng.random() * 64) for _ in range(6)] for _ in range(40)]
    rows = [[250] * SIDE for _ in range(SIDE)]
    for top in range(8, SIDE - 12, 12):
        for left in range(8, SIDE - 14, 8):
            glyph = glyphs[int(rng.random() * rng.random() * 40)]
            for y in range(6):
                for x in range(6):
                    if glyph[y] >> x & 1:
                        rows[top + y][left + x] = 20
    return (v for row in rows for v in row)


def gradient():
    for y in range(SIDE):
        for x in range(SIDE):
            yield min((x + y) // 2 + (rng.random() < ((x + y) % 2) / 2 + 0.25), 255)


folder = pathlib.Path(sys.argv[1])
for name, magic, pixels in (("landscape.ppm", "P6", landscape()), ("mandelbrot.ppm", "P6", mandelbrot()),
                            ("page.pgm", "P5", page()), ("gradient.pgm", "P5", gradient())):
    (folder / name).write_bytes(f"{magic}\n{SIDE} {SIDE}\n255\n".encode() + bytes(pixels))
