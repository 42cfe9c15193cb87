#!/usr/bin/env python3
"""Makes the pages of the fixture `v5-pictures`: draw_pictures.py FOLDER

Files of which the program of store version 5 sent another picture than later ones: pages of a PDF under other
numbers, a form field that was not drawn, a JPEG that ends early, a TIFF whose predictor does not apply, a PNG
that was not turned. The fixture holds the digests of these files, so they are committed.
"""
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent


def pdf(objects):
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def stream(text):
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text)


def letters(kids, letters):
    """A PDF whose page tree is `kids` (indices of `letters`, or None for an object that is not there)."""
    page = lambda at: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] /Contents %d 0 R /Resources << /Font << /F 3 0 R >> >> >>" % (4 + 2 * at + 1)
    references = b" ".join(b"99 0 R" if kid is None else b"%d 0 R" % (4 + 2 * kid) for kid in kids)
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), references), FONT]
    for at, letter in enumerate(letters):
        objects += [page(at), stream(b"BT /F 120 Tf 30 70 Td (%s) Tj ET" % letter)]
    return pdf(objects)


def form():
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (total) /V (1234.50) /DA (/F 18 Tf 0 g) /Rect [20 60 130 90] /F 4 /P 4 0 R >>"
    return pdf([
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /DR << /Font << /F 3 0 R >> >> /DA (/F 18 Tf 0 g) >> >>",
        b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>", FONT,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] /Contents 5 0 R /Resources << /Font << /F 3 0 R >> >> /Annots [6 0 R] >>",
        stream(b"BT /F 30 Tf 20 150 Td (FORM) Tj ET"), field,
    ])


def cut_jpeg(whole):
    scan = whole.index(b"\xff\xda")
    return whole[:scan + (len(whole) - scan) // 2].rstrip(b"\xff") + b"\xff\xd9"


def tiff():
    """8-bit grey, PackBits, with a predictor, which is for LZW and Deflate only."""
    width, height = 64, 96
    rows = [bytes(20 if 8 < x < 56 and y % 16 < 6 else 250 for x in range(width)) for y in range(height)]
    data = b"".join(bytes([width - 1]) + row for row in rows)
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 32773), (262, 3, 1), (273, 4, 8),
            (277, 3, 1), (278, 4, height), (279, 4, len(data)), (317, 3, 2)]
    directory = struct.pack("<H", len(tags))
    directory += b"".join(struct.pack("<HHIHH", tag, kind, 1, value & 0xffff, value >> 16) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory + struct.pack("<I", 0)


def turned_png():
    """Orientation 6 in an eXIf chunk that begins as that of a JPEG does."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width, height = 96, 64
    rows = b"".join(b"\0" + bytes(20 if y < 20 or x % 24 < 6 else 250 for x in range(width)) for y in range(height))
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"eXIf", exif) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def main(folder):
    sample = sorted((HERE / "../../../sample_data/pages").resolve().rglob("*.jpg"))[0].read_bytes()
    files = {
        "order.pdf": letters([0, 1, 0, 2], [b"A", b"B", b"C"]),
        "gap.pdf": letters([0, None, 1], [b"D", b"E"]),
        "form.pdf": form(),
        "same.pdf": letters([0], [b"S"]),
        "cut.jpg": cut_jpeg(sample),
        "whole.jpg": sample,
        "predictor.tif": tiff(),
        "turned.png": turned_png(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)


main(Path(sys.argv[1]))
