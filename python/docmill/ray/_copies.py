"""Copies of the shards' stores, in a folder that all nodes see.

Each attempt has its own copy, so that one that has lost its shard without noticing can't replace what the next
one has written. SQLite opens none of them there: its locks are not reliable on network file systems.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docmill._process import Child, check


@dataclass(frozen=True)
class Copies:
    """The folder of the copies of a job in this many shards."""

    folder: Path
    shards: int

    @property
    def merged(self) -> Path:
        """The merged store."""
        return self.folder / "merged.db"

    def path(self, shard: int, attempt: int) -> Path:
        """The copy of an attempt."""
        return self.folder / f"shard-{shard:05}-of-{self.shards:05}.attempt-{attempt:05}.db"

    def of_shard(self, shard: int) -> list[tuple[int, Path]]:
        """The copies of a shard with the number of their attempt, the newest last."""
        pattern = re.compile(rf"shard-{shard:05}-of-{self.shards:05}\.attempt-(\d+)\.db")
        found = []
        for path in self.folder.iterdir():
            if name := pattern.fullmatch(path.name):
                found.append((int(name[1]), path))
        return sorted(found)

    def other_numbers(self) -> list[int]:
        """Other numbers of shards of which the folder has copies."""
        pattern = re.compile(r"shard-\d+-of-(\d+)\.attempt-\d+\.db")
        names = (pattern.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted({int(name[1]) for name in names if name} - {self.shards})


def copy_whole(source: Path, to: Path) -> None:
    """Copies a file. It appears at once, when it is complete and durable."""
    with _replacing(to) as part:
        shutil.copyfile(source, part)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())


def back_up(store: Path, to: Path) -> None:
    """Copies a store that a run may be writing, as a consistent snapshot, via a file beside it.

    Raises:
        docmill.errors.DocmillError: It could not be copied.
        OSError: The copy could not be written.
    """
    local = store.with_name(f"{store.stem}-{uuid.uuid4().hex}.copy")
    try:
        ended = Child(["store", "--store", os.fspath(store), "backup", "--to", os.fspath(local)]).execute()
        check(ended)
        copy_whole(local, to)
    finally:
        local.unlink(missing_ok=True)


@contextlib.contextmanager
def _replacing(to: Path) -> Iterator[Path]:
    """A name beside a file, which becomes the file."""
    part = to.with_name(f".{to.name}.{uuid.uuid4().hex}")
    try:
        yield part
        os.replace(part, to)
    finally:
        part.unlink(missing_ok=True)
