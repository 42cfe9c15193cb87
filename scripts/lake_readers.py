#!/usr/bin/env python3
"""Reads the outputs of docmill as data lakes do: DuckDB, Polars and pyarrow.

Usage: lake_readers.py DOCMILL. Runs a job with the built-in simulator, first of all pages and then of
one more with --limit 0, and checks that every reader finds every row once: in one file, in partitions,
and beside `_SUCCESS`; and that nobody finds the rows of the partial run.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import duckdb
import polars
import pyarrow.dataset

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "sample_data" / "pages" / "mail").glob("*.jpg"))[:12]

JOB = """version: 1
name: lake
input: {{list: list.csv}}
provider: {{simulator: {{seed: 3}}, model: openai/gpt-4o-mini}}
tasks: {{kind: {{classify: {{labels: [invoice, letter, form], other: true}}}}}}
on_error: {{max_failed: 100%}}
output: {{parquet: lake/rows.parquet, success_marker: true{partitions}}}
store: state/store.db
"""

CUSTOMERS = ["a/b", "50 % = x", "größe", "", "C:\\d"]


def run(docmill, folder, *arguments):
    subprocess.run([docmill, "run", "job.yaml", "-q", *arguments], cwd=folder, check=True)


def write_list(folder, pages):
    lines = [f"{page},{CUSTOMERS[at % len(CUSTOMERS)]}" for at, page in enumerate(pages)]
    (folder / "list.csv").write_text("path,customer\n" + "\n".join(lines) + "\n", encoding="utf-8")


def readers(lake):
    """What each reader finds: a list of (path, customer)."""
    glob = f"{lake}/**/*.parquet"
    query = f"SELECT path, customer FROM read_parquet('{glob}', hive_partitioning = true, union_by_name = true)"
    yield "duckdb", duckdb.sql(query).fetchall()
    frame = polars.scan_parquet(glob, hive_partitioning=True).select("path", "customer").collect()
    yield "polars", frame.rows()
    # Of a folder, Polars reads everything that is not empty.
    frame = polars.scan_parquet(f"{lake}/", hive_partitioning=True).select("path", "customer").collect()
    yield "polars, folder", frame.rows()
    dataset = pyarrow.dataset.dataset(lake, format="parquet", partitioning="hive")
    table = dataset.to_table(columns=["path", "customer"])
    yield "pyarrow", [(row["path"], row["customer"]) for row in table.to_pylist()]


def main():
    docmill = pathlib.Path(sys.argv[1]).resolve()
    expected = {(str(page), CUSTOMERS[at % len(CUSTOMERS)] or None) for at, page in enumerate(PAGES)}
    for partitions in ["", ", partition_by: [customer]"]:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "job.yaml").write_text(JOB.format(partitions=partitions))
            write_list(folder, PAGES)
            run(docmill, folder)
            assert (folder / "lake" / "_SUCCESS").read_bytes() == b""
            for step in ["complete", "partial"]:
                if step == "partial":
                    # A new page, and a run that leaves it pending.
                    extra = folder / "extra.jpg"
                    shutil.copy(ROOT / "sample_data" / "pages" / "mail" / PAGES[0].name, extra)
                    extra.write_bytes(extra.read_bytes() + b"\0")
                    write_list(folder, [*PAGES, extra])
                    run(docmill, folder, "--limit", "0")
                    assert (folder / "state" / "partial").is_dir()
                for reader, rows in readers(folder / "lake"):
                    found = [(path, customer or None) for path, customer in rows]
                    what = f"{reader}, {step}{partitions}"
                    assert len(found) == len(set(found)) == len(expected), f"{what}: {len(found)} rows"
                    assert set(found) == expected, f"{what}: {sorted(set(found) ^ expected, key=str)}"
                    print(json.dumps({"reader": what, "rows": len(found)}, ensure_ascii=False))


if __name__ == "__main__":
    main()
