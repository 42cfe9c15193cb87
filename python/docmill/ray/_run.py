"""``docmill.ray.run``: the driver."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from docmill import errors
from docmill._merge import merge
from docmill._process import DEFAULT_GRACE, END_SECONDS
from docmill._run import ProgressOption
from docmill._summary import OutputFile, RunSummary
from docmill._values import Seconds, StrPath, Usd, grace_seconds, seconds, usd_text
from docmill.ray._attempt import ShardEnd, ShardRun, Timing
from docmill.ray._cluster import Cluster
from docmill.ray._copies import Copies, back_up
from docmill.ray._keeper import Losses, ShardState
from docmill.ray._summary import RayRunSummary
from docmill.ray._view import View

_UPDATE_SECONDS = 1.0
"""How often progress is shown."""
_COPY_SECONDS = 60.0
"""How long a task that is stopped may take to copy its store."""


def run(
    job: StrPath,
    *,
    shards: int,
    store_dir: StrPath,
    resources: Mapping[str, float] | None = None,
    vars: Mapping[str, object] | None = None,
    budget_usd: Usd | None = None,
    base: StrPath | None = None,
    parallel: int | None = None,
    retries: int = 3,
    api_key: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
    grace: Seconds = DEFAULT_GRACE,
    progress: ProgressOption = "auto",
    timing: Timing = Timing(),
) -> RayRunSummary:
    """Runs a job in shards, as tasks of a Ray cluster that is running, then merges them (docs/ray.md).

    Each task runs docmill with a store on its node's local disk, which it copies to ``store_dir`` every minute. A task
    whose node is lost is retried on another one, from the last copy. Calling it again continues where it stopped.

    Args:
        job: Manifest of the job. It and its input must have the same paths on every node.
        shards: Number of shards, and of tasks. A ``store_dir`` belongs to one number.
        store_dir: Folder for the copies of the stores and the merged store ``merged.db``, which all nodes see. It may
            be on a network file system.
        resources: What a task needs, as Ray counts it: ``{"CPU": 2, "memory": 2e9, "scanner": 1}``, memory in bytes
            (default: one CPU).
        vars: Values for ``${NAME}`` in the manifest.
        budget_usd: Maximum spend of all shards per ``budget_scope``, in US dollars; overrides the manifest.
        base: Merged store of an earlier run, which supplies answers and is only read. All nodes see it.
        parallel: Among how many shards at a time the configured rates are divided (default: all).
        retries: How often each shard is begun again, after its node was lost or docmill was stopped.
        api_key: Key of the provider; overrides the manifest. It is in no argument and in no environment variable.
        env: Further environment variables of docmill. Ray keeps them with the task: no keys.
        timeout: Seconds, or a timedelta, after which the shards are stopped.
        grace: How long a stop waits for requests in flight, in seconds or as a timedelta.
        progress: As for ``docmill.run``: ``"auto"`` shows one line for all shards.
        timing: How long a lease lasts and how often stores are copied; the defaults are in docs/ray.md.

    Returns:
        What the shards did together, and what was lost.

    Raises:
        docmill.errors.DocmillError: The job did not succeed; the class corresponds to the exit code of the merge, or
            of a shard without which there is nothing to merge. ``summary`` is a ``RayRunSummary`` if there was a merge.
        docmill.errors.TimedOut: ``timeout`` was over. The copies have what was done until then.
        ImportError: Ray is not installed.
        ConnectionError: No cluster is running.
        ValueError: Another call uses ``store_dir`` in this cluster, or it has stores of another number of shards.

    If the call is interrupted, the shards are stopped as after a timeout.
    """
    if shards < 1:
        raise ValueError("shards must be at least 1")
    copies = Copies(Path(os.path.abspath(store_dir)), shards)
    copies.folder.mkdir(parents=True, exist_ok=True)
    _check_number(copies)
    runs = [
        ShardRun(
            job=os.path.abspath(job),
            shard=shard,
            copies=copies,
            vars=vars,
            budget_usd=None if budget_usd is None else usd_text(budget_usd),
            base=None if base is None else os.path.abspath(base),
            parallel=parallel,
            env=env,
            grace=grace_seconds(grace),
            timing=timing,
        )
        for shard in range(shards)
    ]
    newest = [copies.of_shard(shard)[-1:] for shard in range(shards)]
    numbers = [found[0][0] + 1 if found else 1 for found in newest]
    with Cluster(copies.folder) as cluster:
        cluster.start_keeper(numbers, timing.lease, _mark(copies.folder).exists(), api_key)
        with _marked(copies.folder, cluster):
            states, ends = _run_all(cluster, runs, resources or {"CPU": 1}, retries, View(progress), timeout)
    return _merged(runs[0], ends, states)


def _check_number(copies: Copies) -> None:
    """Refuses copies of another number of shards: no shard would know what they have paid for."""
    others = copies.other_numbers()
    if not others:
        return
    found = " and of ".join(map(str, others))
    continued = f"pass shards={others[0]} to continue with them, or " if len(others) == 1 else ""
    raise ValueError(
        f"store_dir has stores of {found} shards, and this call has {copies.shards}, which would pay for their pages "
        f"again: {continued}once they are merged, pass another store_dir and base={os.fspath(copies.merged)!r}"
    )


def _run_all(
    cluster: Cluster,
    runs: Sequence[ShardRun],
    resources: Mapping[str, float],
    retries: int,
    view: View,
    timeout: Seconds | None,
) -> tuple[list[ShardState], list[ShardEnd | errors.DocmillError]]:
    """Runs all shards until they have ended, and shows how far they are."""
    limit = None if timeout is None else seconds(timeout)
    began = time.monotonic()
    try:
        cluster.start_tasks(runs, resources, retries)
        while cluster.wait(_UPDATE_SECONDS):
            view.update(cluster.states())
            if limit is not None and time.monotonic() - began >= limit:
                message = f"the shards were stopped after {limit:g} s"
                raise errors.TimedOut(message, hint="the same call continues where they stopped")
        states, ends = cluster.states(), cluster.ends()
        view.update(states)
        return states, ends
    except BaseException:
        cluster.cancel(runs[0].grace + END_SECONDS + _COPY_SECONDS)
        raise
    finally:
        view.end()


def _mark(folder: Path) -> Path:
    """The file that marks a folder while a call uses it. A leftover file: the call was killed, and may have
    tasks on nodes that can't be reached."""
    return folder / "running"


@contextlib.contextmanager
def _marked(folder: Path, cluster: Cluster) -> Iterator[None]:
    """Marks a folder until no task is running."""
    _mark(folder).touch()
    try:
        yield
    finally:
        if cluster.has_ended():
            _mark(folder).unlink(missing_ok=True)


def _merged(
    run: ShardRun, ends: Sequence[ShardEnd | errors.DocmillError], states: Sequence[ShardState]
) -> RayRunSummary:
    """Merges the copies of all shards. ``run``: that of any shard."""
    failed: list[errors.DocmillError] = []
    for shard, end in enumerate(ends):
        error = end.error if isinstance(end, ShardEnd) else end
        if error is None or isinstance(error, errors.FailedPages):
            # The merge judges how many pages have failed.
            continue
        failed.append(error)
        if isinstance(error, (errors.ManifestError, errors.InternalError)) or not run.copies.of_shard(shard):
            raise error

    def with_losses(summary: RunSummary) -> RayRunSummary:
        lost = sum((state.losses() for state in states), Losses())
        return RayRunSummary(
            **{**vars(summary), "outputs": tuple(map(moved, summary.outputs))},
            store=run.copies.merged,
            shards=tuple(end.summary for end in ends),
            retries=sum(max(state.attempts - 1, 0) for state in states),
            lost_answers=lost.answers,
            lost_usd=lost.usd,
        )

    # SQLite opens nothing in the folder of the copies.
    with tempfile.TemporaryDirectory(prefix="docmill-merge-") as name:
        local = Path(name)

        def moved(output: OutputFile) -> OutputFile:
            if not output.path.is_relative_to(local):
                return output
            return replace(output, path=run.copies.folder / output.path.relative_to(local))

        try:
            summary = with_losses(_merge_in(local, run))
        except errors.DocmillError as error:
            if error.summary is not None:
                error.summary = with_losses(error.summary)
            raise
    if failed:
        failed[0].summary = summary
        raise failed[0]
    for shard in range(run.copies.shards):
        # The newest copy and the merged store have what is in them.
        for _, copy in run.copies.of_shard(shard)[:-1]:
            copy.unlink(missing_ok=True)
    return summary


def _merge_in(local: Path, run: ShardRun) -> RunSummary:
    """Merges the copies in a local folder, and copies the merged store and partial outputs back."""
    copies = run.copies
    stores = []
    for shard in range(copies.shards):
        for _, copy in copies.of_shard(shard):
            stores.append(local / copy.name)
            shutil.copyfile(copy, stores[-1])
    merged = local / copies.merged.name
    if copies.merged.exists():
        shutil.copyfile(copies.merged, merged)
    try:
        return merge(run.job, stores, store=merged, vars=run.vars, env=run.env)
    finally:
        if merged.exists():
            back_up(merged, copies.merged)
            partial = local / "partial"
            shutil.rmtree(copies.folder / partial.name, ignore_errors=True)
            if partial.exists():
                shutil.copytree(partial, copies.folder / partial.name)
