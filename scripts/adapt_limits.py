#!/usr/bin/env python3
"""Measure how docmill adapts to rate limits that the manifest does not state.

The simulator enforces the limits. The script prints the share of the limit that was used, the
share of attempts that were throttled, and the pages of each process.

    python3 scripts/adapt_limits.py [SECONDS] [PART OF A CASE'S NAME]

Each case has SECONDS (default 60) of warm-up and SECONDS of measurement.
"""
import json
import subprocess
import sys
import time
from lab import Lab

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
CASES = [
    # name, options, limit in pages per minute, processes
    ("600 requests, 1 s bucket", ["--requests-per-minute", "600", "--bucket-seconds", "1"], 600, 1),
    ("600 requests, 60 s bucket", ["--requests-per-minute", "600"], 600, 1),
    ("600 requests, no headers", ["--requests-per-minute", "600", "--bucket-seconds", "1", "--no-headers"], 600, 1),
    ("6M tokens, 60 s bucket", ["--tokens-per-minute", "6000000"], None, 1),
    ("600 requests, 1 s bucket", ["--requests-per-minute", "600", "--bucket-seconds", "1"], 600, 4),
    ("600 requests, 60 s bucket", ["--requests-per-minute", "600"], 600, 4),
    ("6M tokens, 60 s bucket", ["--tokens-per-minute", "6000000"], None, 4),
]


def case(name, options, allowance, processes, change=None):
    lab = Lab()
    try:
        steps = [option for step in (change or []) for option in ("--limit-step", step)]
        lab.simulate("--latency", "200ms", *options, *steps)
        children = []
        for number in range(processes):
            lab.pages(6000, number * 6000)
        for number in range(processes):
            include = ", include: [" + ", ".join(f'"{folder:04}/**"' for folder in range(number * 6, number * 6 + 6)) + "]"
            children.append(lab.start(lab.job("on_error: {stop_after: 0}", f"job{number}", "pages" + include, f"out{number}"), stderr=subprocess.DEVNULL))
        # A full one-minute bucket is used up first.
        time.sleep(SECONDS + (60 if "60 s" in name else 0))
        windows, before = [], lab.stats()
        for _ in range(3 if change else 1):
            began = time.monotonic()
            time.sleep(SECONDS)
            after, passed = lab.stats(), time.monotonic() - began
            answered, refused = after["answered"] - before["answered"], after["rate_limited"] - before["rate_limited"]
            tokens = after["tokens"]["input"] - before["tokens"]["input"]
            windows.append((answered * 60 / passed, refused / max(1, answered + refused), tokens / max(1, answered)))
            before = after
        for child in children:
            child.terminate()
        for child in children:
            child.wait()
        counts = [json.loads((lab.folder / f"out{number}.report.json").read_text())["pages"]["ok"] for number in range(processes)]
        for rate, refused, tokens in windows:
            share = rate / allowance if allowance else rate * (tokens + 100) / 6_000_000
            print(f"{name}, {processes} processes: {rate:.0f} per minute, {share:.1%} used, {refused:.2%} throttled, pages by process {counts}", flush=True)
    finally:
        lab.end()


only = sys.argv[2] if len(sys.argv) > 2 else ""
for one in CASES:
    if only in f"{one[0]}, {one[3]}":
        case(*one)
# The limit is halved after the first window and doubled after the second, back to its first value.
for name, options in [("1200 requests, 1 s bucket, halved and doubled", ["--requests-per-minute", "1200", "--bucket-seconds", "1"]),
                      ("1200 requests, no headers, halved and doubled", ["--requests-per-minute", "1200", "--bucket-seconds", "1", "--no-headers"])]:
    # The second and third window begin with a change, so they include the time that docmill
    # needs to adapt.
    if only in name:
        case(name, options, 1200, 1, [f"{2 * SECONDS}s=50%", f"{3 * SECONDS}s=100%"])
