"""What the shards did together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from docmill._summary import RunSummary


@dataclass(frozen=True)
class RayRunSummary(RunSummary):
    """What the shards of a job did together, as ``docmill merge`` reports it, and what was lost on the way.

    Attributes:
        store: The merged store.
        shards: What the last attempt at each shard did; None for a shard whose nodes were lost again and again.
        retries: Attempts beyond the first of each shard.
        lost_answers: Answers that attempts which were lost had received or awaited after their last copy: this many
            pages were paid for twice. By their last reports; what may have been sent after those is estimated, rather
            too high.
        lost_usd: What they cost, in US dollars. It is in no store and in no other figure of this summary. None if the
            price is unknown.
    """

    store: Path | None = None
    shards: tuple[RunSummary | None, ...] = ()
    retries: int = 0
    lost_answers: int = 0
    lost_usd: Decimal | None = Decimal(0)

    def to_dict(self) -> dict[str, Any]:
        """A small JSON-compatible summary, for logs and for schedulers."""
        return {
            **super().to_dict(),
            "retries": self.retries,
            "lost_answers": self.lost_answers,
            "lost_usd": None if self.lost_usd is None else str(self.lost_usd),
        }
