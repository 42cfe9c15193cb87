"""``docmill merge``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from docmill._process import Child
from docmill._run import read_summary
from docmill._summary import RunSummary
from docmill._values import Seconds, StrPath, job_arguments, paths_of, positional, seconds


def merge(
    job: StrPath,
    stores: Iterable[StrPath],
    *,
    store: StrPath,
    vars: Mapping[str, object] | None = None,
    allow_missing: bool = False,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
) -> RunSummary:
    """Merges the stores of shards, and writes the outputs of the job. Sends nothing and needs no key.

    Merging again, in another order or after a kill gives the same.

    Args:
        job: Manifest of the job.
        stores: The stores of the shards: several paths, not a single string.
        store: The merged store; it may exist.
        vars: Values for ``${NAME}`` in the manifest.
        allow_missing: Merge although shards are missing; the outputs are partial then.
        env: Further environment variables.
        timeout: Seconds, or a timedelta, after which docmill is stopped.

    Returns:
        What the shards did together.

    Raises:
        docmill.errors.FailedPages: More pages of all shards failed than ``on_error.max_failed`` allows.
        docmill.errors.DocmillError: The stores could not be merged; the class corresponds to the exit code.
        TypeError: ``stores`` is one path.
        FileNotFoundError: The program is not installed.
    """
    first, *variables = job_arguments(job, vars, store)
    command = ["merge", first, *map(positional, paths_of("stores", stores)), *variables]
    if allow_missing:
        command.append("--allow-missing")
    with tempfile.TemporaryDirectory(prefix="docmill-") as folder:
        file = Path(folder) / "summary.json"
        child = Child([*command, "--summary", str(file)], env=env)
        return read_summary(file, child.execute(None if timeout is None else seconds(timeout)))
