"""One attempt at a shard, in the process of a task: docmill with a store on the local disk, which is copied again and
again to the folder that all nodes see."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docmill._process import LOGGER
from docmill._progress import Progress
from docmill._run import RunCommand
from docmill._summary import RunSummary
from docmill.errors import DocmillError, Interrupted, StorageError
from docmill.ray._copies import Copies, back_up
from docmill.ray._keeper import Report, Ticket
from docmill.ray._lease import KeeperGone, KeeperOfShard, Lease


@dataclass(frozen=True)
class Timing:
    """How often an attempt does what.

    Attributes:
        lease: How long docmill may send requests after the lease was renewed, in seconds.
        renewal: Time between renewals, with which progress is reported, in seconds.
        copy: Time between copies of the store, in seconds.
    """

    lease: float = 30.0
    renewal: float = 2.0
    copy: float = 60.0


@dataclass(frozen=True)
class ShardRun:
    """The run of one shard, as its task gets it. No secret is part of it."""

    job: str
    shard: int
    copies: Copies
    vars: Mapping[str, object] | None
    budget_usd: str | None
    base: str | None
    parallel: int | None
    env: Mapping[str, str] | None
    grace: float
    timing: Timing

    @property
    def name(self) -> str:
        """``"3/16"``."""
        return f"{self.shard}/{self.copies.shards}"


@dataclass(frozen=True)
class ShardEnd:
    """How a shard has ended.

    ``error``: why it did not succeed, where another attempt would not change that.
    """

    summary: RunSummary | None
    error: DocmillError | None


class Attempt:
    """One attempt at a shard."""

    def __init__(self, run: ShardRun, keeper: KeeperOfShard) -> None:
        self._run = run
        self._keeper = keeper
        # What the last progress line said, and what it said before the last copy began.
        self._now: Progress | None = None
        self._copied: Progress | None = None
        self._is_copied = True

    def execute(self) -> ShardEnd:
        """Runs docmill until it has ended.

        Raises:
            docmill.errors.Interrupted: docmill was stopped, or its lease was not renewed: another attempt continues.
            docmill.errors.StorageError: Its last copy could not be written.
        """
        timing = self._run.timing
        try:
            ticket = self._keeper.begin()
            lease = Lease(self._keeper, ticket.attempt, self._report, timing.lease, timing.renewal)
            try:
                with lease, self._local_store(ticket.attempt) as store:
                    return self._run_program(store, ticket, lease.descriptor)
            finally:
                if self._is_copied:
                    with contextlib.suppress(KeeperGone, TimeoutError):
                        self._keeper.end(ticket.attempt, self._report())
        except (KeeperGone, TimeoutError) as error:
            raise Interrupted(f"shard {self._run.name}: the run has ended") from error

    def _report(self) -> Report:
        return Report(self._now, self._copied)

    @contextlib.contextmanager
    def _local_store(self, attempt: int) -> Iterator[Path]:
        """A store on the local disk with what earlier attempts have copied. It is copied meanwhile and at the end."""
        copies, shard = self._run.copies, self._run.shard
        folder = Path(tempfile.mkdtemp(prefix=f"docmill-{shard:05}-"))
        store, copy = folder / "store.db", copies.path(shard, attempt)
        try:
            if earlier := copies.of_shard(shard):
                shutil.copyfile(earlier[-1][1], store)
            with self._copied_often(store, copy):
                self._is_copied = False
                yield store
        finally:
            # Also when the task is cancelled: docmill has ended by then.
            if not self._is_copied:
                self._copy_last(store, copy)
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _copied_often(self, store: Path, copy: Path) -> Iterator[None]:
        is_over = threading.Event()

        def work() -> None:
            while not is_over.wait(self._run.timing.copy):
                if not store.exists():
                    continue
                now = self._now
                try:
                    back_up(store, copy)
                except (DocmillError, OSError) as error:
                    LOGGER.warning("shard %s: the store was not copied to %s: %s", self._run.name, copy, error)
                else:
                    self._copied = now

        thread = threading.Thread(target=work, name="docmill-copies", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _copy_last(self, store: Path, copy: Path) -> None:
        try:
            if store.exists():
                back_up(store, copy)
        except (DocmillError, OSError) as error:
            raise StorageError(
                f"shard {self._run.name}: the store was not copied to {copy}: {error}",
                hint=f"it is on the node {os.uname().nodename}: {store}",
            ) from error
        self._copied, self._is_copied = self._now, True

    def _run_program(self, store: Path, ticket: Ticket, lease: int) -> ShardEnd:
        run = self._run
        base = None
        if run.base is not None:
            base = store.with_name("base.db")
            shutil.copyfile(run.base, base)
        more = ["--lease", f"/proc/self/fd/{lease}"]
        if ticket.lost_usd:
            more += ["--lost-usd", f"{ticket.lost_usd:f}"]
        command = RunCommand(
            job=run.job,
            vars=run.vars,
            budget_usd=run.budget_usd,
            store=store,
            shard=run.name,
            parallel=run.parallel,
            base=base,
            api_key=ticket.api_key,
            env=run.env,
            grace=run.grace,
            progress=self._on_progress,
            more=more,
            descriptors=(lease,),
        )
        try:
            summary = command.execute()
        except Interrupted as error:
            self._on_end(error.summary)
            raise
        except DocmillError as error:
            self._on_end(error.summary)
            return ShardEnd(error.summary, error)
        self._on_end(summary)
        return ShardEnd(summary, None)

    def _on_progress(self, now: Progress) -> None:
        self._now = now

    def _on_end(self, summary: RunSummary | None) -> None:
        """The last figures; those of a program that was killed are in its last progress."""
        if summary is None or "pages" not in summary.raw:
            return
        pages = summary.pages
        self._on_progress(
            Progress(
                pages_finished=pages.total - pages.pending,
                pages_total=pages.total,
                is_minimum=False,
                pages_asked=pages.asked,
                pages_failed=pages.failed,
                in_flight=0,
                retries=summary.attempts - pages.asked,
                cost_usd=summary.cost_usd,
                seconds_left=None,
                trouble=None,
                text="",
            )
        )
