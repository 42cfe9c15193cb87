"""A whole night: price, approval, shards, merge, quality gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import TaskGroup

from docmill.airflow.operators import (
    DocmillEvalOperator,
    DocmillMergeOperator,
    DocmillOperator,
    DocmillPlanOperator,
)


def docmill_task_group(
    job: str,
    *,
    shards: int = 8,
    store_dir: str,
    group_id: str = "docmill",
    vars: Mapping[str, str] | None = None,
    max_usd: str | float | None = None,
    budget_usd: str | float | None = None,
    base: str | None = None,
    parallel: int | None = None,
    conn_id: str | None = None,
    approval: bool = False,
    truth: str | None = None,
    min_accuracy: str | float | Sequence[str] = (),
    min_f1: str | float | Sequence[str] = (),
    retries: int = 3,
    **shard_arguments: Any,
) -> TaskGroup:
    """Tasks that price a job, run it in shards, merge them and measure the answers.

    Args:
        job: Manifest of the job (templated).
        shards: Number of shards, and of mapped tasks.
        store_dir: Folder for the stores (templated): ``shard-00003-of-00008.db`` and ``merged.db``. Give each night its
            own folder, and ``base``. All tasks must see it, and SQLite needs a disk whose locks work: workers
            on several machines need another way to bring the stores together.
        group_id: Name of the group.
        vars: Values for ``${NAME}`` in the manifest (templated).
        max_usd: Maximum expected cost in US dollars: above it, the group fails before anything is sent.
        budget_usd: Maximum spend of all shards together, in US dollars; each shard gets an equal part.
        base: Merged store of an earlier night, which supplies answers (templated).
        parallel: Among how many shards at a time the configured rates are divided (default: all). Set
            ``max_active_tis_per_dagrun`` to the same number.
        conn_id: Connection whose password is the key of the provider.
        approval: Ask a person to approve the price, with Airflow's ApprovalOperator (Airflow 3.1 or newer with the
            standard provider).
        truth: File with true labels (templated), for the quality gate.
        min_accuracy: Thresholds of the gate; without ``min_accuracy`` and ``min_f1`` there is none.
        min_f1: Thresholds of the gate.
        retries: Retries of a shard.
        shard_arguments: Further arguments of the mapped ``DocmillOperator``, such as ``pool`` or ``queue``.

    Returns:
        The group, whose last task is ``merge`` or ``gate``.

    Raises:
        ImportError: ``approval`` is asked for, and this Airflow has no ApprovalOperator.
    """
    if shards < 1:
        raise ValueError("shards must be at least 1")
    folder = PurePosixPath(store_dir)
    stores = [str(folder / f"shard-{at:05}-of-{shards:05}.db") for at in range(shards)]
    merged = str(folder / "merged.db")
    with TaskGroup(group_id=group_id) as group:
        price = DocmillPlanOperator(
            task_id="plan", job=job, vars=vars, store=merged, shards=shards, base=base, max_usd=max_usd
        )
        run = DocmillOperator.partial(
            task_id="run",
            job=job,
            vars=vars,
            budget_usd=budget_usd,
            base=base,
            parallel=parallel,
            conn_id=conn_id,
            retries=retries,
            **shard_arguments,
        ).expand_kwargs([{"shard": f"{at}/{shards}", "store": store} for at, store in enumerate(stores)])
        merge = DocmillMergeOperator(task_id="merge", job=job, vars=vars, stores=stores, store=merged)
        if approval:
            price >> _approval(price.task_id) >> run >> merge
        else:
            price >> run >> merge
        if min_accuracy or min_f1:
            merge >> DocmillEvalOperator(
                task_id="gate",
                job=job,
                vars=vars,
                store=merged,
                truth=truth,
                min_accuracy=min_accuracy,
                min_f1=min_f1,
            )
    return group


def _approval(plan: str) -> Any:
    """Asks a person whether the price is right, which the task with the id ``plan`` has found."""
    try:
        from airflow.providers.standard.operators.hitl import ApprovalOperator
    except ImportError as error:
        raise ImportError(
            "approval needs apache-airflow-providers-standard", name=error.name
        ) from error
    price = f"ti.xcom_pull(task_ids='{plan}')"
    return ApprovalOperator(
        task_id="approve",
        subject="Run docmill for USD {{ %s['cost_usd'] }}?" % price,
        body="{{ %s['to_ask'] }} pages, at most USD {{ %s['cost_high_usd'] }}." % (price, price),
    )
