"""What a command of docmill can end with: one class for each exit code.

All of them have ``exit_code``, ``is_retryable`` (the same command, without a change, may succeed), ``hint`` (what to
do about it), ``outcome`` (the word for it in reports) and ``summary`` (of a run that got far enough to have one).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from docmill._plan import Plan
    from docmill._summary import RunSummary

__all__ = [
    "BatchPending",
    "BudgetReached",
    "DeadlineReached",
    "DocmillError",
    "FailedPages",
    "InternalError",
    "Interrupted",
    "ManifestError",
    "ProviderRefused",
    "ProviderUnavailable",
    "QualityGate",
    "StorageError",
    "TimedOut",
    "error_class",
]


class DocmillError(Exception):
    """A command of docmill did not succeed.

    Attributes:
        message: What went wrong: a lower-case fragment.
        hint: What to do about it, if docmill knows.
        exit_code: The exit code of the program; 128 and the number of the signal, if a signal ended it.
        is_retryable: Whether the same command, without a change, may succeed. It continues where it stopped and
            pays for nothing twice.
        outcome: The word for it in reports, such as ``budget_reached``; None for commands other than a run.
        summary: What the run did until then; None if it did not get that far.
        plan: What ``docmill.plan`` found, if its cost was too high.
    """

    exit_code: int = 1
    is_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        exit_code: int | None = None,
        outcome: str | None = None,
        summary: RunSummary | None = None,
        plan: Plan | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.outcome = outcome
        self.summary = summary
        self.plan = plan
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[type[DocmillError], tuple[str], dict[str, object]]:
        # Schedulers send exceptions from one process to another.
        return type(self), (self.message,), dict(self.__dict__)


class InternalError(DocmillError):
    """Exit code 1: a defect of docmill."""

    exit_code = 1


class ManifestError(DocmillError):
    """Exit code 2: the arguments, the manifest or the input are wrong."""

    exit_code = 2


class FailedPages(DocmillError):
    """Exit code 3: more pages failed than ``on_error.max_failed`` allows, or there were none."""

    exit_code = 3


class BudgetReached(DocmillError):
    """Exit code 4: the budget is used up, a bill was unexpected, or a plan costs more than allowed."""

    exit_code = 4


class ProviderRefused(DocmillError):
    """Exit code 5: a wrong key, no credit, an unknown model."""

    exit_code = 5


class ProviderUnavailable(DocmillError):
    """Exit code 6: the provider was unavailable for longer than ``retry.max_wait``."""

    exit_code = 6
    is_retryable = True


class QualityGate(DocmillError):
    """Exit code 7: a quality gate of ``docmill eval`` failed."""

    exit_code = 7


class StorageError(DocmillError):
    """Exit code 8: the store or an output could not be read or written."""

    exit_code = 8
    is_retryable = True


class DeadlineReached(DocmillError):
    """Exit code 9: ``limits.run_time`` was reached, or files could not be read."""

    exit_code = 9
    is_retryable = True


class BatchPending(DocmillError):
    """Exit code 10: a run with ``once`` has left batches in progress; call again later."""

    exit_code = 10
    is_retryable = True


class Interrupted(DocmillError):
    """Exit codes 130 and 143, and 128 and the number of any other signal: docmill was stopped or killed."""

    exit_code = 143
    is_retryable = True


class TimedOut(Interrupted, TimeoutError):
    """The ``timeout`` of the call was over, so docmill was stopped. What it had received is stored."""


_CLASSES: tuple[type[DocmillError], ...] = (
    InternalError,
    ManifestError,
    FailedPages,
    BudgetReached,
    ProviderRefused,
    ProviderUnavailable,
    QualityGate,
    StorageError,
    DeadlineReached,
    BatchPending,
)


def error_class(exit_code: int) -> type[DocmillError]:
    """The class for an exit code other than 0."""
    for known in _CLASSES:
        if known.exit_code == exit_code:
            return known
    # A shell reports a signal so; no other exit codes exist.
    return Interrupted if exit_code > 128 else InternalError
