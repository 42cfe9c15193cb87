#!/usr/bin/env python3
"""Compare what docmill makes of real files with reference programs: corpus.py DIR [PROGRAM]

Runs `docmill prepare` over every file below DIR and compares page counts and pictures with those of
the reference programs that are installed: Pillow for pictures (with pillow-heif for HEIC), pdfium
(pypdfium2), MuPDF (pymupdf) and `pdftoppm` for PDF. Prints a line for each difference, then totals:

    pages     the numbers of pages differ
    blank     docmill sends a blank page where every reference draws something (exit code 1)
    picture   the pictures differ: mean difference of brightness, in percent, on a grid of 96 x 96
    refused   docmill gives no picture where a reference does, and why
    extra     docmill gives a picture where no reference does

Requires Python with numpy and Pillow.
"""
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, ImageSequence

Image.MAX_IMAGE_PIXELS = None
GRID = 96
# Mean difference of brightness above which pictures differ, in percent.
MAX_DIFFERENCE = 4.0
# Standard deviation of brightness below which a page is blank.
BLANK = 0.6


def grid(picture):
    """A picture over white as a grid of brightness."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    if picture.mode in ("I", "F", "I;16", "I;16B", "I;16L"):
        values = np.asarray(picture).astype(float)
        picture = Image.fromarray((values / max(values.max(), 1) * 255).astype(np.uint8))
    return np.asarray(picture.convert("L").resize((GRID, GRID), Image.BOX)).astype(float)


def pillow(path):
    with Image.open(path) as file:
        return [grid(frame.copy()) for frame in ImageSequence.Iterator(file)] if file.format == "TIFF" else [grid(file)]


def pdfium(path):
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        document.init_forms()
    except Exception:
        pass
    pages = []
    for number in range(len(document)):
        try:
            pages.append(grid(document[number].render(scale=1).to_pil()))
        except Exception:
            pages.append(None)
    return pages


def mupdf(path):
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    document = pymupdf.open(path)
    if document.needs_pass:
        raise ValueError("needs a password")
    pages = []
    for page in range(document.page_count):
        try:
            pages.append(grid(Image.open(io.BytesIO(document[page].get_pixmap().tobytes("png")))))
        except Exception:
            pages.append(None)
    return pages


def poppler(path):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["pdftoppm", "-r", "72", "-png", path, f"{folder}/page"], check=True, capture_output=True, timeout=120)
        return [grid(Image.open(file)) for file in sorted(Path(folder).iterdir())]


def references(path):
    """The pages by each reference program that can open the file."""
    is_pdf = b"%PDF-" in path.read_bytes()[:1024]
    programs = {"pdfium": pdfium, "mupdf": mupdf, "poppler": poppler} if is_pdf else {"pillow": pillow}
    if not shutil.which("pdftoppm"):
        programs.pop("poppler", None)
    pages = {}
    for name, program in programs.items():
        try:
            pages[name] = program(str(path))
        except ImportError:
            pass
        except Exception:
            pages[name] = []
    return pages


def docmill(program, path, out):
    """The pages of docmill: a grid, or why there is no picture."""
    ran = subprocess.run([program, "prepare", str(path), "--out", out], capture_output=True, text=True, timeout=300)
    pages = []
    for line in ran.stdout.splitlines():
        failed = re.search(r"  failed: (.*)", line)
        pages.append(failed.group(1) if failed else grid(Image.open(line.rsplit("  ", 1)[1])))
    return pages


def compare(name, ours, theirs):
    """The differences of one file: (kind, line)."""
    known = {program: pages for program, pages in theirs.items() if pages}
    if not known:
        return [("extra", f"{name}")] if any(not isinstance(page, str) for page in ours) else []
    is_whole_file = len(ours) == 1 and isinstance(ours[0], str)
    counts = {program: len(pages) for program, pages in known.items()}
    if is_whole_file:
        return [("refused", f"{name}: {ours[0]}  ({counts})")]
    found = []
    if len(ours) not in counts.values():
        found.append(("pages", f"{name}: {len(ours)} pages, {counts}"))
    for at, page in enumerate(ours):
        others = {program: pages[at] for program, pages in known.items() if at < len(pages) and pages[at] is not None}
        if not others:
            continue
        if isinstance(page, str):
            found.append(("refused", f"{name} page {at + 1}: {page}"))
            continue
        if page.std() < BLANK and all(other.std() >= BLANK for other in others.values()):
            found.append(("blank", f"{name} page {at + 1}"))
            continue
        difference = {program: np.abs(page - other).mean() / 2.55 for program, other in others.items()}
        if min(difference.values()) > MAX_DIFFERENCE:
            shown = ", ".join(f"{program} {share:.1f} %" for program, share in difference.items())
            found.append(("picture", f"{name} page {at + 1}: {shown}"))
    return found


def main():
    folder = Path(sys.argv[1])
    target = os.environ.get("CARGO_TARGET_DIR", str(Path(__file__).resolve().parent.parent / "target"))
    program = sys.argv[2] if len(sys.argv) > 2 else f"{target}/release/docmill"
    try:
        import pillow_heif

        pillow_heif.register_heif_opener()
    except ImportError:
        pass
    totals, files, pages = Counter(), 0, 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".md", ".txt")):
        with tempfile.TemporaryDirectory() as out:
            ours = docmill(program, path, out)
        files, pages = files + 1, pages + len(ours)
        for kind, line in compare(path.relative_to(folder), ours, references(path)):
            totals[kind] += 1
            print(f"{kind:8}  {line}")
    shown = ", ".join(f"{count} {kind}" for kind, count in sorted(totals.items())) or "no difference"
    print(f"{files} files, {pages} pages: {shown}")
    sys.exit(1 if totals["blank"] else 0)


main()
