#!/usr/bin/env python3
"""Write src/catalog/data/o200k_base.bin, the vocabulary that counts tokens, from OpenAI's published file.

    python3 scripts/token_vocabulary.py o200k_base.tiktoken

The crate tiktoken-rs has that file in its folder `assets`. src/catalog/token_vocabulary.rs describes the format, and its
tests compare every token with the crate.
"""
import base64
import pathlib
import struct
import sys

TARGET = pathlib.Path(__file__).parent.parent / "src/catalog/data/o200k_base.bin"

by_length = {}
for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    token, rank = line.split()
    token = base64.b64decode(token)
    by_length.setdefault(len(token), []).append((token, int(rank)))
groups = [sorted(by_length.get(length, [])) for length in range(1, max(by_length) + 1)]
data = struct.pack(f"<{len(groups) + 1}I", len(groups), *map(len, groups))
data += b"".join(token for group in groups for token, _ in group)
data += b"".join(rank.to_bytes(3, "little") for group in groups for _, rank in group)
TARGET.write_bytes(data)
print(f"{TARGET}: {len(data):,} bytes, {sum(map(len, groups)):,} tokens")
