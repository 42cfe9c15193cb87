"""The rows of a job, as ``docmill export --parquet`` writes them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from docmill._process import Child
from docmill._values import Seconds, StrPath, job_arguments, option, seconds

if TYPE_CHECKING:
    import pandas
    import pyarrow


@overload
def rows(
    job: StrPath,
    *,
    format: Literal["arrow"] = "arrow",
    vars: Mapping[str, object] | None = None,
    store: StrPath | None = None,
    where: str | None = None,
    model_only: bool = False,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
) -> pyarrow.Table: ...


@overload
def rows(
    job: StrPath,
    *,
    format: Literal["pandas"],
    vars: Mapping[str, object] | None = None,
    store: StrPath | None = None,
    where: str | None = None,
    model_only: bool = False,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
) -> pandas.DataFrame: ...


def rows(
    job: StrPath,
    *,
    format: Literal["arrow", "pandas"] = "arrow",
    vars: Mapping[str, object] | None = None,
    store: StrPath | None = None,
    where: str | None = None,
    model_only: bool = False,
    env: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
) -> Any:
    """The rows of a job from its store, one for each page (docs/rows.md). Sends nothing.

    All of them are in memory. For millions of rows read the files of the outputs instead.

    Args:
        job: Manifest of the job.
        format: ``"arrow"`` for a ``pyarrow.Table``, ``"pandas"`` for a ``pandas.DataFrame``.
        vars: Values for ``${NAME}`` in the manifest.
        store: File of the store; overrides the manifest.
        where: Only pages whose rows match, such as ``kind = "invoice" and cost_usd > 0.01`` (docs/select.md).
        model_only: The model's answers, even where a human answer exists.
        env: Further environment variables.
        timeout: Seconds, or a timedelta, after which docmill is stopped.

    Raises:
        ImportError: pyarrow or pandas is not installed.
        ValueError: There is no such format.
        docmill.errors.DocmillError: The rows could not be read, for example because there was no run yet.
        FileNotFoundError: The program is not installed.
    """
    if format not in ("arrow", "pandas"):
        raise ValueError(f"there is no format {format!r}: use 'arrow' or 'pandas'")
    try:
        import pyarrow.parquet

        if format == "pandas":
            import pandas  # noqa: F401
    except ImportError as error:
        extra = "pandas" if format == "pandas" else "rows"
        raise ImportError(f"docmill.rows needs {error.name}: pip install 'docmill[{extra}]'", name=error.name) from error
    with tempfile.TemporaryDirectory(prefix="docmill-") as folder:
        file = Path(folder) / "rows.parquet"
        arguments = ["export", *job_arguments(job, vars, store), "--parquet", str(file)]
        if where is not None:
            arguments.append(option("--where", where))
        if model_only:
            arguments.append("--model-only")
        ended = Child(arguments, env=env).execute(None if timeout is None else seconds(timeout))
        if ended.code != 0 or not file.exists():
            raise ended.error()
        # Not mapped: the file is gone afterwards.
        table = pyarrow.parquet.read_table(file, memory_map=False)
    return table.to_pandas() if format == "pandas" else table
