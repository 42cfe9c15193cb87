#!/usr/bin/env python3
"""Draws the pages of the old-store fixtures: draw.py FOLDER

Small greyscale PNG files of 96 x 128 pixels. The fixtures hold the digests of these
files, so the files are committed and not drawn by the tests.
"""
import random
import struct
import sys
import zlib
from pathlib import Path

WIDTH, HEIGHT = 96, 128


def png(rows):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(row) for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")


def page(seed, grain=0):
    """Grey blocks on white; `grain` darkens single pixels."""
    draw, noise = random.Random(seed), random.Random(grain)
    rows = [[250] * WIDTH for _ in range(HEIGHT)]
    for _ in range(14):
        x, y, tone = draw.randrange(WIDTH - 24), draw.randrange(HEIGHT - 16), draw.randrange(200)
        for row in rows[y:y + 14]:
            row[x:x + 22] = [tone] * 22
    for _ in range(40 if grain else 0):
        row = rows[noise.randrange(HEIGHT)]
        at = noise.randrange(WIDTH)
        row[at] = max(0, row[at] - 3)
    return png(rows)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(["a", "b", "c", "d", "e", "../new"]):
        (folder / f"{name}.png").write_bytes(page(seed))
    (folder / "a copy.png").write_bytes(page(0))
    (folder / "a like.png").write_bytes(page(0, grain=1))
    (folder / "blank.png").write_bytes(png([[255] * WIDTH for _ in range(HEIGHT)]))
    (folder / "broken.png").write_bytes(page(1)[:-60])


if __name__ == "__main__":
    main()
