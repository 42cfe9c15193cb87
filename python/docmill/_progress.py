"""Progress of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from docmill._values import Json, decimal


@dataclass(frozen=True)
class Progress:
    """How far a run is. Counts are those of the pages that the run looks at.

    Attributes:
        pages_finished: Pages that need nothing more.
        pages_total: All of them; it may still rise if ``is_minimum``.
        is_minimum: Whether the input is still being counted.
        pages_asked: Pages with an outcome of this run.
        pages_failed: Those of them that failed.
        in_flight: Requests without a reply at the moment.
        retries: Requests that were sent again.
        cost_usd: What was spent so far, in US dollars; None if the price is unknown.
        seconds_left: Estimated time until the end, in seconds; None if it can't be estimated.
        trouble: Why requests are not answered at the moment; None if they are.
        text: All of it in one line, for people.
    """

    pages_finished: int
    pages_total: int
    is_minimum: bool
    pages_asked: int
    pages_failed: int
    in_flight: int
    retries: int
    cost_usd: Decimal | None
    seconds_left: int | None
    trouble: str | None
    text: str

    @classmethod
    def from_json(cls, line: Json) -> Progress:
        """From a log line with the event ``progress``."""
        return cls(
            pages_finished=line["pages_finished"],
            pages_total=line["pages_total"],
            is_minimum=bool(line["is_minimum"]),
            pages_asked=line["pages_asked"],
            pages_failed=line["pages_failed"],
            in_flight=line["in_flight"],
            retries=line["retries"],
            cost_usd=decimal(line.get("cost_usd")),
            seconds_left=line.get("seconds_left"),
            trouble=line.get("trouble"),
            text=str(line.get("message", "")),
        )


def notebook_display() -> Callable[[Progress], None] | None:
    """A line in the output of this cell, which is redrawn; None: this is not a notebook."""
    # Programs in a notebook have imported IPython; others don't need it.
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    # The shells of Colab and Databricks are subclasses.
    if not any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__):
        return None
    from IPython.display import HTML, display

    def shown(now: Progress) -> Any:
        total = max(now.pages_total, 1)
        return HTML(f'<progress value="{now.pages_finished}" max="{total}"></progress> {_escaped(now.text)}')

    handle: Any = None

    def update(now: Progress) -> None:
        nonlocal handle
        if handle is None:
            handle = display(shown(now), display_id=True)
        else:
            handle.update(shown(now))

    return update


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
