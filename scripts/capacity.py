#!/usr/bin/env python3
"""The capacity model of docs/scale.md: what limits a job of N pages, and from which size on.

    python3 scripts/capacity.py

Costs of a page are measured (docs/performance.md has the commands and the machine), up to the size of `MEASURED`.
What is larger is extrapolated: the cost of a page stays the same, and the index of page contents, whose places are
random, is read from the disk where it does not fit into memory.
"""

DAY = 24 * 3600
MEASURED = 1_000_000
SIZES = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]

# Measured: seconds of CPU for a page, on one core.
PREPARE = {
    "sent as it is (JPEG of 20 kB)": 0.7e-3,
    "scan of 1,654 x 2,339, downscaled": 24.1e-3,
    "scan of 2,480 x 3,508, downscaled, libjpeg-turbo": 35e-3,
}
MERGE, ROW, PLAN = 32e-6, 36e-6, 47e-6
# Measured: bytes of a page with one answer to each of two tasks in a store; bytes that `plan` keeps of a page.
STORE, PLAN_MEMORY = 560, 140
# Assumed: bytes of a page's row in the index of contents, the memory that is left for the system's cache, and what a
# random read takes.
INDEX, CACHE, RANDOM_READ = 45, 8e9, {"local disk": 0.1e-3, "network disk": 1e-3}
# Assumed: names that a file system lists in a second.
LISTED = {"local disk": 1_000_000, "network file system": 10_000}

# Tokens of a page: A4 at gpt-4o-mini (25,501), and a model whose images are small.
TOKENS = {"25,600 tokens a page": 25_600, "1,500 tokens a page": 1_500}
TIERS = [(500, 200_000), (5_000, 4_000_000), (10_000, 10_000_000), (30_000, 150_000_000)]
UPLINKS = {"100 Mbit/s": 100e6, "1 Gbit/s": 1e9}
SENT = 200_000 * 4 / 3 + 3_000  # bytes of a downscaled page in Base64, and the prompt


def human(count):
    for size, name in [(1e9, "billion"), (1e6, "million")]:
        if count >= size:
            return f"{count / size:.3g} {name}"
    return f"{float(f'{count:.3g}'):,.0f}"


def duration(seconds):
    for size, name in [(DAY, "days"), (3600, "h"), (60, "min")]:
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"


def by_provider(requests, tokens, tokens_of_page):
    """Pages per day."""
    return min(requests, tokens / tokens_of_page) * 1440


def merge(pages, disk):
    """Seconds: CPU, and one random read for each page whose place in the index is not in memory."""
    missing = max(0.0, 1 - CACHE / (pages * INDEX))
    return pages * (MERGE + missing * RANDOM_READ[disk])


def steps(pages, per_minute=10_000, cores=32):
    """Seconds of the steps of a first run in shards, and of a night without changes."""
    scan = PREPARE["scan of 1,654 x 2,339, downscaled"]
    return {
        "provider": pages / per_minute * 60,
        "prepare": pages * scan / cores,
        "merge": merge(pages, "local disk"),
        "rows": pages * ROW,
        "plan": pages * PLAN,
        "list, local": pages / LISTED["local disk"],
        "list, network": pages / LISTED["network file system"],
    }


def main():
    print("| limits of the account, per minute | " + " | ".join(TOKENS) + " |\n|---|" + "---|" * len(TOKENS))
    for requests, tokens in TIERS:
        cells = [human(by_provider(requests, tokens, each)) for each in TOKENS.values()]
        print(f"| {requests:,} requests, {human(tokens)} tokens | " + " | ".join(cells) + " |")
    print("\n| what is done with a page | pages per day and core | cores for 10,000 pages per minute |\n|---|---|---|")
    for name, seconds in PREPARE.items():
        print(f"| {name} | {human(DAY / seconds)} | {10_000 / 60 * seconds:.1f} |")
    print("\n| uplink, pages of 200 kB | pages per day |\n|---|---|")
    for name, bits in UPLINKS.items():
        print(f"| {name} | {human(bits / 8 / SENT * DAY)} |")
    print("\n| pages | provider, 10,000 a minute | prepare, 32 cores | merge | rows | merged store | `plan` | memory of `plan` | list, local disk | list, network |\n" + "|---" * 10 + "|")
    for size in SIZES:
        one = steps(size)
        mark = "" if size <= MEASURED else " *"
        cells = [one["provider"], one["prepare"], one["merge"], one["rows"]]
        more = [one["plan"]]
        lists = [one["list, local"], one["list, network"]]
        print(f"| {human(size)}{mark} | " + " | ".join(map(duration, cells)) + f" | {size * STORE / 1e9:.2g} GB | "
              + duration(more[0]) + f" | {size * PLAN_MEMORY / 1e9:.2g} GB | " + " | ".join(map(duration, lists)) + " |")
    index = 100_000_000 * INDEX / 1e9
    print(f"\nAt 100 million pages the index has {index:.1f} GB. With a cache of {CACHE / 1e9:.0f} GB it fits; without one, a merge takes "
          + ", ".join(f"{duration(100_000_000 * (MERGE + read))} on a {disk}" for disk, read in RANDOM_READ.items()) + ".")


if __name__ == "__main__":
    main()
