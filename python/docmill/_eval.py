"""``docmill eval``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from docmill._process import Child
from docmill._values import Seconds, StrPath, job_arguments, names, option, parse_json, seconds


def evaluate(
    job: StrPath,
    *,
    truth: StrPath | None = None,
    min_accuracy: str | float | Sequence[str] = (),
    min_f1: str | float | Sequence[str] = (),
    tasks: str | Sequence[str] = (),
    where: str | None = None,
    vars: Mapping[str, object] | None = None,
    store: StrPath | None = None,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
) -> dict[str, Any]:
    """How good the stored answers are (docs/quality.md). Sends nothing.

    Args:
        job: Manifest of the job.
        truth: File with true labels: CSV, TSV, JSON Lines or Parquet. Without it, human answers in the store count.
        min_accuracy: Lowest lower bound of the accuracy, such as ``0.9`` for all tasks or ``"kind=0.9"`` for one.
        min_f1: Lowest lower bound of F1, such as ``0.8`` for macro F1 or ``"invoice=0.8"`` for one label.
        tasks: Measure only these tasks.
        where: Only pages whose rows match (docs/select.md).
        vars: Values for ``${NAME}`` in the manifest.
        store: File of the store; overrides the manifest.
        env: Further environment variables.
        timeout: Seconds, or a timedelta, after which docmill is stopped.

    Returns:
        The JSON of ``docmill eval --format json``.

    Raises:
        docmill.errors.QualityGate: A threshold was not reached.
        docmill.errors.DocmillError: The answers could not be measured; the class corresponds to the exit code.
        FileNotFoundError: The program is not installed.
    """
    arguments = ["eval", *job_arguments(job, vars, store), "--format", "json"]
    if truth is not None:
        arguments.append(option("--truth", truth))
    for name, given in (("--min-accuracy", min_accuracy), ("--min-f1", min_f1)):
        thresholds = names(str(given) if isinstance(given, (int, float)) else given)
        arguments += [option(name, threshold) for threshold in thresholds]
    arguments += [option("--task", task) for task in names(tasks)]
    if where is not None:
        arguments.append(option("--where", where))
    ended = Child(arguments, env=env).execute(None if timeout is None else seconds(timeout))
    found: dict[str, Any] | None = parse_json(ended.stdout, dict) if ended.code == 0 else None
    if found is None:
        raise ended.error()
    return found
