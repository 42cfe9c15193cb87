#!/usr/bin/env python3
"""Makes the fixtures of one store version with the program that wrote it:

    make.py PROGRAM VERSION        writes VERSION/ beside this file
    make.py PROGRAM VERSION batch  writes VERSION-batch/, with a batch in progress
    make.py PROGRAM VERSION pictures  writes VERSION-pictures/, a complete run on its own pages
    make.py PROGRAM VERSION models  writes VERSION-models/, a complete run with each of MODELS

VERSION/ holds `job.yaml` (written by hand; with human answers also `answers.csv`), and from here `store.sql` and `out.*`. The
store is dumped after a complete run and a second run that was killed while it waited
for the answer about `new.png`. `@job@` stands for the identity of the job, which
depends on the folder.

A fixture is made once, when its version is current, and not again: it stands for the
stores that users have.
"""
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Models that version 6 knew, and models that it did not know, in their spellings.
MODELS = (
    "gpt-4o-mini openai/gpt-4o-mini-2024-07-18 gpt-4.1-mini gpt-5-mini gpt-5.2 gpt-5.4 gpt-5.4-nano gpt-5.5 "
    "Qwen/Qwen3-VL-30B-A3B-Thinking gemini-2.5-flash gemini-3.8-flash claude-haiku-5-5 claude-sonnet-5 "
    "gpt-5.1 gpt-5.6-luna gpt-6-luna gpt-6-sol-2026-09-22 gpt-6-astra gpt-6.1-sol openai.gpt-5.4 "
    "models/gemini-3.5-flash gemini-4-argon claude-sonnet-5-5 anthropic.claude-haiku-5-5 qwen3.8-flash "
    "mistral-medium-3-5 llava"
).split()


class Simulator:
    def __init__(self, program, *options):
        command = [program, "simulate", "--port", "0", "--lifetime", "120s", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = re.search(r"http://\S+", self.process.stdout.readline()).group()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def start(program, folder, url):
    command = [program, "run", "job.yaml", "--progress", "off", "--var", f"PROVIDER={url}"]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL)


def wait_for(store, query):
    for _ in range(300):
        time.sleep(0.1)
        try:
            if (row := sqlite3.connect(store).execute(query).fetchone()) is not None:
                return row
        except sqlite3.OperationalError:
            pass
    raise SystemExit(f"never came: {query}")


def dump(store, target):
    database = sqlite3.connect(store)
    database.text_factory = lambda text: text.decode()
    pragma = lambda name: database.execute(f"PRAGMA {name}").fetchone()[0]
    (job,) = [row[0].hex() for row in database.execute("SELECT identity FROM jobs")]
    lines = [f"PRAGMA application_id={pragma('application_id')};", f"PRAGMA user_version={pragma('user_version')};"]
    text = "\n".join(lines + list(database.iterdump())) + "\n"
    target.write_text(text.replace(job, "@job@").replace(job.upper(), "@job@"))


def now(program, folder, target):
    # Some faults, so that there are repeated attempts and pages without an answer.
    faults = ["--faults", "60%", "--fault-kinds", "500,wrong-label,wrong-label,refusal", "--seed", "11"]
    with Simulator(program, *faults) as simulator:
        assert start(program, folder, simulator.url).wait() == 0
    if (target / "answers.csv").exists():
        shutil.copy(target / "answers.csv", folder / "answers.csv")
        for command in ["answers import job.yaml answers.csv", "export job.yaml"]:
            command = [program, *command.split(), "--var", f"PROVIDER={simulator.url}"]
            subprocess.run(command, cwd=folder, check=True)
    for name in ["out.csv", "out.jsonl", "out.parquet"]:
        shutil.copy(folder / name, target / name)
    shutil.copy(HERE / "new.png", folder / "pages/new.png")
    with Simulator(program, "--latency", "60s") as simulator:
        run = start(program, folder, simulator.url)
        wait_for(folder / "store.db", "SELECT 1 FROM attempts WHERE state = 'open'")
        run.kill()
        run.wait()


def batch(program, folder, target):
    with Simulator(program, "--batch-time", "4s") as simulator:
        run = start(program, folder, simulator.url)
        (remote,) = wait_for(folder / "store.db", "SELECT remote FROM batches WHERE state = 'submitted'")
        run.terminate()
        assert run.wait() == 143
        get = lambda path: urllib.request.urlopen(f"{simulator.url}/{path}").read()
        time.sleep(6)
        state = get(f"batches/{remote}")
        (target / "batch.json").write_bytes(state)
        output = re.search(r'"output_file_id":\s*"([^"]+)"', state.decode()).group(1)
        (target / "output.jsonl").write_bytes(get(f"files/{output}/content"))


def pictures(program, folder, target):
    with Simulator(program, "--seed", "11") as simulator:
        assert start(program, folder, simulator.url).wait() in (0, 3)
    shutil.copy(folder / "out.jsonl", target / "out.jsonl")


def models(program, folder, target):
    with Simulator(program) as simulator:
        for model in MODELS:
            command = [program, "run", "job.yaml", "-q", "--var", f"PROVIDER={simulator.url}", "--var", f"MODEL={model}"]
            subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=True)


def main():
    program, version = str(Path(sys.argv[1]).resolve()), sys.argv[2]
    kind = "".join(sys.argv[3:])
    target = HERE / "-".join(filter(None, [version, kind]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree((target if kind == "pictures" else HERE) / "pages", folder / "pages")
        for file in [target / "job.yaml", HERE / "total.json"]:
            shutil.copy(file, folder / file.name)
        {"": now, "batch": batch, "pictures": pictures, "models": models}[kind](program, folder, target)
        dump(folder / "store.db", target / "store.sql")
        assert name not in (target / "store.sql").read_text()
        print(sorted(path.name for path in folder.iterdir()))


if __name__ == "__main__":
    main()
