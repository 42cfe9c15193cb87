#!/usr/bin/env python3
"""Kill runs with kill -9 at random moments in random configurations. Check that no stored
answer is lost or paid for again, and that the outputs equal those of a run without kills.

    python3 scripts/kill_many.py [KILLS] [SEED]
"""
import random
import sys
import time
from lab import Lab, PROGRAM
import subprocess

kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
rng = random.Random(seed)
PAGES, done, rounds, again_all, max_in_flight = 120, 0, 0, 0, 0


def undisturbed():
    lab = Lab()
    try:
        lab.pages(PAGES)
        lab.simulate()
        lab.job()
        assert lab.run()[0] == 0
        return lab.rows()
    finally:
        lab.end()


expected = undisturbed()
while done < kills:
    rounds += 1
    lab = Lab()
    stream, processes = rng.random() < 0.5, rng.choice([1, 1, 2])
    concurrency, faults, latency = rng.choice([1, 4, 16]), rng.choice([0, 0, 20]), rng.choice([2, 20, 60])
    try:
        lab.pages(PAGES)
        options = ["--latency", f"{latency}ms", "--seed", "0"]
        if faults:
            # Only faults that do not change the answer of a page.
            options += ["--faults", f"{faults}%", "--fault-kinds", "500,cut-body,reset,fenced,502-html,parts,comments"]
        lab.simulate(*options)
        more = f"limits: {{concurrency: {concurrency}}}\nrequest: {{stream: {str(stream).lower()}, timeout: 2s}}\non_error: {{stop_after: 0}}"
        for number in range(processes):
            lab.job(more, f"job{number}", output=f"out{number}")
        deaths = rng.randint(3, 9)
        for _ in range(deaths):
            children = [lab.start(f"job{number}.yaml", stderr=subprocess.DEVNULL) for number in range(processes)]
            time.sleep(rng.uniform(0.005, 0.7))
            for child in children:
                child.kill()
                child.wait()
            done += processes
            check = subprocess.run([PROGRAM, "store", "check", "--store", "store.db"], cwd=lab.folder, capture_output=True, text=True)
            assert check.returncode == 0 or "there is no store" in check.stderr, check.stdout + check.stderr
        for number in range(processes):
            code, words = lab.run(f"job{number}.yaml")
            assert code == 0, words
        stats = lab.stats()
        met = stats["met"]
        # Pages sent again, not counting retries after faults: at most those in flight at the kills.
        good = {"fenced", "parts", "comments"}
        again = sum(count - 1 - sum(fault not in good for fault in met.get(page, [])) for page, count in stats["pages"].items())
        most = deaths * processes * concurrency
        assert len(stats["pages"]) == PAGES and again <= most, f"{again} sent again, at most {most} were in flight"
        for number in range(processes):
            assert lab.rows(f"out{number}") == expected, f"rows differ: {lab.folder}"
        again_all, max_in_flight = again_all + again, max_in_flight + most
        # If no stored answer was lost, another run sends nothing.
        requests = stats["requests"]
        assert lab.run("job0.yaml")[0] == 0 and lab.stats()["requests"] == requests
        print(f"{done} kills, {rounds} rounds: stream {stream}, {processes} processes, concurrency {concurrency}, faults {faults} %, "
              f"latency {latency} ms: {again} sent again, at most {most} were in flight", flush=True)
    finally:
        lab.end()
print(f"{done} kills in {rounds} configurations: nothing lost, same rows as without kills, {again_all} pages sent again, at most {max_in_flight} were in flight")
