#!/usr/bin/env python3
"""Compare rows with expected labels: accuracy.py ROWS.csv LABELS.csv

Prints the accuracy of each task in LABELS.csv, and the pages that differ. Exits with 1 if any
accuracy is below 0.85.
"""
import csv
import json
import sys


def load(path):
    with open(path, newline="", encoding="utf-8") as file:
        return {(row["path"], row["page"]): row for row in csv.DictReader(file)}


def main():
    rows, truth = load(sys.argv[1]), load(sys.argv[2])
    tasks = [name for name in next(iter(truth.values())) if name not in ("path", "page")]
    worst = 1.0
    for task in tasks:
        wrong = []
        for key, expected in truth.items():
            got = rows.get(key, {}).get(task, "")
            same = got == expected[task]
            if expected[task].startswith("["):
                same = got != "" and sorted(json.loads(got)) == sorted(json.loads(expected[task]))
            if not same:
                wrong.append(f"  {key[0]}: expected {expected[task]}, got {got or 'nothing'}")
        accuracy = 1 - len(wrong) / len(truth)
        worst = min(worst, accuracy)
        print(f"{task}: {accuracy:.3f} of {len(truth)}")
        print("\n".join(wrong), end="\n" if wrong else "")
    return 0 if worst >= 0.85 else 1


if __name__ == "__main__":
    sys.exit(main())
