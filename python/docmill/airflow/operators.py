"""The operators. Each runs one command of docmill and judges its end as docmill does."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
)

from docmill import errors
from docmill._eval import evaluate
from docmill._merge import merge
from docmill._plan import plan
from docmill._process import LOGGER, Stopper
from docmill._run import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

_GRACE_SECONDS = 8.0


class _Operator(BaseOperator):
    """What the operators have in common: they run the program, and stop it when their task is stopped."""

    template_fields: Sequence[str] = ("job", "vars", "store")
    template_ext: Sequence[str] = ()
    ui_color = "#e8eef4"

    def __init__(
        self, *, job: str, vars: Mapping[str, str] | None = None, store: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.vars = vars
        self.store = store
        self._stopper: Stopper | None = None

    def on_kill(self) -> None:
        """Stops docmill: SIGTERM, the grace period, SIGKILL."""
        if self._stopper is not None:
            self._stopper.stop()

    @contextmanager
    def _running(self, on_budget: str = "fail", batch_poll: float = 0.0) -> Iterator[None]:
        """Around everything that runs the program."""
        self._stopper = Stopper()
        with _logged(self.log), _judged(on_budget, batch_poll), self._stopper:
            yield


class DocmillOperator(_Operator):
    """Runs a job, or one shard of it.

    The task returns a small summary: counts, cost and the paths of the outputs, never rows. Log lines of docmill are
    log lines of the task. A retry continues where the last try stopped and pays for nothing twice.

    Exit codes 1, 2, 3, 5 and 7 fail the task without a retry, 4 fails or skips it by ``on_budget``, and 6, 8, 9, 130,
    143 and a kill are retried. After 10, a batch that is in progress (``once``), the task is rescheduled, which is no
    retry and holds no slot.

    Stopping the task sends SIGTERM to docmill and waits for ``grace``. Airflow kills a task 5 s after it has asked it
    to stop; docmill continues until its grace period is over, then ends by itself.

    :param job: Manifest of the job. (templated)
    :param vars: Values for ``${NAME}`` in the manifest. (templated)
    :param store: File of the store; overrides the manifest. It belongs on a local disk. (templated)
    :param shard: ``"I/N"``, I from 0. (templated)
    :param budget_usd: Maximum spend per ``budget_scope``, in US dollars. (templated)
    :param base: Merged store of an earlier run, which supplies answers. (templated)
    :param parallel: Among how many shards at a time the configured rates are divided.
    :param conn_id: Connection whose password is the key of the provider. docmill reads it from a file descriptor:
        it is in no argument and in no environment variable.
    :param on_budget: What happens when the budget is reached: ``"fail"`` or ``"skip"``.
    :param grace: How long a stop waits for requests in flight, in seconds.
    :param once: With ``delivery: batch``: do not wait for batches, but run again after ``batch_poll``.
    :param batch_poll: After which time a task looks again for a batch, in seconds.
    :param limit: Send at most this many pages.
    :param retry: Send pages again that ended with these statuses.
    """

    template_fields: Sequence[str] = ("job", "vars", "store", "shard", "budget_usd", "base")

    def __init__(
        self,
        *,
        job: str,
        vars: Mapping[str, str] | None = None,
        store: str | None = None,
        shard: str | None = None,
        budget_usd: str | float | None = None,
        base: str | None = None,
        parallel: int | None = None,
        conn_id: str | None = None,
        on_budget: Literal["fail", "skip"] = "fail",
        grace: float = _GRACE_SECONDS,
        once: bool = False,
        batch_poll: float = 300.0,
        limit: int | None = None,
        retry: str | Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(job=job, vars=vars, store=store, **kwargs)
        if on_budget not in ("fail", "skip"):
            raise ValueError(f"on_budget is {on_budget!r}: use 'fail' or 'skip'")
        self.shard = shard
        self.budget_usd = budget_usd
        self.base = base
        self.parallel = parallel
        self.conn_id = conn_id
        self.on_budget = on_budget
        self.grace = grace
        self.once = once
        self.batch_poll = batch_poll
        self.limit = limit
        self.retry = retry

    def execute(self, context: Context) -> dict[str, Any]:
        """Runs the job and returns its summary."""
        api_key = None
        if self.conn_id is not None:
            api_key = BaseHook.get_connection(self.conn_id).password
            if not api_key:
                raise AirflowFailException(f"the connection {self.conn_id} has no password")
        with self._running(self.on_budget, self.batch_poll):
            done = run(
                self.job,
                vars=self.vars,
                store=self.store,
                shard=self.shard,
                budget_usd=self.budget_usd,
                base=self.base,
                parallel=self.parallel,
                limit=self.limit,
                retry=self.retry,
                once=self.once,
                api_key=api_key,
                grace=self.grace,
            )
        return done.to_dict()


class DocmillPlanOperator(_Operator):
    """Prices a job without sending anything, and returns the price.

    :param job: Manifest of the job. (templated)
    :param vars: Values for ``${NAME}`` in the manifest. (templated)
    :param store: File of the store; overrides the manifest. (templated)
    :param shards: Also price this many shards.
    :param base: Merged store of an earlier run, which supplies answers. (templated)
    :param max_usd: Maximum expected cost in US dollars. (templated)
    :param on_budget: What happens above it: ``"fail"`` or ``"skip"``.
    :param sample: Read only this many files and project the result to all.
    """

    template_fields: Sequence[str] = ("job", "vars", "store", "base", "max_usd")

    def __init__(
        self,
        *,
        job: str,
        vars: Mapping[str, str] | None = None,
        store: str | None = None,
        shards: int | None = None,
        base: str | None = None,
        max_usd: str | float | None = None,
        on_budget: Literal["fail", "skip"] = "fail",
        sample: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(job=job, vars=vars, store=store, **kwargs)
        self.shards = shards
        self.base = base
        self.max_usd = max_usd
        self.on_budget = on_budget
        self.sample = sample

    def execute(self, context: Context) -> dict[str, Any]:
        """Plans the job and returns the price."""
        with self._running(self.on_budget):
            found = plan(
                self.job,
                vars=self.vars,
                store=self.store,
                shards=self.shards,
                base=self.base,
                max_usd=self.max_usd,
                sample=self.sample,
            )
        self.log.info("%s pages to ask, expected cost USD %s", found.to_ask, found.cost_usd)
        return found.to_dict()


class DocmillMergeOperator(_Operator):
    """Merges the stores of shards and writes the outputs of the job. Sends nothing.

    :param job: Manifest of the job. (templated)
    :param vars: Values for ``${NAME}`` in the manifest. (templated)
    :param stores: The stores of the shards. (templated)
    :param store: The merged store. (templated)
    :param allow_missing: Merge although shards are missing.
    """

    template_fields: Sequence[str] = ("job", "vars", "store", "stores")

    def __init__(
        self,
        *,
        job: str,
        stores: Sequence[str],
        store: str,
        vars: Mapping[str, str] | None = None,
        allow_missing: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(job=job, vars=vars, store=store, **kwargs)
        self.stores = stores
        self.allow_missing = allow_missing

    def execute(self, context: Context) -> dict[str, Any]:
        """Merges, and returns what the shards did together."""
        assert self.store is not None
        with self._running():
            done = merge(self.job, self.stores, store=self.store, vars=self.vars, allow_missing=self.allow_missing)
        return done.to_dict()


class DocmillEvalOperator(_Operator):
    """A quality gate: fails without a retry when a threshold is not reached. Sends nothing.

    :param job: Manifest of the job. (templated)
    :param vars: Values for ``${NAME}`` in the manifest. (templated)
    :param store: File of the store; overrides the manifest. (templated)
    :param truth: File with true labels; without it, human answers in the store count. (templated)
    :param min_accuracy: Lowest lower bound of the accuracy: ``0.9``, or ``"kind=0.9"`` for one task.
    :param min_f1: Lowest lower bound of F1: ``0.8``, or ``"invoice=0.8"`` for one label.
    """

    template_fields: Sequence[str] = ("job", "vars", "store", "truth")

    def __init__(
        self,
        *,
        job: str,
        vars: Mapping[str, str] | None = None,
        store: str | None = None,
        truth: str | None = None,
        min_accuracy: str | float | Sequence[str] = (),
        min_f1: str | float | Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(job=job, vars=vars, store=store, **kwargs)
        self.truth = truth
        self.min_accuracy = min_accuracy
        self.min_f1 = min_f1

    def execute(self, context: Context) -> None:
        """Measures the answers."""
        with self._running():
            evaluate(
                self.job,
                truth=self.truth,
                min_accuracy=self.min_accuracy,
                min_f1=self.min_f1,
                vars=self.vars,
                store=self.store,
            )


def _reschedule(later: datetime.datetime) -> Exception:
    """What makes Airflow run the task again later, without a retry."""
    exception: Any = AirflowRescheduleException
    made: Exception = exception(later)
    return made


@contextmanager
def _judged(on_budget: str, batch_poll: float = 0.0) -> Iterator[None]:
    """Turns an error of docmill into what Airflow does about it."""
    try:
        yield
    except errors.BudgetReached as error:
        if on_budget == "skip":
            raise AirflowSkipException(str(error)) from error
        raise AirflowFailException(str(error)) from error
    except errors.BatchPending as error:
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=batch_poll)
        raise _reschedule(later) from error
    except errors.DocmillError as error:
        if error.is_retryable:
            raise AirflowException(str(error)) from error
        raise AirflowFailException(str(error)) from error


@contextmanager
def _logged(log: Any) -> Iterator[None]:
    """Sends docmill's log lines to the log of the task, independent of the levels of other libraries."""

    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            log.log(record.levelno, record.getMessage())

    handler = Forward()
    level, propagates = LOGGER.level, LOGGER.propagate
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(level)
        LOGGER.propagate = propagates
