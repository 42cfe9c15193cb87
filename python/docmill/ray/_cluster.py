"""Everything that is Ray: the keeper as an actor, shards as tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from docmill.errors import DocmillError, InternalError, Interrupted
from docmill.ray._attempt import Attempt, ShardEnd, ShardRun
from docmill.ray._keeper import Keeper, Report, ShardState, Ticket
from docmill.ray._lease import KeeperGone

_NAMESPACE = "docmill"
_BEGIN_SECONDS = 60.0
"""How long a task waits for its ticket."""
_REPLY_SECONDS = 10.0
"""How long a worker waits for a renewal before it asks again. Several of them fit into the time of a lease."""


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ImportError("docmill.ray needs Ray: pip install 'docmill[ray]'", name="ray") from error
    return ray


class Cluster:
    """The cluster that this process is connected to, and what runs there for one call."""

    def __init__(self, folder: Path) -> None:
        """``folder``: the one that the call uses, alone in the cluster."""
        self._ray = _ray()
        self._folder = folder
        self._keeper: Any = None
        self._runs: Sequence[ShardRun] = ()
        self._tasks: list[Any] = []

    def __enter__(self) -> Cluster:
        if not self._ray.is_initialized():
            self._ray.init(address="auto")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._keeper is not None:
            self._ray.kill(self._keeper)

    def start_keeper(
        self, first_attempts: Sequence[int], lease_seconds: float, is_taken_over: bool, api_key: str | None
    ) -> None:
        """Starts the keeper on the node of this process: the run ends with it anyhow."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = self._ray.get_runtime_context().get_node_id()
        options = {
            "name": f"keeper of {self._folder}",
            "namespace": _NAMESPACE,
            "num_cpus": 0,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(here, soft=False),
        }
        try:
            keeper = self._ray.remote(Keeper).options(**options)
            self._keeper = keeper.remote(list(first_attempts), lease_seconds, is_taken_over)
        except ValueError as error:
            raise ValueError(f"another run uses {self._folder}") from error
        if api_key is not None:
            # What an actor is made with, Ray keeps.
            self._ray.get(self._keeper.set_api_key.remote(api_key))

    def start_tasks(self, runs: Sequence[ShardRun], resources: Mapping[str, float], retries: int) -> None:
        """Starts a task for each shard. Ray begins it again, up to ``retries`` times, when its node is lost or docmill
        was stopped."""
        task = self._ray.remote(_run_shard)
        options = {
            **_options(resources),
            "max_retries": retries,
            "retry_exceptions": [Interrupted],
            "scheduling_strategy": "SPREAD",
        }
        self._runs = runs
        for run in runs:
            self._tasks.append(task.options(**options, name=f"docmill {run.name}").remote(run, self._keeper))

    def wait(self, seconds: float) -> bool:
        """Waits until all tasks have ended; whether some have not."""
        return bool(self._ray.wait(self._tasks, num_returns=len(self._tasks), timeout=seconds)[1])

    def states(self) -> list[ShardState]:
        """How far the shards are."""
        try:
            states: list[ShardState] = self._ray.get(self._keeper.states.remote())
        except self._ray.exceptions.RayActorError as error:
            raise InternalError("the process that gives leases to the shards has died") from error
        return states

    def cancel(self, seconds: float) -> None:
        """Stops the tasks, and waits so long until they have ended."""
        for task in self._tasks:
            self._ray.cancel(task, force=False)
        if self._tasks:
            self.wait(seconds)

    def has_ended(self) -> bool:
        """Whether no task is running."""
        return not self._tasks or not self.wait(0)

    def ends(self) -> list[ShardEnd | DocmillError]:
        """How the shards have ended; an error: the last attempt was lost, or could not copy its store."""
        exceptions = self._ray.exceptions
        found: list[ShardEnd | DocmillError] = []
        for run, task in zip(self._runs, self._tasks):
            try:
                found.append(self._ray.get(task))
            except exceptions.RayTaskError as error:
                if not isinstance(error.cause, DocmillError):
                    raise
                found.append(error.cause)
            except exceptions.RayError as error:
                reason = str(error).strip().split("\n")[0]
                found.append(Interrupted(f"shard {run.name}: its worker was lost: {reason}"))
        return found


def _options(resources: Mapping[str, float]) -> dict[str, Any]:
    """Resources as options of a task."""
    options: dict[str, Any] = {"num_cpus": 0}
    named = {"CPU": "num_cpus", "GPU": "num_gpus", "memory": "memory"}
    options |= {named[name]: amount for name, amount in resources.items() if name in named}
    options["resources"] = {name: amount for name, amount in resources.items() if name not in named}
    return options


def _run_shard(run: ShardRun, keeper: Any) -> ShardEnd:
    """The task of a shard."""
    return Attempt(run, _RemoteKeeper(keeper, run.shard)).execute()


class _RemoteKeeper:
    """The keeper, from a task."""

    def __init__(self, keeper: Any, shard: int) -> None:
        self._keeper = keeper
        self._shard = shard

    def begin(self) -> Ticket:
        """Begins an attempt."""
        ticket: Ticket = self._ask(self._keeper.begin.remote(self._shard), _BEGIN_SECONDS)
        return ticket

    def renew(self, attempt: int, report: Report) -> float | None:
        """Renews its lease."""
        wait: float | None = self._ask(self._keeper.renew.remote(self._shard, attempt, report), _REPLY_SECONDS)
        return wait

    def end(self, attempt: int, report: Report) -> None:
        """Ends it."""
        self._ask(self._keeper.end.remote(self._shard, attempt, report), _REPLY_SECONDS)

    def _ask(self, reply: Any, timeout: float) -> Any:
        ray = _ray()
        try:
            return ray.get(reply, timeout=timeout)
        except (ray.exceptions.GetTimeoutError, ray.exceptions.ActorUnavailableError) as error:
            raise TimeoutError("no answer") from error
        except ray.exceptions.RayActorError as error:
            raise KeeperGone from error
