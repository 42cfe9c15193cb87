"""Types of arguments, and values in JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

StrPath: TypeAlias = "str | os.PathLike[str]"
"""A path of the file system."""
Seconds: TypeAlias = "float | timedelta"
"""A duration: seconds, or a timedelta."""
Usd: TypeAlias = "str | int | float | Decimal"
"""An amount of US dollars. Text and Decimal are exact."""
Json: TypeAlias = "Mapping[str, Any]"
"""An object of JSON, as docmill printed it."""


def seconds(duration: Seconds) -> float:
    """A duration in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


def usd_text(amount: Usd) -> str:
    """An amount as decimal text without an exponent."""
    return amount if isinstance(amount, str) else f"{Decimal(str(amount)):f}"


def decimal(value: object) -> Decimal | None:
    """An amount of money; None: docmill does not know it."""
    return None if value is None else Decimal(str(value))


def time(value: object) -> datetime | None:
    """A time in UTC."""
    return None if value is None else datetime.fromisoformat(str(value).replace("Z", "+00:00"))


def member(value: object, *names: str) -> Any:
    """A member of nested objects; None if one of them is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def job_arguments(job: StrPath, variables: Mapping[str, object] | None, store: StrPath | None) -> list[str]:
    """The arguments of every command that takes a job."""
    arguments = [os.fspath(job)]
    for name, value in (variables or {}).items():
        arguments += ["--var", f"{name}={value}"]
    if store is not None:
        arguments += ["--store", os.fspath(store)]
    return arguments


def names(values: str | Sequence[str]) -> list[str]:
    """One name or several."""
    return [values] if isinstance(values, str) else list(values)
