"""Runs a job on a cluster of four nodes on this machine, each with a folder of its own, and removes one during the
run: ray_cluster.py JOB STORE_DIR FOLDER STATS_URL TIMING. Prints what `docmill.ray.run` returned as a line of JSON.

STATS_URL is that of the simulator. TIMING: seconds of the lease, between renewals and between copies, with commas.
FOLDER gets the folders of the nodes."""

import json
import logging
import os
import shutil
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

import docmill.ray
from docmill.ray._attempt import Timing

SHARDS = 4


def requests(url: str) -> int:
    """How many requests the simulator has received."""
    with urllib.request.urlopen(url) as reply:
        count: int = json.load(reply)["requests"]
        return count


def main() -> None:
    """See above."""
    job, stores, folder, stats, timing = sys.argv[1:]
    lease, renewal, copy = map(float, timing.split(","))
    cluster: Any = Cluster()
    nodes = []
    for at in range(4):
        own = Path(folder) / f"node-{at}"
        own.mkdir(parents=True)
        # A restart of a shard finds room on the nodes that are left.
        nodes.append(
            cluster.add_node(
                num_cpus=2,
                resources={"scanner": 2},
                object_store_memory=80 << 20,
                include_dashboard=False,
                env_vars={"TMPDIR": str(own)},
            )
        )
    ray.init(address=cluster.address, log_to_driver=True, logging_level=logging.WARNING)
    removed: dict[str, float] = {}

    def remove() -> None:
        # Each shard has a copy, and has answers that are in none.
        while len(list(Path(stores).glob("shard-*.db"))) < SHARDS:
            time.sleep(0.1)
        seen = requests(stats)
        while requests(stats) < seen + 6 * SHARDS:
            time.sleep(0.1)
        removed["requests"] = requests(stats)
        own = Path(folder) / "node-3"
        removed["folders"] = len(list(own.glob("docmill-*")))
        cluster.remove_node(nodes[3], allow_graceful=False)
        # Its disk is gone with it.
        shutil.rmtree(own, ignore_errors=True)

    thread = threading.Thread(target=remove, daemon=True)
    thread.start()
    begun = time.monotonic()
    lines = []
    summary = docmill.ray.run(
        job,
        shards=SHARDS,
        store_dir=stores,
        resources={"CPU": 1, "scanner": 1},
        progress=lambda now: lines.append(now.text),
        timing=Timing(lease, renewal, copy),
    )
    thread.join(10)
    value = {
        **summary.to_dict(),
        "removed": removed,
        "seconds": time.monotonic() - begun,
        "progress": lines,
        "nodes": sorted(os.listdir(folder)),
        "left": [str(path) for path in Path(folder).rglob("docmill-*")],
    }
    print("RESULT " + json.dumps(value), flush=True)
    ray.shutdown()
    cluster.shutdown()


main()
