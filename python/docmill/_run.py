"""``docmill run``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from docmill._process import DEFAULT_GRACE, Child, Ended
from docmill._progress import Progress, notebook_display
from docmill._summary import RunSummary
from docmill._values import (
    Seconds,
    StrPath,
    Usd,
    grace_seconds,
    job_arguments,
    names,
    option,
    parse_json,
    paths_of,
    seconds,
    usd_text,
)

ProgressOption = Literal["auto", "off"] | Callable[[Progress], None]
"""How progress is shown: in a notebook, not at all, or by a function of yours."""


@dataclass
class RunCommand:
    """One run. The fields are the arguments of ``docmill.run``, and what other parts of this package add.

    ``more``: further arguments of the program. ``descriptors``: what it inherits.
    """

    job: StrPath
    vars: Mapping[str, object] | None = None
    budget_usd: Usd | None = None
    store: StrPath | None = None
    shard: str | None = None
    parallel: int | None = None
    base: StrPath | None = None
    limit: int | None = None
    sample: int | None = None
    tasks: str | Sequence[str] = ()
    retry: str | Sequence[str] = ()
    refresh: bool = False
    once: bool = False
    where: str | None = None
    paths: Iterable[StrPath] | None = None
    api_key: str | None = field(default=None, repr=False)
    env: Mapping[str, str] | None = None
    timeout: Seconds | None = None
    grace: Seconds = DEFAULT_GRACE
    progress: ProgressOption = "auto"
    more: Sequence[str] = ()
    descriptors: Sequence[int] = ()

    def execute(self) -> RunSummary:
        """Runs it; see ``docmill.run``."""
        show = notebook_display() if self.progress == "auto" else None
        show = self.progress if callable(self.progress) else show
        with tempfile.TemporaryDirectory(prefix="docmill-") as folder:
            file = Path(folder) / "summary.json"
            arguments = self._arguments(file)
            if self.progress == "off":
                arguments += ["--progress", "off"]
            else:
                arguments += ["--progress", "plain", "--progress-interval", "1s" if show else "30s"]
            stdin = None
            if self.paths is not None:
                # Every path ends with NUL, even a single one: it may have line feeds.
                stdin = b"".join(os.fsencode(path) + b"\0" for path in paths_of("paths", self.paths))
            child = Child(
                arguments,
                env=self.env,
                grace=grace_seconds(self.grace),
                api_key=self.api_key,
                stdin=stdin,
                on_progress=show,
                descriptors=self.descriptors,
            )
            ended = child.execute(None if self.timeout is None else seconds(self.timeout))
            return read_summary(file, ended)

    def _arguments(self, summary: Path) -> list[str]:
        arguments = ["run", *job_arguments(self.job, self.vars, self.store)]
        arguments += ["--summary", str(summary), "--grace", f"{round(grace_seconds(self.grace) * 1000)}ms"]
        # If this process ends for any reason, docmill stops spending.
        arguments += ["--exit-with-parent", str(os.getpid())]
        options: dict[str, object] = {
            "--budget-usd": None if self.budget_usd is None else usd_text(self.budget_usd),
            "--shard": self.shard,
            "--parallel": self.parallel,
            "--base": None if self.base is None else os.fspath(self.base),
            "--limit": self.limit,
            "--sample": self.sample,
            "--retry": ",".join(names(self.retry)) or None,
            "--where": self.where,
        }
        for name, value in options.items():
            if value is not None:
                arguments.append(option(name, value))
        arguments += [option("--task", task) for task in names(self.tasks)]
        flags = {"--refresh": self.refresh, "--once": self.once}
        arguments += [flag for flag, is_set in flags.items() if is_set]
        return [*arguments, *self.more]


def read_summary(file: Path, ended: Ended) -> RunSummary:
    """The summary of a command that succeeded; raises the error of one that did not."""
    # One that was cut short, as on a full disk, is ignored.
    summary = parse_json(file.read_bytes(), _summary_of) if file.exists() else None
    if ended.code != 0 or summary is None:
        raise ended.error(outcome=summary and summary.outcome, summary=summary)
    return summary


def _summary_of(value: Any) -> RunSummary:
    # A process that was killed leaves `running`.
    if value["outcome"] == "running":
        value["outcome"] = "interrupted"
    return RunSummary.from_json(value)


def run(
    job: StrPath,
    *,
    vars: Mapping[str, object] | None = None,
    budget_usd: Usd | None = None,
    store: StrPath | None = None,
    shard: str | None = None,
    parallel: int | None = None,
    base: StrPath | None = None,
    limit: int | None = None,
    sample: int | None = None,
    tasks: str | Sequence[str] = (),
    retry: str | Sequence[str] = (),
    refresh: bool = False,
    once: bool = False,
    where: str | None = None,
    paths: Iterable[StrPath] | None = None,
    api_key: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
    grace: Seconds = DEFAULT_GRACE,
    progress: ProgressOption = "auto",
) -> RunSummary:
    """Sends the pages of a job that have no answer, then writes its rows and its report.

    Calling it again continues where it stopped and pays for nothing twice.

    Args:
        job: Manifest of the job.
        vars: Values for ``${NAME}`` in the manifest.
        budget_usd: Maximum spend per ``budget_scope``, in US dollars; overrides the manifest.
        store: File of the store; overrides the manifest.
        shard: ``"I/N"``, I from 0: only the pages of this shard. Each shard has its own store.
        parallel: Among how many shards at a time the configured rates are divided (default: N).
        base: Merged store of an earlier run, which supplies answers and is only read.
        limit: Send at most this many pages.
        sample: Send only a sample of this many pages, always the same ones.
        tasks: Ask only these tasks.
        retry: Send pages again that ended with these statuses: invalid, refused, failed, redrawn, all.
        refresh: Send every page again, including those with valid answers.
        once: With ``delivery: batch``: submit and collect without waiting; raises ``BatchPending`` while a batch is
            in progress.
        where: With ``retry`` or ``refresh``: only pages whose rows match (docs/select.md).
        paths: Pages of a job with ``input.list: "-"``: several paths, not a single string.
        api_key: Key of the provider; overrides the manifest. It reaches docmill through a file descriptor.
        env: Further environment variables.
        timeout: Seconds, or a timedelta, after which docmill is stopped. It gets SIGTERM, and SIGKILL if it has not
            ended four seconds after ``grace``.
        grace: How long a stop waits for requests in flight, in seconds or as a timedelta.
        progress: ``"auto"`` shows progress in notebooks, and as log lines every 30 s elsewhere; ``"off"`` does not;
            a function is called once a second with a ``docmill.Progress``.

    Returns:
        What the run did.

    Raises:
        docmill.errors.DocmillError: The run did not succeed; the class corresponds to the exit code.
            ``summary`` is what it did until then.
        docmill.errors.TimedOut: ``timeout`` was over.
        TypeError: ``paths`` is one path.
        ValueError: ``grace`` is negative or has no end.
        FileNotFoundError: The program is not installed.

    Log lines go to the logger ``docmill``. If the call is interrupted, docmill is stopped as after a timeout; if this
    process is killed, docmill stops itself (on Linux).
    """
    return RunCommand(
        job=job,
        vars=vars,
        budget_usd=budget_usd,
        store=store,
        shard=shard,
        parallel=parallel,
        base=base,
        limit=limit,
        sample=sample,
        tasks=tasks,
        retry=retry,
        refresh=refresh,
        once=once,
        where=where,
        paths=paths,
        api_key=api_key,
        env=env,
        timeout=timeout,
        grace=grace,
        progress=progress,
    ).execute()
