"""A folder with pages, a simulator in a process of its own, and the built program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(file for file in (ROOT / "sample_data" / "pages").rglob("*.jpg") if file.stem != "damaged")


def program() -> str:
    """The built program: DOCMILL, or that of the installed wheel, or that of the checkout."""
    if named := os.environ.get("DOCMILL"):
        return named
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    built = Path(target) / "release" / "docmill"
    return str(built) if built.exists() else shutil.which("docmill") or "docmill"


def record_skip(report: Any) -> None:
    """Appends what a skipped test needs to the file that DOCMILL_SKIP_LOG names, as tests/it/harness/skip.rs does it."""
    log = os.environ.get("DOCMILL_SKIP_LOG")
    if log and report.skipped:
        reason = str(report.longrepr[2])
        module = re.search(r"could not import '([\w.]+)'", reason)
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{module[1] if module else reason}: {report.nodeid}\n")


def pytest_runtest_logreport(report: Any) -> None:
    record_skip(report)


def pytest_collectreport(report: Any) -> None:
    record_skip(report)


@pytest.fixture(scope="session", autouse=True)
def built_program() -> Iterator[None]:
    """The package runs the program that is tested."""
    os.environ["DOCMILL_PROGRAM"] = program()
    os.environ.pop("DOCMILL_STORE", None)
    yield


@dataclass
class Bench:
    """A folder with a job."""

    folder: Path
    url: str

    @property
    def job(self) -> Path:
        """The manifest."""
        return self.folder / "job.yaml"

    def write_job(self, more: str = "", provider: str = "") -> Path:
        """Writes the manifest; `more`: further lines; `provider`: further keys of the provider."""
        self.job.write_text(
            "version: 1\nname: bench\ninput: {folder: pages}\n"
            f'provider: {{base_url: "{self.url}", model: openai/gpt-4o-mini, price: {{input: 0.4, output: 1.6}}{provider}}}\n'
            "tasks: {kind: {classify: {labels: [invoice, letter, form], other: true}}}\n"
            f"output: {{parquet: rows.parquet}}\nstore: store.db\n{more}\n"
        )
        return self.job

    def requests(self) -> int:
        """What the server saw."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + "/stats") as reply:
            count: int = json.load(reply)["requests"]
            return count


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Makes a folder with pages, and starts a simulator with further arguments."""
    servers: list[subprocess.Popen[Any]] = []

    def make(pages: int, *arguments: str) -> Bench:
        (tmp_path / "pages").mkdir()
        for at in range(pages):
            # Bytes after the end of a JPEG make another file of the same picture.
            source = PAGES[at % len(PAGES)].read_bytes()
            (tmp_path / "pages" / f"{at:04}.jpg").write_bytes(source + f"page {at}".encode())
        command = [program(), "simulate", "--port", "0", "--lifetime", "600s", *arguments]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert server.stdout is not None
        bench = Bench(tmp_path, server.stdout.readline().strip())
        bench.write_job()
        return bench

    yield make
    for server in servers:
        server.kill()
        server.wait()
