#!/usr/bin/env python3
"""Draw many small, distinct pages for benchmarks: draw_many.py FOLDER"""
import io
import os
import random
import sys

from PIL import Image


def main():
    root = sys.argv[1]
    random.seed(1)
    base = Image.effect_noise((240, 330), 45).convert("L")
    os.makedirs(f"{root}/5000")
    for at in range(5000):
        page = base.copy()
        page.paste(random.randrange(256), (at % 220, (at // 220) % 310, at % 220 + 12, (at // 220) % 310 + 12))
        page.putpixel((0, 0), at % 256)
        page.putpixel((8, 8), at // 256)
        page.save(f"{root}/5000/{at:06}.jpg", quality=34)
    small = Image.new("L", (64, 64), 250)
    for count in (2000, 20000):
        os.makedirs(f"{root}/{count}")
    for at in range(20000):
        small.putpixel((at % 64, (at // 64) % 64), 10)
        small.putpixel((63 - (at * 7) % 64, (at // 4096) % 64), 60 + at % 150)
        out = io.BytesIO()
        small.save(out, "PNG")
        with open(f"{root}/20000/{at:06}.png", "wb") as file:
            file.write(out.getvalue())
        if at < 2000:
            os.link(f"{root}/20000/{at:06}.png", f"{root}/2000/{at:06}.png")
    for folder in range(200):
        os.makedirs(f"{root}/200000/{folder:03}")
        for at in range(1000):
            os.link(f"{root}/20000/{(folder * 1000 + at) % 20000:06}.png", f"{root}/200000/{folder:03}/{at:04}.png")


if __name__ == "__main__":
    main()
