"""Who may send requests for a shard, and how far each shard is. The driver runs one keeper, as an actor."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_UP, Decimal

from docmill._progress import Progress

_ESTIMATE_STEP = Decimal("0.000001")
"""Estimated amounts are rounded up to it, in US dollars."""


def boot_time() -> float:
    """Seconds since this machine was started, while it slept, too: the clock of ``docmill run --lease``."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class Losses:
    """What is known to be paid for and in no copy.

    ``answers``: answers, and requests in flight. ``usd``: their cost; None: the price is unknown.
    """

    answers: int = 0
    usd: Decimal | None = Decimal(0)

    def __add__(self, other: Losses) -> Losses:
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Losses(self.answers + other.answers, usd)


@dataclass(frozen=True)
class Report:
    """What an attempt has done so far.

    ``now``: its progress; None: nothing. ``copied``: what its last copy has at least; None: there is none.
    """

    now: Progress | None = None
    copied: Progress | None = None

    def sent(self) -> int:
        """Pages that were sent until then."""
        return 0 if self.now is None else self.now.pages_asked + self.now.in_flight

    def losses(self, unreported: int = 0) -> Losses:
        """What is lost if nothing more is heard of the attempt. ``unreported``: pages that it has sent since."""
        if self.now is None:
            return Losses()
        asked, cost = self.now.pages_asked, self.now.cost_usd
        copied_asked = 0 if self.copied is None else self.copied.pages_asked
        copied_cost = Decimal(0) if self.copied is None else self.copied.cost_usd
        unanswered = self.now.in_flight + unreported
        usd = None
        if cost is not None and copied_cost is not None:
            estimate = cost / asked * unanswered if asked else Decimal(0)
            usd = cost - copied_cost + estimate.quantize(_ESTIMATE_STEP, ROUND_UP)
        return Losses(max(asked - copied_asked, 0) + unanswered, usd)


@dataclass(frozen=True)
class Ticket:
    """What an attempt at a shard begins with.

    ``attempt``: its number. ``lost_usd``: what earlier attempts at the shard have spent that is in no copy.
    """

    attempt: int
    lost_usd: Decimal | None
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ShardState:
    """How far a shard is.

    ``attempts``: those that this run has begun. ``has_ended``: the last one has reported its end. ``growth``: the most
    pages that it has sent between two reports. ``spent_before``: what earlier attempts of this run have spent by their
    last reports.
    """

    attempts: int = 0
    has_ended: bool = False
    report: Report = Report()
    growth: int = 0
    spent_before: Decimal | None = Decimal(0)
    lost: Losses = Losses()

    def losses(self) -> Losses:
        """What is lost if nothing more is heard of the shard."""
        if self.has_ended:
            return self.lost
        # A report has a progress line that is up to a second old, and the next one may have been lost.
        return self.lost + self.report.losses(2 * self.growth)


class Keeper:
    """Gives the lease of each shard to one attempt at a time.

    An attempt that begins takes a shard over: the one before gets no more renewals, and the new one gets none before
    the last of them is over.
    """

    def __init__(
        self,
        first_attempts: Sequence[int],
        lease_seconds: float,
        is_taken_over: bool = False,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        """``first_attempts``: the number of the next attempt at each shard. ``is_taken_over``: attempts of another
        keeper may still hold leases."""
        self._lease = lease_seconds
        self._clock = clock
        self._api_key: str | None = None
        self._numbers = [number - 1 for number in first_attempts]
        self._states = [ShardState() for _ in first_attempts]
        # When no lease of an earlier attempt is held.
        self._free_at = [clock() + lease_seconds if is_taken_over else clock()] * len(first_attempts)
        # Until when the attempt that has the shard holds its lease.
        self._until = list(self._free_at)

    def set_api_key(self, api_key: str) -> None:
        """Sets the key that attempts get."""
        self._api_key = api_key

    def begin(self, shard: int) -> Ticket:
        """Begins an attempt at a shard, which takes it over."""
        state = self._states[shard]
        if state.attempts > 0:
            now = state.report.now
            cost = Decimal(0) if now is None else now.cost_usd
            before = state.spent_before
            state = replace(
                state,
                lost=state.losses(),
                spent_before=None if before is None or cost is None else before + cost,
            )
        self._numbers[shard] += 1
        self._free_at[shard] = self._until[shard]
        self._states[shard] = replace(state, attempts=state.attempts + 1, has_ended=False, report=Report(), growth=0)
        return Ticket(self._numbers[shard], state.lost.usd, self._api_key)

    def renew(self, shard: int, attempt: int, report: Report) -> float | None:
        """Renews a lease, and takes a report.

        Returns:
            0: it lasts for the time of a lease from now on. More: it is not free yet, ask again after this many
            seconds. None: another attempt has the shard.
        """
        if attempt != self._numbers[shard]:
            return None
        state = self._states[shard]
        growth = max(state.growth, report.sent() - state.report.sent())
        self._states[shard] = replace(state, report=report, growth=growth)
        now = self._clock()
        if now < self._free_at[shard]:
            return self._free_at[shard] - now
        self._until[shard] = now + self._lease
        return 0.0

    def end(self, shard: int, attempt: int, report: Report) -> None:
        """Ends an attempt, whose program has ended: its lease is free, and what it has done is in its last copy."""
        if attempt != self._numbers[shard]:
            return
        self._until[shard] = self._clock()
        self._states[shard] = replace(self._states[shard], report=report, has_ended=True)

    def states(self) -> list[ShardState]:
        """How far the shards are."""
        return self._states
