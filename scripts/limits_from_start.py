#!/usr/bin/env python3
"""Measure how much of a rate limit whole runs use, startup included.

The simulator enforces the limit in a bucket of one second. The script prints the share of the
limit that was used between the start and the end of the process, and the attempts that were
throttled.

    python3 scripts/limits_from_start.py [PART OF A CASE'S NAME]
"""
import sys
import time
from lab import Lab

CASES = [
    # name, requests per minute, latency in ms, further options, limits in the manifest, pages
    (f"stated {rate}, {latency} ms{', no headers' if more else ''}", rate, latency, more, f"requests_per_minute: {rate}", 400)
    for rate in (600, 1200, 3000) for latency in (50, 200) for more in ([], ["--no-headers"])
] + [
    (f"learned {rate}, 200 ms, {limits or 'no limits'}{', no headers' if more else ''}", rate, 200, more, limits, 1200)
    for rate in (1200, 3000) for limits in ("", "concurrency: 256") for more in ([], ["--no-headers"])
]

only = sys.argv[1] if len(sys.argv) > 1 else ""
for name, rate, latency, more, limits, pages in CASES:
    if only not in name:
        continue
    lab = Lab()
    try:
        lab.simulate("--latency", f"{latency}ms", "--requests-per-minute", str(rate), "--bucket-seconds", "1", *more)
        lab.pages(pages)
        job = lab.job(f"limits: {{{limits}}}" if limits else "")
        began = time.monotonic()
        code, words = lab.run(job)
        passed = time.monotonic() - began
        stats = lab.stats()
        assert code == 0 and stats["answered"] == pages, (code, words, stats)
        used, refused = pages * 60 / passed / rate, stats["rate_limited"]
        print(f"{name}: {passed:.1f} s, {used:.1%} used, {refused} throttled ({refused / (pages + refused):.2%})", flush=True)
    finally:
        lab.end()
