"""Label folders of document images with a vision model, in bulk.

This package runs the program ``docmill``, which is part of it, and reads its JSON and Parquet. It has no logic of
its own: what a job does is in its manifest, and what a run did is in its store.

>>> import docmill
>>> summary = docmill.run("job.yaml", vars={"date": "2026-11-23"}, budget_usd="5")  # doctest: +SKIP
>>> summary.pages.ok, summary.cost_usd                                              # doctest: +SKIP
(1204, Decimal('10.4832'))
>>> frame = docmill.rows("job.yaml", vars={"date": "2026-11-23"}).to_pandas()       # doctest: +SKIP
"""

from docmill import errors
from docmill._eval import evaluate
from docmill._merge import merge
from docmill._plan import Plan, ShardPlan, plan
from docmill._program import find_program
from docmill._progress import Progress
from docmill._rows import rows
from docmill._run import run
from docmill._summary import OutputFile, PageCounts, RunSummary, TokenCounts

__all__ = [
    "OutputFile",
    "PageCounts",
    "Plan",
    "Progress",
    "RunSummary",
    "ShardPlan",
    "TokenCounts",
    "errors",
    "evaluate",
    "find_program",
    "merge",
    "plan",
    "rows",
    "run",
]
