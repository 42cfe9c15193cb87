"""The lease of an attempt: its worker renews it at the keeper, and passes it on to docmill through a pipe."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from docmill._process import LOGGER
from docmill.errors import Interrupted
from docmill.ray._keeper import Report, Ticket, boot_time


class KeeperGone(Exception):
    """The keeper has ended, and with it the run."""


class KeeperOfShard(Protocol):
    """The keeper, as an attempt at one shard sees it. Every method may raise ``KeeperGone``, or ``TimeoutError`` if
    there is no answer in time."""

    def begin(self) -> Ticket:
        """Begins an attempt."""

    def renew(self, attempt: int, report: Report) -> float | None:
        """Renews its lease, see ``Keeper.renew``."""

    def end(self, attempt: int, report: Report) -> None:
        """Ends it."""


class Lease:
    """The lease of an attempt, as a context manager that waits until it is granted.

    docmill reads from ``descriptor`` until when it may send requests. That is counted from when a renewal was asked
    for, so that it is over before the keeper gives the shard to another attempt, however long the reply takes. If
    this process hangs, nothing is renewed; if it ends, the pipe is closed.
    """

    def __init__(
        self, keeper: KeeperOfShard, attempt: int, report: Callable[[], Report], lease_seconds: float, interval: float
    ) -> None:
        """``report``: what is reported with every renewal. ``interval``: seconds between them."""
        self._keeper = keeper
        self._attempt = attempt
        self._report = report
        self._seconds = lease_seconds
        self._interval = interval
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="docmill-lease", daemon=True)
        self.descriptor, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)

    def __enter__(self) -> Lease:
        try:
            while True:
                asked_at = boot_time()
                wait = self._keeper.renew(self._attempt, self._report())
                if wait is None:
                    raise Interrupted("another attempt has taken the shard over")
                if wait <= 0:
                    break
                LOGGER.info("waiting %.0f s until the lease of an earlier attempt is over", wait)
                # No longer, because a task can't be cancelled while it waits.
                self._is_over.wait(min(wait, self._interval))
            self._pass_on(asked_at)
        except BaseException:
            self._close()
            raise
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self._close()

    def _renew(self) -> None:
        while not self._is_over.wait(self._interval):
            asked_at = boot_time()
            try:
                wait = self._keeper.renew(self._attempt, self._report())
            except TimeoutError:
                LOGGER.warning("the lease was not renewed: no answer")
                continue
            except KeeperGone:
                wait = None
            if wait is None:
                LOGGER.warning("the lease was not renewed: the shard is another attempt's, or the run has ended")
                # docmill stops at once, not when the lease is over.
                os.close(self._pipe)
                self._pipe = -1
                return
            self._pass_on(asked_at)

    def _pass_on(self, asked_at: float) -> None:
        # A pipe that is full has renewals enough that were not read.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._pipe, f"{asked_at + self._seconds:.3f}\n".encode())

    def _close(self) -> None:
        for descriptor in (self.descriptor, self._pipe):
            if descriptor >= 0:
                os.close(descriptor)
