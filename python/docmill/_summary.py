"""What a run did: the JSON of ``--summary``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from docmill._values import Json, decimal, member, time


@dataclass(frozen=True)
class PageCounts:
    """Pages of the job by status after the run, and where their answers came from.

    Attributes:
        total: All pages of the input.
        ok: With a valid answer to every task.
        invalid: Whose replies were never valid.
        refused: Which the model or a content filter declined.
        failed: Which could not be read or asked.
        pending: Which have not been asked yet.
        skipped: Left out, such as blank ones.
        asked: Sent to the provider by this run.
        from_store: Answered by what the store already held.
        duplicates: Whose content is the same as that of another page.
    """

    total: int = 0
    ok: int = 0
    invalid: int = 0
    refused: int = 0
    failed: int = 0
    pending: int = 0
    skipped: int = 0
    asked: int = 0
    from_store: int = 0
    duplicates: int = 0


@dataclass(frozen=True)
class TokenCounts:
    """Billed tokens. ``cached_input`` and ``cache_write`` are parts of ``input``, ``reasoning`` one of ``output``."""

    input: int = 0
    cached_input: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


@dataclass(frozen=True)
class OutputFile:
    """A file of rows that the run wrote.

    Attributes:
        format: ``csv``, ``parquet`` or ``jsonl``.
        path: The file, or the folder of partitions.
        partial: Whether pages are pending, so that it does not replace the last complete file.
    """

    format: str
    path: Path
    partial: bool


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Attributes:
        job: Name of the job; None if the manifest could not be read.
        run_id: Id of the run; None if it did not begin.
        outcome: Such as ``complete``, ``failed_pages`` or ``budget_reached``.
        exit_code: The exit code of the program; None if it was killed.
        started_at: Begin of the run, in UTC.
        elapsed_seconds: Duration of the run in seconds; None if it ended without a report.
        shard: ``"3/16"`` for a run of one shard.
        pages: Pages by status.
        tokens: Billed tokens of the run.
        attempts: Requests that were sent, with retries.
        cost_usd: Cost of the run in US dollars; None if the price is unknown.
        saved_usd: What answers from the store and identical pages would have cost, in US dollars.
        outputs: The files of rows that were written.
        raw: The whole JSON object of ``--summary`` (docs/spend.md).
    """

    job: str | None
    run_id: str | None
    outcome: str
    exit_code: int | None
    started_at: datetime | None = None
    elapsed_seconds: float | None = None
    shard: str | None = None
    pages: PageCounts = field(default_factory=PageCounts)
    tokens: TokenCounts = field(default_factory=TokenCounts)
    attempts: int = 0
    cost_usd: Decimal | None = None
    saved_usd: Decimal | None = None
    outputs: tuple[OutputFile, ...] = ()
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: Json) -> RunSummary:
        """The summary that ``docmill run --summary`` wrote."""
        return cls(
            job=value.get("job"),
            run_id=value.get("run_id"),
            outcome=str(value["outcome"]),
            exit_code=value.get("exit_code"),
            started_at=time(value.get("started_at")),
            elapsed_seconds=value.get("elapsed_seconds"),
            shard=value.get("shard"),
            pages=PageCounts(**_known(PageCounts, value.get("pages"))),
            tokens=TokenCounts(**_known(TokenCounts, value.get("tokens"))),
            attempts=member(value, "attempts", "sent") or 0,
            cost_usd=decimal(member(value, "cost", "total_usd")),
            saved_usd=decimal(member(value, "cost", "saved_by_store_usd")),
            outputs=tuple(
                OutputFile(output["format"], Path(output["path"]), bool(output["partial"]))
                for output in value.get("outputs", ())
            ),
            raw=value,
        )

    def to_dict(self) -> dict[str, Any]:
        """A small JSON-compatible summary, for logs and for schedulers. It has no rows and no paths of pages."""
        return {
            "job": self.job,
            "run_id": self.run_id,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "shard": self.shard,
            "elapsed_seconds": self.elapsed_seconds,
            "pages": vars(self.pages).copy(),
            "tokens": vars(self.tokens).copy(),
            "attempts": self.attempts,
            "cost_usd": None if self.cost_usd is None else str(self.cost_usd),
            "outputs": [
                {"format": output.format, "path": str(output.path), "partial": output.partial}
                for output in self.outputs
            ],
        }


def _known(kind: type[PageCounts] | type[TokenCounts], value: Json | None) -> dict[str, int]:
    """The members that a class has: later versions of docmill may print more."""
    names = {field.name for field in fields(kind)}
    return {name: number for name, number in (value or {}).items() if name in names}
