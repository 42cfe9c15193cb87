#!/usr/bin/env python3
"""Measure peak memory and CPU of a run over many pages that all have answers, with all outputs:
100,000 pages compared with 1,000,000. The script fills the store as a run would have done.

    python3 scripts/million.py [PAGES ...]
"""
import hashlib
import json
import os
import resource
import sqlite3
import sys
from lab import Lab


def fill(lab, count):
    """Give every file the answers of the one page that was really sent."""
    db = sqlite3.connect(lab.folder / "store.db")
    job = db.execute("SELECT id FROM jobs").fetchone()[0]
    members = [row[0] for row in db.execute("SELECT recipe_id FROM recipe_set_members WHERE set_id = (SELECT set_id FROM runs) ORDER BY position")]
    settled = db.execute("SELECT settled_set FROM entries").fetchone()[0]
    values = [db.execute("SELECT value FROM answers WHERE recipe_id = ?", [recipe]).fetchone()[0] for recipe in members]
    budget = db.execute("SELECT id FROM budget").fetchone()[0]
    for number in range(1, count):
        content = hashlib.sha256(b"%d" % number).digest()
        page = db.execute("INSERT INTO pages (content, page) VALUES (?, 1)", [content]).lastrowid
        path = f"{number // 1000:04}/{number:07}.jpg"
        stat = os.stat(lab.folder / "pages" / path)
        db.execute("INSERT INTO entries (job_id, line, path, size, mtime, ctime, inode, content, page_count, settled_set) VALUES (?, 0, ?, ?, ?, ?, ?, ?, 1, ?)",
                   [job, path.encode(), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, content, settled])
        request = db.execute("INSERT INTO requests (run_id, page_id, set_id) VALUES (1, ?, 1)", [page]).lastrowid
        db.execute("INSERT INTO attempts (request_id, run_id, state, budget_id, reserved, input_tokens, cached_input_tokens, output_tokens, usage_source, cost, verdict, "
                   "http_status, latency_ms, opened_at, settled_at) VALUES (?, 1, 'settled', ?, 0, 8700, 0, 20, 'reported', 3512000000, 'done', 200, 900, 1795000000000, 1795000000900)",
                   [request, budget])
        for recipe, value in zip(members, values):
            db.execute("INSERT INTO answers (page_id, recipe_id, sample, status, value, passing, runs, request_id, at) VALUES (?, ?, 0, 'ok', ?, 0, 1, ?, 1795000000900)",
                       [page, recipe, value, request])
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def measure(lab, label):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = lab.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.stderr.read()
    report = json.loads((lab.folder / "out.report.json").read_text())
    pages = report["pages"]
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{label}: exit {os.waitstatus_to_exitcode(status)}, {pages['ok']} ok, {pages['from_store']} from the store, {pages['asked']} sent, "
          f"peak {usage.ru_maxrss / 1024:.1f} MB, {cpu:.1f} s CPU, {cpu / pages['total'] * 1e6:.1f} us per page", flush=True)
    return usage.ru_maxrss


peaks = []
for count in [int(text) for text in sys.argv[1:]] or [100_000, 1_000_000]:
    lab = Lab()
    try:
        lab.pages(1)
        lab.simulate()
        lab.job()
        code, words = lab.run()
        assert code == 0, words
        lab.pages(count - 1, 1)
        fill(lab, count)
        peaks.append(measure(lab, f"{count} pages, no changes"))
        # With one more page, the rows are written again.
        lab.pages(1, count)
        peaks[-1] = max(peaks[-1], measure(lab, f"{count} pages and one new page"))
    finally:
        lab.end()
if len(peaks) > 1:
    print(f"ratio of the last peak to the first: {peaks[-1] / peaks[0]:.2f}")
