"""The progress of all shards as one."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from docmill._process import LOGGER
from docmill._progress import Progress, notebook_display
from docmill._run import ProgressOption
from docmill.ray._keeper import ShardState

_LINE_SECONDS = 30.0
"""How often a line is logged where none can be redrawn."""


class View:
    """Shows the progress of all shards as one."""

    def __init__(self, option: ProgressOption, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._next_line = self._started + _LINE_SECONDS
        self._is_line_drawn = False
        self._show: Callable[[Progress], None] = option if callable(option) else _nothing
        if option == "auto":
            self._show = notebook_display() or (self._draw if sys.stderr.isatty() else self._log)

    def update(self, states: Sequence[ShardState]) -> None:
        """Shows how far the shards are."""
        self._show(overall(states, self._clock() - self._started))

    def end(self) -> None:
        """Ends the line that is redrawn."""
        if self._is_line_drawn:
            sys.stderr.write("\n")

    def _draw(self, now: Progress) -> None:
        self._is_line_drawn = True
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r\x1b[K{now.text[:width]}")
        sys.stderr.flush()

    def _log(self, now: Progress) -> None:
        if self._clock() >= self._next_line:
            self._next_line = self._clock() + _LINE_SECONDS
            LOGGER.info("%s", now.text)


def overall(states: Sequence[ShardState], seconds: float) -> Progress:
    """The progress of all shards together, ``seconds`` after their begin."""
    known = [state.report.now for state in states if state.report.now is not None]
    finished, total = sum(now.pages_finished for now in known), sum(now.pages_total for now in known)
    asked, in_flight = sum(now.pages_asked for now in known), sum(now.in_flight for now in known)
    failed = sum(now.pages_failed for now in known)
    cost: Decimal | None = Decimal(0)
    for state in states:
        spent = Decimal(0) if state.report.now is None else state.report.now.cost_usd
        unknown = cost is None or spent is None or state.spent_before is None
        cost = None if unknown else cost + spent + state.spent_before  # type: ignore[operator]
    # Shards that have not begun, and those that still count their input, have more.
    is_minimum = len(known) < len(states) or any(now.is_minimum for now in known)
    left = None
    if asked and total > finished and not is_minimum:
        left = int((total - finished) * seconds / asked)
    ended = sum(state.has_ended for state in states)
    retries = sum(max(state.attempts - 1, 0) for state in states)
    lost = sum(state.lost.answers for state in states)
    trouble = next((now.trouble for now in known if now.trouble), None)
    pieces = [
        f"{finished:,}/{'at least ' if is_minimum else ''}{total:,} pages",
        f"{ended}/{len(states)} shards done",
        *([f"{_duration(left)} left"] if left is not None else []),
        *([f"{failed:,} failed"] if failed else []),
        *([f"USD {cost:.4f}"] if cost else []),
        *([f"{asked / seconds:.1f}/s"] if asked and seconds > 0 else []),
        f"{in_flight} in flight",
        *([f"{retries} {'retry' if retries == 1 else 'retries'}"] if retries else []),
        *([f"{lost:,} answers lost"] if lost else []),
        *([trouble] if trouble else []),
    ]
    return Progress(
        pages_finished=finished,
        pages_total=total,
        is_minimum=is_minimum,
        pages_asked=asked,
        pages_failed=failed,
        in_flight=in_flight,
        retries=sum(now.retries for now in known),
        cost_usd=cost,
        seconds_left=left,
        trouble=trouble,
        text="  ".join(pieces),
    )


def _nothing(now: Progress) -> None:
    """Shows nothing."""


def _duration(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds % 60}s" if minutes else f"{seconds}s"
