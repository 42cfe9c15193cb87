"""Shared by the measurement scripts: pages, a simulator in its own process, and a job."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "docmill")
PAGE = (ROOT / "tests" / "data" / "page.jpg").read_bytes()
TASKS = "tasks: {kind: {classify: {labels: [invoice, letter, form], other: true}}, marks: {tag: {labels: [stamp, logo, seal]}}}"


def page(number):
    """A page that differs from all others: the same image with a unique comment."""
    comment = b"page %012d" % number
    return PAGE[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + PAGE[2:]


class Lab:
    """A temporary folder with a job. `end` deletes it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="docmill-lab-"))
        self.simulator = None

    def pages(self, count, start=0):
        for number in range(start, start + count):
            folder = self.folder / "pages" / f"{number // 1000:04}"
            if number % 1000 == 0 or number == start:
                folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number:07}.jpg").write_bytes(page(number))

    def simulate(self, *options):
        command = [PROGRAM, "simulate", "--port", "0", "--lifetime", "3h", *options]
        self.simulator = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.url = re.search(r"http://\S+/v1", self.simulator.stdout.readline())[0]

    def job(self, more="", name="job", folder="pages", output="out"):
        (self.folder / f"{name}.yaml").write_text(
            f"version: 1\nname: {name}\ninput: {{folder: {folder}}}\nprovider: {{base_url: \"{self.url}\", id: lab, model: openai/gpt-4o-mini, "
            f"price: {{input: 0.40, cached_input: 0.10, output: 1.60}}}}\n{TASKS}\nstore: store.db\n"
            f"output: {{csv: {output}.csv, parquet: {output}.parquet, jsonl: {output}.jsonl, report: {output}.report.json}}\n{more}\n")
        return f"{name}.yaml"

    def start(self, job="job.yaml", *arguments, **more):
        command = [PROGRAM, "run", job, "-q", "--progress", "off", *arguments]
        return subprocess.Popen(command, cwd=self.folder, stderr=more.pop("stderr", subprocess.PIPE), text=True, **more)

    def run(self, job="job.yaml", *arguments):
        process = self.start(job, *arguments)
        words = process.communicate()[1]
        return process.returncode, words

    def stats(self):
        with urllib.request.urlopen(self.url.replace("/v1", "/stats"), timeout=30) as reply:
            return json.load(reply)

    def rows(self, output="out"):
        volatile = ("latency_ms", "attempts", "answered_at", "cost_usd", "input_tokens", "output_tokens")
        lines = (self.folder / f"{output}.jsonl").read_text().splitlines()
        return [{key: value for key, value in json.loads(line).items() if key not in volatile} for line in lines]

    def end(self):
        if self.simulator:
            self.simulator.terminate()
            self.simulator.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def memory_mb(pid):
    """Current resident memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def handles(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
