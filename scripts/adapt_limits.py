#!/usr/bin/env python3
"""Measure how docmill adapts to rate limits that the manifest does not state.

The simulator enforces the limits. The script prints the share of the limit that was used, the
share of attempts that were throttled, and the pages of each process.

    python3 scripts/adapt_limits.py [SECONDS] [PART OF A CASE'S NAME] [--shards N]

Each case has SECONDS (default 60) of warm-up and SECONDS of measurement. With --shards, N shards of one job start
together, and what is measured begins with their start; a full bucket is part of what they may use.
"""
import argparse
import json
import subprocess
import time
from lab import Lab

parser = argparse.ArgumentParser()
parser.add_argument("seconds", type=int, nargs="?", default=60)
parser.add_argument("only", nargs="?", default="")
parser.add_argument("--shards", type=int)
arguments = parser.parse_args()
SECONDS = arguments.seconds
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


def shards(rate, bucket_seconds, count):
    """Shards of one job from their start on, and the part after the first half."""
    lab = Lab()
    try:
        lab.simulate("--latency", "200ms", "--requests-per-minute", str(rate), "--bucket-seconds", str(bucket_seconds))
        bucket = rate * bucket_seconds / 60
        lab.pages(int(bucket + rate * SECONDS / 60 * 1.5) + 10 * count)
        job = lab.job("on_error: {stop_after: 0}")
        children = [lab.start(job, "--shard", f"{number}/{count}", stderr=subprocess.DEVNULL) for number in range(count)]
        began = time.monotonic()
        while lab.stats()["answered"] == 0:
            time.sleep(0.05)
        first = time.monotonic() - began
        time.sleep(SECONDS / 2)
        half, half_passed = lab.stats(), time.monotonic() - began - first
        time.sleep(SECONDS / 2)
        whole, passed = lab.stats(), time.monotonic() - began - first
        for child in children:
            child.terminate()
        for child in children:
            child.wait()
        pages = [json.loads((lab.folder / f"out.report-{number:05}-of-{count:05}.json").read_text())["pages"]["ok"] for number in range(count)]
        answered, refused = whole["answered"], whole["rate_limited"]
        later = (answered - half["answered"]) / (passed - half_passed) * 60 / rate
        print(
            f"{rate} requests, {bucket_seconds} s bucket, {count} shards: {answered} answered in {passed:.0f} s, "
            f"{answered / (bucket + rate * passed / 60):.1%} used, {refused} throttled ({refused / max(1, answered + refused):.2%}), "
            f"in the second half {later:.1%} used and {whole['rate_limited'] - half['rate_limited']} throttled, "
            f"pages by shard {min(pages)} to {max(pages)}, first reply after {first:.1f} s", flush=True)
    finally:
        lab.end()


if arguments.shards:
    for rate, bucket_seconds in [(1200, 1), (1200, 60), (600, 1), (3000, 1)]:
        if arguments.only in f"{rate} requests, {bucket_seconds} s bucket":
            shards(rate, bucket_seconds, arguments.shards)
    raise SystemExit
only = arguments.only
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
