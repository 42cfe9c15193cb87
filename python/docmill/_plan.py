"""``docmill plan``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from docmill._process import Child
from docmill._values import (
    Json,
    Seconds,
    StrPath,
    Usd,
    decimal,
    job_arguments,
    member,
    names,
    option,
    parse_json,
    seconds,
    usd_text,
)


@dataclass(frozen=True)
class ShardPlan:
    """What one shard would do.

    Attributes:
        shard: ``"3/16"``.
        pages: Pages of the shard.
        to_ask: Pages that a run would send.
        cost_usd: Expected cost in US dollars; None if the price is unknown.
    """

    shard: str
    pages: int
    to_ask: int
    cost_usd: Decimal | None


@dataclass(frozen=True)
class Plan:
    """What a run would send and cost.

    Attributes:
        pages: Pages of the input.
        answered: Pages with answers in the store.
        to_ask: Pages that a run would send.
        cost_usd: Expected cost in US dollars; None if the price is unknown.
        cost_low_usd: Its lower bound.
        cost_high_usd: Its upper bound.
        minutes: Expected duration at the rate limits, in minutes; None if it can't be estimated.
        budget_left_usd: What is left of the budget; None without one.
        fits_budget: Whether the budget is enough; None if that is unknown.
        shards: The same for each shard, if ``shards`` was given.
        raw: The whole JSON object of ``docmill plan --format json``.
    """

    pages: int
    answered: int
    to_ask: int
    cost_usd: Decimal | None
    cost_low_usd: Decimal | None
    cost_high_usd: Decimal | None
    minutes: float | None
    budget_left_usd: Decimal | None
    fits_budget: bool | None
    shards: tuple[ShardPlan, ...] = ()
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: Json) -> Plan:
        """The plan that ``docmill plan --format json`` printed."""
        return cls(
            pages=value["pages"],
            answered=value["answered"],
            to_ask=value["to_ask"],
            cost_usd=decimal(member(value, "cost_usd", "expected")),
            cost_low_usd=decimal(member(value, "cost_usd", "low")),
            cost_high_usd=decimal(member(value, "cost_usd", "high")),
            minutes=member(value, "minutes", "expected"),
            budget_left_usd=decimal(member(value, "budget", "left_usd")),
            fits_budget=member(value, "budget", "is_enough"),
            shards=tuple(_shard(shard) for shard in value.get("shards") or ()),
            raw=value,
        )

    def to_dict(self) -> dict[str, Any]:
        """A small JSON-compatible summary, for logs and for schedulers."""

        def text(amount: Decimal | None) -> str | None:
            return None if amount is None else str(amount)

        return {
            "pages": self.pages,
            "answered": self.answered,
            "to_ask": self.to_ask,
            "cost_usd": text(self.cost_usd),
            "cost_low_usd": text(self.cost_low_usd),
            "cost_high_usd": text(self.cost_high_usd),
            "minutes": self.minutes,
            "budget_left_usd": text(self.budget_left_usd),
            "shards": [
                {"shard": shard.shard, "pages": shard.pages, "to_ask": shard.to_ask, "cost_usd": text(shard.cost_usd)}
                for shard in self.shards
            ],
        }


def _shard(value: Json) -> ShardPlan:
    cost = value.get("cost_usd")
    expected = cost.get("expected") if isinstance(cost, Mapping) else cost
    return ShardPlan(str(value["shard"]), value["pages"], value["to_ask"], decimal(expected))


def plan(
    job: StrPath,
    *,
    vars: Mapping[str, object] | None = None,
    store: StrPath | None = None,
    sample: int | None = None,
    retry: str | Sequence[str] = (),
    refresh: bool = False,
    where: str | None = None,
    shards: int | None = None,
    base: StrPath | None = None,
    max_usd: Usd | None = None,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
) -> Plan:
    """What a run would send, what it would cost, and how long it would take. Sends nothing.

    Args:
        job: Manifest of the job.
        vars: Values for ``${NAME}`` in the manifest.
        store: File of the store; overrides the manifest.
        sample: Read only this many files, always the same ones, and project the result to all.
        retry: Plan a run with ``retry``: invalid, refused, failed, redrawn, all.
        refresh: Plan a run with ``refresh``.
        where: With ``retry`` or ``refresh``: only pages whose rows match (docs/select.md).
        shards: Also plan this many shards.
        base: Merged store of an earlier run, which supplies answers and is only read.
        max_usd: Maximum expected cost in US dollars.
        env: Further environment variables.
        timeout: Seconds, or a timedelta, after which docmill is stopped.

    Raises:
        docmill.errors.BudgetReached: The expected cost is above ``max_usd``; the error's ``plan`` is the plan.
        docmill.errors.DocmillError: The plan could not be made; the class corresponds to the exit code.
        FileNotFoundError: The program is not installed.
    """
    arguments = ["plan", *job_arguments(job, vars, store), "--format", "json"]
    options: dict[str, object] = {
        "--sample": sample,
        "--retry": ",".join(names(retry)) or None,
        "--where": where,
        "--shards": shards,
        "--base": base,
        "--max-usd": None if max_usd is None else usd_text(max_usd),
    }
    for name, value in options.items():
        if value is not None:
            arguments.append(option(name, value))
    if refresh:
        arguments.append("--refresh")
    ended = Child(arguments, env=env).execute(None if timeout is None else seconds(timeout))
    found = parse_json(ended.stdout, Plan.from_json) if ended.code in (0, 4) else None
    if ended.code != 0 or found is None:
        raise ended.error(plan=found)
    return found
