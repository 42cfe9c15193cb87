"""``docmill merge``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from docmill._process import Child, check
from docmill._values import Seconds, StrPath, job_arguments, seconds


def merge(
    job: StrPath,
    stores: Iterable[StrPath],
    *,
    store: StrPath,
    vars: Mapping[str, object] | None = None,
    allow_missing: bool = False,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
) -> None:
    """Unites the stores of shards, and writes the outputs of the job. Sends nothing and needs no key.

    Merging again, in another order or after a kill gives the same.

    Args:
        job: Manifest of the job.
        stores: The stores of the shards.
        store: The merged store; it may exist.
        vars: Values for ``${NAME}`` in the manifest.
        allow_missing: Merge although shards are missing; the outputs are partial then.
        env: Further environment variables.
        timeout: Seconds, or a timedelta, after which docmill is stopped.

    Raises:
        docmill.errors.FailedPages: More pages of all shards failed than ``on_error.max_failed`` allows.
        docmill.errors.DocmillError: The stores could not be merged; the class tells the exit code.
        FileNotFoundError: The program is not installed.
    """
    arguments = job_arguments(job, vars, None)
    command = ["merge", arguments[0], *(os.fspath(path) for path in stores), *arguments[1:], "--store", os.fspath(store)]
    if allow_missing:
        command.append("--allow-missing")
    check(Child(command, env=env).execute(None if timeout is None else seconds(timeout)))
