#!/usr/bin/env python3
"""Run all fuzz targets, two at a time, each for a given CPU time, and print the totals.

    cd fuzz && cargo +nightly fuzz build --release --sanitizer none && cd ..
    python3 scripts/fuzz.py [CPU-SECONDS-EACH] [FOLDER]

FOLDER receives the inputs that increased coverage and those that made a target fail.
"""
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EACH = float(sys.argv[1]) if len(sys.argv) > 1 else 520
FOLDER = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "/tmp/docmill-fuzz")
TARGETS = ["manifest", "reply", "stream", "error_body", "limit_headers", "image_header", "list"]


def cpu_seconds(pid):
    """User and system time of the process so far (proc(5))."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(target):
    found = FOLDER / target
    found.mkdir(parents=True, exist_ok=True)
    program = ROOT / "fuzz/target/x86_64-unknown-linux-gnu/release" / target
    command = [program, "-rss_limit_mb=2048", "-timeout=10", "-max_len=16384", f"-artifact_prefix={FOLDER}/", found, ROOT / "fuzz/corpus" / target]
    log = FOLDER / f"{target}.log"
    with open(log, "w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
        used = 0.0
        while process.poll() is None and used < EACH:
            time.sleep(1)
            if process.poll() is None:
                used = cpu_seconds(process.pid)
        failed = process.poll() is not None
        if not failed:
            process.send_signal(signal.SIGINT)
        process.wait()
    counts = re.findall(r"^#(\d+)\s", log.read_text(errors="replace"), re.M)
    line = f"{target}: {used:.0f} s of CPU, {int(counts[-1]) if counts else 0} inputs, {'FAILED' if failed else 'no findings'}"
    print(line, flush=True)
    return used, int(counts[-1]) if counts else 0, failed


with concurrent.futures.ThreadPoolExecutor(2) as pool:
    results = list(pool.map(run, TARGETS))
print(f"{sum(used for used, _, _ in results) / 60:.1f} CPU-minutes, at least {sum(count for _, count, _ in results)} inputs, {sum(failed for *_, failed in results)} findings")
sys.exit(any(failed for *_, failed in results))
