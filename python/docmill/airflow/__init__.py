"""Operators for Apache Airflow 3: ``pip install 'docmill[airflow]'``.

``DocmillOperator`` runs a job or one shard of it, ``DocmillPlanOperator`` prices it, ``docmill_task_group`` does the
whole night: price, approval, shards, merge, quality gate.
"""

try:
    import airflow.sdk  # noqa: F401
except ImportError as error:
    raise ImportError("docmill.airflow needs Airflow 3: pip install 'docmill[airflow]'", name="airflow") from error

from docmill.airflow.operators import (
    DocmillEvalOperator,
    DocmillMergeOperator,
    DocmillOperator,
    DocmillPlanOperator,
)
from docmill.airflow.task_group import docmill_task_group

__all__ = [
    "DocmillEvalOperator",
    "DocmillMergeOperator",
    "DocmillOperator",
    "DocmillPlanOperator",
    "docmill_task_group",
]
