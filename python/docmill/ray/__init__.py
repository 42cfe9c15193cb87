"""Shards of a job as tasks of a Ray cluster: ``pip install 'docmill[ray]'``.

>>> import docmill.ray
>>> summary = docmill.ray.run("/shared/job.yaml", shards=16, store_dir="/shared/stores")  # doctest: +SKIP
>>> summary.pages.ok, summary.retries, summary.lost_answers                               # doctest: +SKIP
(120400, 1, 312)
"""

from docmill.ray._attempt import Timing
from docmill.ray._run import run
from docmill.ray._summary import RayRunSummary

__all__ = ["RayRunSummary", "Timing", "run"]
