#!/usr/bin/env python3
"""Measure a long run every ten seconds: memory, handles and store growth after warm-up.

    python3 scripts/soak.py [MINUTES] [PAGES]
"""
import os
import signal
import sys
import time
from lab import Lab, handles, memory_mb

minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20
count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
lab = Lab()
try:
    lab.pages(count)
    lab.simulate("--latency", "5ms")
    lab.job("limits: {concurrency: 32}\non_error: {stop_after: 0}")
    process, began, seen = lab.start(), time.monotonic(), []
    while time.monotonic() - began < minutes * 60 and process.poll() is None:
        time.sleep(10)
        if process.poll() is None:
            answered = lab.stats()["answered"]
            size = sum(os.path.getsize(lab.folder / name) for name in os.listdir(lab.folder) if name.startswith("store.db"))
            log = os.path.getsize(lab.folder / "store.db-wal")
            seen.append((time.monotonic() - began, answered, memory_mb(process.pid), handles(process.pid), size / 1e6, log / 1e6))
            print("%6.0f s %9d answered %7.1f MB %4d handles %8.1f MB store (%5.1f MB log)" % seen[-1], flush=True)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    print("exit", process.wait())
    warm = [line for line in seen if line[0] > 120] or seen
    half = len(warm) // 2
    for name, at in (("memory MB", 2), ("handles", 3), ("log MB", 5)):
        first, last = [line[at] for line in warm[:half]], [line[at] for line in warm[half:]]
        print(f"{name}: mean of the first half {sum(first) / len(first):.1f}, of the second {sum(last) / len(last):.1f}, maximum {max(first + last):.1f}")
    bytes_a_page = [(b[4] - a[4]) * 1e6 / max(b[1] - a[1], 1) for a, b in zip(warm[::12], warm[12::12])]
    print("store bytes per request, every two minutes:", " ".join(f"{size:.0f}" for size in bytes_a_page))
finally:
    lab.end()
