"""Types of arguments, and values in JSON."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

StrPath: TypeAlias = "str | os.PathLike[str]"
"""A path of the file system."""
Seconds: TypeAlias = "float | timedelta"
"""A duration: seconds, or a timedelta."""
Usd: TypeAlias = "str | int | float | Decimal"
"""An amount of US dollars. Text and Decimal are exact."""
Json: TypeAlias = "Mapping[str, Any]"
"""An object of JSON, as docmill printed it."""
T = TypeVar("T")

_MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading JSON of another form raises."""


def seconds(duration: Seconds) -> float:
    """A duration in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


def grace_seconds(grace: Seconds) -> float:
    """A grace period in seconds.

    Raises:
        ValueError: It has no end, or is negative.
    """
    found = seconds(grace)
    if not math.isfinite(found) or found < 0:
        raise ValueError(f"grace must be a finite number of seconds, not {grace}")
    return found


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


def parse_json(text: bytes, parse: Callable[[Any], T]) -> T | None:
    """What docmill has printed; None if it was cut short, or another program has printed it."""
    try:
        return parse(json.loads(text))
    except _MALFORMED:
        return None


def option(name: str, value: object) -> str:
    """An option with its value, in one argument: a value may begin with a dash."""
    return f"{name}={value}"


def positional(path: StrPath) -> str:
    """A path as an argument that is not taken for an option."""
    text = os.fspath(path)
    return f"./{text}" if text.startswith("-") else text


def paths_of(name: str, paths: Iterable[StrPath]) -> list[str]:
    """The paths of the argument ``name``, which takes several.

    Raises:
        TypeError: It is one path, whose letters would be taken for paths.
    """
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise TypeError(f"{name} takes several paths, not one: pass a list, {name}=[{paths!r}]")
    return [os.fspath(path) for path in paths]


def job_arguments(job: StrPath, variables: Mapping[str, object] | None, store: StrPath | None) -> list[str]:
    """The arguments of every command that takes a job."""
    arguments = [positional(job)]
    arguments += [option("--var", f"{name}={value}") for name, value in (variables or {}).items()]
    if store is not None:
        arguments.append(option("--store", os.fspath(store)))
    return arguments


def names(values: str | Sequence[str]) -> list[str]:
    """One name or several."""
    return [values] if isinstance(values, str) else list(values)
