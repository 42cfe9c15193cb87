#!/usr/bin/env python3
"""Measure CPU time and memory of `docmill eval` with many answered pages and much truth. The script runs a job with one
page, and fills its store as a run with many would have done.

    python3 scripts/eval_many.py [PAGES]        (DOCMILL names the program; default target/release/docmill)
"""
import hashlib
import json
import os
import pathlib
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(os.environ.get("DOCMILL", ROOT / "target/release/docmill")).resolve()
JOB = """version: 1
name: many
input: {{folder: pages, near_duplicates: 4}}
provider: {{simulator: {{}}, model: openai/gpt-4o-mini, price: {{input: 1, output: 1}}}}
tasks: {{kind: {{classify: {{labels: [{labels}]}}}}, marks: {{tag: {{labels: [stamp, logo, seal]}}}}, sender: {{question: {{text: Who sent it?, type: text}}}}}}
store: store.db
"""


def name(number):
    return f"{number // 1000:04}/scan-{number:07}.jpg"


def fill(folder, count, labels):
    """Adds pages with answers. Returns them by path."""
    db = sqlite3.connect(folder / "store.db")
    job, settled, decoder = db.execute("SELECT job_id, settled_set, decoder FROM entries").fetchone()
    recipes = db.execute("SELECT r.id, r.body FROM recipes r JOIN answers a ON a.recipe_id = r.id").fetchall()
    at, revision = db.execute("SELECT at, revision FROM answers").fetchone()
    version, blank = db.execute("SELECT version, blank FROM marks").fetchone()
    answers = {}
    for number in range(1, count):
        digest = hashlib.sha256(b"%d" % number).digest()
        page = db.execute("INSERT INTO pages (content, page, decoder) VALUES (?, 1, ?)", [digest, decoder]).lastrowid
        # Every tenth page looks the same.
        picture = bytes(32) if number % 10 == 0 else hashlib.sha256(b"picture %d" % number).digest()
        db.execute("INSERT INTO marks (page_id, version, blank, fingerprint) VALUES (?, ?, ?, ?)", [page, version, blank, picture])
        db.execute("INSERT INTO entries (job_id, line, path, size, mtime, ctime, inode, content, page_count, settled_set, decoder)"
                   " VALUES (?, 0, ?, 1, 1, 1, 1, ?, 1, ?, ?)", [job, name(number).encode(), digest, settled, decoder])
        answer = {"classify": labels[digest[0] % len(labels)], "tag": ["stamp"] if digest[1] % 2 else [], "question": f"Sender {digest[2] % 50} Ltd."}
        answers[name(number)] = answer
        for recipe, body in recipes:
            kind = next(kind for kind in answer if f'"{kind}"' in body)
            db.execute("INSERT INTO answers (page_id, recipe_id, sample, status, value, passing, runs, at, revision) VALUES (?, ?, 0, 'ok', ?, 0, 1, ?, ?)",
                       [page, recipe, json.dumps(answer[kind]), at, revision])
    db.commit()
    return answers


def measure(folder, what, arguments):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [PROGRAM, "eval", "job.yaml", "--truth", "truth.jsonl", "--format", "json", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    report = json.loads(output)
    kind = report["tasks"]["kind"]
    print(f"{what}: {usage.ru_utime + usage.ru_stime:.1f} s of CPU, {usage.ru_maxrss / 1000:.0f} MB; accuracy {kind['accuracy']['value']:.3f} of {kind['n']:,}, {len(kind['order'])} labels")
    return report


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for labels in (4, 400):
        labels = [f"label-{number}" for number in range(labels)]
        folder = pathlib.Path(tempfile.mkdtemp())
        try:
            (folder / "pages").mkdir()
            shutil.copy(ROOT / "sample_data/pages/mail/invoice-001.jpg", folder / "pages/!first.jpg")
            (folder / "job.yaml").write_text(JOB.format(labels=", ".join(labels)))
            subprocess.run([PROGRAM, "run", "job.yaml", "-q"], cwd=folder, check=True)
            answers = fill(folder, count, labels)
            chosen = random.Random(1)
            for size, more in ((2000, {"sampled_with": 2000 / count}), (len(answers), {})):
                with open(folder / "truth.jsonl", "w") as truth:
                    for path in sorted(chosen.sample(sorted(answers), min(size, len(answers)))):
                        answer = answers[path]
                        kind = answer["classify"] if chosen.random() < 0.9 else chosen.choice(labels + ["unknown"])
                        sender = answer["question"] if chosen.random() < 0.9 else "Sender 7 Ltd"
                        truth.write(json.dumps({"path": path, "kind": kind, "marks": answer["tag"], "sender": sender, **more}) + "\n")
                measure(folder, f"{count:,} pages, truth of {min(size, len(answers)):,}", [])
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
