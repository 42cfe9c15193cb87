#!/usr/bin/env python3
"""Compare the CPU time of preparation with libvips and Pillow, in one run:
bench_prepare.py [ROUNDS] [--features turbojpeg]

Requires Python with pyvips (binary wheels are sufficient), Pillow, numpy and scikit-image. The
script draws A4 pages at 300 dpi with scanner noise (1.6 MB as a colour JPEG) as colour and grey
JPEG, G4 TIFF, PNG and PDF (one scanned, one drawn). Each program resizes them to the size that
gpt-4o-mini uses (768 x 1086) and encodes JPEG with quality 85. Rounds are interleaved and the
minimum of each is kept. SSIM against a full decode and Lanczos in one step shows whether a
program is faster only because its result is blurred.
"""
import io
import os
import subprocess
import sys
import tempfile
import time

os.environ["VIPS_CONCURRENCY"] = "1"
import numpy as np  # noqa: E402
import pyvips  # noqa: E402
from PIL import Image, ImageDraw, ImageFont  # noqa: E402
from skimage.metrics import structural_similarity  # noqa: E402

TARGET = (768, 1086)


def draw(folder):
    rng = np.random.default_rng(1)
    page = Image.new("RGB", (2480, 3508), (250, 249, 244))
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=42)
    words = "the quick brown fox jumps over a lazy dog and writes invoices for seventeen goods ".split()
    for line in range(58):
        text = " ".join(words[(line * 7 + at) % len(words)] for at in range(15))
        pen.text((220, 200 + line * 52), text, fill=(30, 30, 38), font=font)
    pen.rectangle((1600, 2500, 2200, 2900), outline=(180, 30, 30), width=6)
    pen.ellipse((300, 2900, 700, 3300), fill=(40, 90, 170))
    noisy = np.asarray(page).astype(np.int16) + rng.normal(0, 2, (3508, 2480, 3))
    colour = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
    grey = colour.convert("L")
    bilevel = page.convert("L").point(lambda value: 255 if value > 128 else 0).convert("1")
    colour.save(f"{folder}/colour.jpg", quality=85, dpi=(300, 300))
    grey.save(f"{folder}/grey.jpg", quality=85, dpi=(300, 300))
    bilevel.save(f"{folder}/g4.tif", compression="group4", dpi=(300, 300))
    page.save(f"{folder}/clean.png")
    colour.save(f"{folder}/scan.pdf", resolution=300, quality=85)
    with open(f"{folder}/drawn.pdf", "wb") as file:
        file.write(drawn_pdf(words))
    return [f"{folder}/{name}" for name in ("colour.jpg", "grey.jpg", "g4.tif", "clean.png", "scan.pdf", "drawn.pdf")]


def drawn_pdf(words):
    lines = "".join(
        f"BT /F1 10 Tf 53 {780 - line * 12.5} Td ({' '.join(words[(line * 7 + at) % len(words)] for at in range(15))}) Tj ET\n"
        for line in range(58))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(lines)} >>\nstream\n{lines}endstream", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (out + f"xref\n0 6\n0000000000 65535 f \n{table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n").encode()


def by_vips(path):
    image = pyvips.Image.thumbnail(path, TARGET[0], height=TARGET[1], size="force")
    return image.jpegsave_buffer(Q=85)


def by_pillow(path):
    image = Image.open(path)
    image.draft(None, TARGET)
    image = image.convert("L" if image.mode in ("1", "L") else "RGB").resize(TARGET, Image.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def reference(path):
    if path.endswith("drawn.pdf"):
        page = pyvips.Image.new_from_file(path, dpi=300)
        page = page.flatten(background=255) if page.hasalpha() else page
        whole = Image.fromarray(page.colourspace("b-w").numpy().squeeze())
    elif path.endswith("scan.pdf"):
        whole = Image.open(path.replace("scan.pdf", "colour.jpg")).convert("L")
    else:
        whole = Image.open(path).convert("L")
    return np.asarray(whole.resize(TARGET, Image.LANCZOS))


def similarity(encoded, truth):
    found = Image.open(io.BytesIO(encoded)).convert("L")
    found = found if found.size == TARGET else found.resize(TARGET, Image.LANCZOS)
    return structural_similarity(np.asarray(found), truth)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 7
    features = sys.argv[sys.argv.index("--features"):] if "--features" in sys.argv else []
    build = ["cargo", "build", "-q", "--release", "--example", "prepare_cpu", *features]
    subprocess.run(build, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    with tempfile.TemporaryDirectory() as folder:
        files = draw(folder)
        least = {}

        def keep(program, path, milliseconds):
            least[program, path] = min(milliseconds, least.get((program, path), 1e9))

        for _ in range(rounds):
            out = subprocess.run([f"{target}/release/examples/prepare_cpu", "2", folder, *files],
                                 check=True, capture_output=True, text=True).stdout
            for line in out.splitlines():
                path, milliseconds = line.rsplit(" ", 1)
                keep("docmill", path, float(milliseconds))
            for program, prepare in (("libvips", by_vips), ("Pillow", by_pillow)):
                for path in files:
                    if program == "Pillow" and path.endswith("pdf"):
                        continue
                    for _ in range(2):
                        before = time.process_time()
                        prepare(path)
                        keep(program, path, (time.process_time() - before) * 1000)
        print(f"libvips {pyvips.version(0)}.{pyvips.version(1)}.{pyvips.version(2)}, minimum of {2 * rounds}, ms of CPU")
        print("| page | docmill | libvips | Pillow | docmill / libvips | SSIM docmill | SSIM libvips |\n|---|---|---|---|---|---|---|")
        for path in files:
            truth = reference(path)
            with open(os.path.splitext(path)[0] + ".docmill.jpg", "rb") as file:
                ours = similarity(file.read(), truth)
            theirs = similarity(by_vips(path), truth)
            d, v, p = (least.get((program, path)) for program in ("docmill", "libvips", "Pillow"))
            pillow = f"{p:.1f}" if p else "–"
            print(f"| {os.path.basename(path)} | {d:.1f} | {v:.1f} | {pillow} | {d / v:.2f} | {ours:.4f} | {theirs:.4f} |")


if __name__ == "__main__":
    main()
