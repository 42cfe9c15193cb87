#!/usr/bin/env python3
"""Measure the merge of shards with many answered pages: CPU, memory and size by the number of pages.

The stores are filled as runs would have done; there are no files behind the pages, and the merge needs none.

    python3 scripts/merge_many.py [--shards 16] [--outputs] [--no-rows] [PAGES ...]
"""
import argparse
import hashlib
import os
import re
import sqlite3
import subprocess
import time
from lab import Lab, PROGRAM

parser = argparse.ArgumentParser()
parser.add_argument("pages", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
parser.add_argument("--shards", type=int, default=16)
parser.add_argument("--outputs", action="store_true", help="also write CSV, Parquet and JSON Lines")
parser.add_argument("--no-rows", action="store_true", help="end when the stores are merged")
arguments = parser.parse_args()


def fill(path, shard, count):
    """Gives a store that has really run `count` more pages with the answers of its first one."""
    db = sqlite3.connect(path)
    one = lambda query: db.execute(query).fetchone()
    job, settled = one("SELECT job_id, settled_set FROM entries LIMIT 1")
    run, members = one("SELECT id, set_id FROM runs")
    values = db.execute("SELECT recipe_id, value, revision FROM answers WHERE page_id = (SELECT min(page_id) FROM answers)").fetchall()
    budget, = one("SELECT id FROM budget")
    page, request, attempt, sequence = (one(f"SELECT max({column}) FROM {table}")[0] for table, column in [
        ("pages", "id"), ("requests", "id"), ("attempts", "id"), ("attempts", "sequence")])
    decoder, = one("SELECT decoder FROM pages LIMIT 1")
    numbers = range(1, count + 1)
    content = lambda at: hashlib.sha256(b"%d %d" % (shard, at)).digest()
    rows = lambda text, make: db.executemany(f"INSERT INTO {text}", (make(at) for at in numbers))
    rows("pages (id, content, page, decoder) VALUES (?, ?, 1, ?)", lambda at: (page + at, content(at), decoder))
    rows("entries (job_id, line, path, size, mtime, ctime, inode, content, page_count, settled_set, decoder) VALUES (?, 0, ?, 80000, 1, 1, ?, ?, 1, ?, ?)",
         lambda at: (job, b"many/%02d/%08d.jpg" % (shard, at), at, content(at), settled, decoder))
    rows("requests (id, run_id, page_id, set_id) VALUES (?, ?, ?, ?)", lambda at: (request + at, run, page + at, members))
    rows("attempts (id, request_id, run_id, state, budget_id, reserved, input_tokens, cached_input_tokens, output_tokens, usage_source, cost, verdict, http_status, "
         "latency_ms, opened_at, settled_at, sequence) VALUES (?, ?, ?, 'settled', ?, 0, 8700, 0, 20, 'reported', 3512000000, 'done', 200, 900, 1795000000000, 1795000000900, ?)",
         lambda at: (attempt + at, request + at, run, budget, sequence + at))
    for recipe, value, revision in values:
        rows("answers (page_id, recipe_id, sample, status, value, passing, runs, request_id, at, revision) VALUES (?, ?, 0, 'ok', ?, 0, 1, ?, 1795000000900, ?)",
             lambda at: (page + at, recipe, value, request + at, revision))
    db.execute("UPDATE budget SET spent = spent + ?", [3512000000 * count])
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def merges(path):
    """How many stores are merged."""
    try:
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("SELECT count(*) FROM merges").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def used(pid):
    """CPU in seconds and peak memory in MB of a process so far."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    status = open(f"/proc/{pid}/status").read()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def size(path):
    return sum(os.path.getsize(f"{path}{suffix}") for suffix in ("", "-wal") if os.path.exists(f"{path}{suffix}"))


for count in arguments.pages:
    lab = Lab()
    try:
        # Enough files for each shard to have some.
        lab.pages(arguments.shards * 12)
        lab.simulate()
        job = lab.job()
        if not arguments.outputs:
            text = (lab.folder / job).read_text()
            (lab.folder / job).write_text("".join(line for line in text.splitlines(True) if not line.startswith("output:")))
        stores = [f"{number}.db" for number in range(arguments.shards)]
        for number, store in enumerate(stores):
            code, words = lab.run(job, "--shard", f"{number}/{arguments.shards}", "--store", store)
            assert code == 0, words
            fill(lab.folder / store, number, count // arguments.shards)
        pages = arguments.shards * 12 + count // arguments.shards * arguments.shards
        sources = sum(size(lab.folder / store) for store in stores)
        merged = lab.folder / "all.db"
        process = subprocess.Popen([PROGRAM, "merge", job, *stores, "--store", "all.db", "-q"], cwd=lab.folder)
        while merges(merged) < arguments.shards:
            assert process.poll() is None, process.returncode
            time.sleep(0.1)
        cpu, peak = used(process.pid)
        if arguments.no_rows:
            process.kill()
            process.wait()
            rows = ""
        else:
            _, status, usage = os.wait4(process.pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0, status
            # Budgets are recomputed after the last store is marked, and belong to this part.
            total, peak = usage.ru_utime + usage.ru_stime, max(peak, usage.ru_maxrss / 1024)
            rows = f", {(total - cpu) / pages * 1e6:.0f} us for budgets and rows, {total:.1f} s in all"
        print(f"{pages} pages in {arguments.shards} shards: {cpu:.1f} s CPU, {cpu / pages * 1e6:.0f} us a page{rows}, peak {peak:.0f} MB, "
              f"stores {sources / pages:.0f} bytes a page, merged {size(merged) / pages:.0f} bytes a page", flush=True)
    finally:
        lab.end()
