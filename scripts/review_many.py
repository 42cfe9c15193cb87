#!/usr/bin/env python3
"""Measure the CPU time that `docmill review` needs until the first of many pages appears, until all can be
filtered, and for each decision.
The script runs a job with one page, and fills its store as a run with many would have done.

    python3 scripts/review_many.py [PAGES] [--make FOLDER]        (DOCMILL names the program; default target/release/docmill)

With --make it only fills a new folder, for `scripts/review_browser.sh --many FOLDER`.
"""
import argparse
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(os.environ.get("DOCMILL", ROOT / "target/release/docmill")).resolve()
DECISIONS = 200
LABELS = ["invoice", "letter", "form", "memo"]
JOB = """version: 1
name: many
input: {folder: pages}
provider: {simulator: {}, model: openai/gpt-4o-mini}
tasks: {kind: {classify: {labels: [invoice, letter, form, memo]}}}
store: store.db
"""


def fill(folder, count):
    db = sqlite3.connect(folder / "store.db")
    job, content, settled = db.execute("SELECT job_id, content, settled_set FROM entries").fetchone()
    recipe, at, revision = db.execute("SELECT recipe_id, at, revision FROM answers").fetchone()
    decoder = db.execute("SELECT decoder FROM entries").fetchone()[0]
    for number in range(1, count):
        digest = hashlib.sha256(b"%d" % number).digest()
        page = db.execute("INSERT INTO pages (content, page, decoder) VALUES (?, 1, ?)", [digest, decoder]).lastrowid
        path = f"{number // 1000:04}/scan-{number:07}.jpg".encode()
        db.execute("INSERT INTO entries (job_id, line, path, size, mtime, ctime, inode, content, page_count, settled_set, decoder)"
                   " VALUES (?, 0, ?, 1, 1, 1, 1, ?, 1, ?, ?)", [job, path, digest, settled, decoder])
        value = json.dumps(LABELS[digest[0] % len(LABELS)])
        db.execute("INSERT INTO answers (page_id, recipe_id, sample, status, value, passing, runs, at, revision) VALUES (?, ?, 0, 'ok', ?, 0, 1, ?, ?)",
                   [page, recipe, value, at, revision])
    db.commit()
    return content.hex()


def cpu(pid):
    """CPU seconds of a process and its decoders."""
    total = 0
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if int(entry) == pid or int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pages", nargs="?", type=int, default=100_000)
    parser.add_argument("--make", type=pathlib.Path)
    given = parser.parse_args()
    if given.make:
        make(given.make, given.pages)
    else:
        measure(given.pages)


def make(folder, count):
    """Makes a job with many pages. Returns the hash of the first one, the only one with a file."""
    (folder / "pages").mkdir(parents=True)
    shutil.copy(ROOT / "sample_data/pages/mail/invoice-001.jpg", folder / "pages/!first.jpg")
    (folder / "job.yaml").write_text(JOB)
    subprocess.run([PROGRAM, "run", "job.yaml", "-q"], cwd=folder, check=True)
    return fill(folder, count)


def measure(count):
    folder = pathlib.Path(tempfile.mkdtemp())
    server = None
    try:
        content = make(folder, count)
        server = subprocess.Popen([PROGRAM, "review", "job.yaml", "--no-open", "--idle", "60s", "--reviewer", "many"], cwd=folder, stdout=subprocess.PIPE, text=True)
        address = server.stdout.readline().strip()
        host, token = address.removeprefix("http://").split("/?token=")
        connection = http.client.HTTPConnection(host)
        headers = {}

        def get(path):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response, response.read()

        def post(path, body):
            connection.request("POST", path, json.dumps(body), {**headers, "content-type": "application/json", "origin": f"http://{host}"})
            response = connection.getresponse()
            text = response.read()
            assert response.status == 200, text

        response, _ = get(f"/?token={token}")
        headers["cookie"] = response.headers["set-cookie"].split(";")[0]
        get("/")
        job = json.loads(get("/api/job")[1])
        assert job["pages"] == count, job
        view = "mode=single&task=kind&order=random&state=all"
        assert json.loads(get(f"/api/pages?{view}&limit=1&next=1")[1])["total"] == count
        response, picture = get(f"/picture?page={content}.1.0&side=1600")
        assert response.status == 200 and picture.startswith(b"\xff\xd8")
        print(f"{count:,} pages: the first one after {cpu(server.pid):.2f} s of CPU")
        began = time.monotonic()
        while "reading" in (filters := json.loads(get("/api/filters?task=kind")[1])):
            time.sleep(0.05)
        assert sum(label["n"] for label in filters["labels"]) == count, filters
        print(f"all answers read after {cpu(server.pid):.2f} s of CPU, {time.monotonic() - began:.1f} s later")
        before = cpu(server.pid)
        for _ in range(20):
            get(f"/api/pages?{view}&limit=1&next=1")
            get("/api/progress?mode=single&task=kind&order=random")
        print(f"a page and the progress: {(cpu(server.pid) - before) / 20 * 1000:.0f} ms of CPU")
        before, page = cpu(server.pid), None
        for number in range(DECISIONS):
            # What a browser asks after each decision: the page, the one after it, the progress and the strip.
            found = json.loads(get(f"/api/pages?{view}&limit=1&next=1" + (f"&after={page}" if page else ""))[1])
            page = found["pages"][0]["page"]
            assert (found["undecided"], found["total"]) == (count - number, count), found
            get(f"/api/pages?{view}&limit=2&next=1&names=1&after={page}")
            post("/api/decide", {"view": view, "decisions": [{"page": page, "task": "kind", "value": LABELS[number % len(LABELS)]}]})
            progress = json.loads(get("/api/progress?mode=single&task=kind&order=random")[1])["tasks"][0]
            assert progress["decided"] == number + 1, progress
            get("/api/recent")
        print(f"each of {DECISIONS} decisions: {(cpu(server.pid) - before) / DECISIONS * 1000:.1f} ms of CPU")
        memory = [line for line in pathlib.Path(f"/proc/{server.pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
        print(memory[0].split(":")[1].strip(), "of memory at most")
    finally:
        if server:
            server.terminate()
            server.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
