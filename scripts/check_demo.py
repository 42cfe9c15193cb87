#!/usr/bin/env python3
"""Check the outputs of the demo: check_demo.py first|second

Checks rows, statuses and sums, and that CSV and JSON Lines agree. `second` also checks that the
second run sent nothing. With pyarrow a second implementation reads the Parquet file;
tests/it/output/demo.rs always reads it.
"""
import csv
import json
import os
import sys
from decimal import Decimal


def main():
    with open("out/demo.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open("out/demo.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    with open("out/demo.report.json", encoding="utf-8") as file:
        report = json.load(file)
    assert len(rows) == len(lines) == report["pages"]["total"] >= 48, len(rows)
    failed = [row for row in rows if row["status"] != "ok"]
    assert [row["path"] for row in failed] == ["mail/damaged.jpg"], failed
    assert not any(row["path"].endswith(".txt") for row in rows)
    assert [row["path"].encode() for row in rows] == sorted(row["path"].encode() for row in rows)
    for row, line in zip(rows, lines):
        for name, cell in row.items():
            value = line[name]
            if isinstance(value, (list, bool)):
                assert json.loads(cell) == value, (name, cell, value)
            else:
                assert cell == ("" if value is None else str(value)), (name, cell, value)
    cost = sum(Decimal(row["cost_usd"]) for row in rows)
    assert cost > 0 and sum(int(row["input_tokens"]) for row in rows) > 0
    if sys.argv[1] == "first":
        assert cost == Decimal(report["cost"]["total_usd"]), (cost, report["cost"])
        assert report["attempts"]["sent"] == report["pages"]["asked"] == 51, report["attempts"]
    else:
        assert report["attempts"]["sent"] == 0 and report["pages"]["asked"] == 0, report["attempts"]
        assert cost == Decimal(report["cost"]["saved_by_store_usd"]) - duplicates(rows, lines)
    parquet(rows)
    print(f"demo ({sys.argv[1]} run): {len(rows)} rows are correct, USD {cost}")


def duplicates(rows, lines):
    """Cost that duplicates would have caused."""
    by_path = {row["path"]: Decimal(row["cost_usd"]) for row in rows}
    return sum(by_path[line["duplicate_of"]] for line in lines if line["duplicate_of"])


def skip(dependency, check):
    """As tests/it/harness/skip.rs does it."""
    print(f"skipped: {check} needs {dependency}")
    if log := os.environ.get("DOCMILL_SKIP_LOG"):
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{dependency}: {check}\n")


def parquet(rows):
    try:
        import pyarrow.parquet
    except ImportError:
        return skip("pyarrow", "scripts/check_demo.py")
    table = pyarrow.parquet.read_table("out/demo.parquet")
    assert [row["path"] for row in rows] == table.column("path").to_pylist()
    assert [row["kind"] or None for row in rows] == table.column("kind").to_pylist()
    assert [Decimal(row["cost_usd"]) for row in rows] == table.column("cost_usd").to_pylist()
    assert [json.loads(row["features"] or "null") for row in rows] == table.column("features").to_pylist()


if __name__ == "__main__":
    main()
