"""docmill.ray: leases, copies, one view, and a cluster of four nodes of which one is removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Bench

import docmill
from docmill import errors
from docmill._progress import Progress
from docmill.ray._attempt import Attempt, ShardRun, Timing
from docmill.ray._copies import Copies
from docmill.ray._keeper import Keeper, Losses, Report, ShardState, Ticket
from docmill.ray._lease import KeeperGone
from docmill.ray._run import _merged
from docmill.ray._summary import RayRunSummary
from docmill.ray._view import overall

MakeBench = Callable[..., Bench]

NOTHING = Progress(0, 0, False, 0, 0, 0, 0, Decimal(0), None, None, "")


def progress(asked: int, cost: str | None, in_flight: int = 0) -> Progress:
    """The progress of an attempt that has asked this many pages."""
    usd = None if cost is None else Decimal(cost)
    return replace(NOTHING, pages_finished=asked, pages_total=100, pages_asked=asked, cost_usd=usd, in_flight=in_flight)


def test_a_shard_has_one_lease_and_the_next_attempt_waits_until_it_is_over() -> None:
    now = [1000.0]
    keeper = Keeper([1, 7], 30.0, clock=lambda: now[0])
    assert (keeper.begin(0).attempt, keeper.begin(1).attempt) == (1, 7)
    assert keeper.renew(0, 1, Report()) == 0.0
    now[0] += 10
    assert keeper.renew(0, 1, Report()) == 0.0
    assert keeper.begin(0).attempt == 2
    assert keeper.renew(0, 1, Report()) is None, "the first attempt has lost the shard"
    assert keeper.renew(0, 2, Report()) == 30.0
    now[0] += 29
    assert keeper.renew(0, 2, Report()) == 1.0
    assert keeper.begin(0).attempt == 3, "an attempt that never had the lease prolongs nothing"
    now[0] += 1
    assert keeper.renew(0, 3, Report()) == 0.0
    keeper.end(0, 3, Report())
    assert keeper.begin(0).attempt == 4
    assert keeper.renew(0, 4, Report()) == 0.0, "an attempt that has told its end holds no lease"
    assert keeper.renew(1, 7, Report()) == 0.0, "shards have leases of their own"
    assert [state.attempts for state in keeper.states()] == [4, 1]


def test_after_another_keeper_every_shard_waits() -> None:
    now = [0.0]
    keeper = Keeper([1, 1], 30.0, is_taken_over=True, clock=lambda: now[0])
    assert keeper.renew(1, keeper.begin(1).attempt, Report()) == 30.0
    now[0] = 30.0
    assert keeper.renew(1, 1, Report()) == 0.0


@pytest.mark.parametrize(
    ("now", "copied", "answers", "usd"),
    [
        (None, None, 0, "0"),
        (progress(10, "0.10"), None, 10, "0.10"),
        (progress(10, "0.10"), progress(10, "0.10"), 0, "0"),
        (progress(10, "0.10"), progress(7, "0.07"), 3, "0.03"),
        (progress(10, "0.10", in_flight=4), progress(7, "0.07"), 7, "0.07"),
        (progress(0, "0", in_flight=4), None, 4, "0"),
        (progress(3, "0.10", in_flight=1), None, 4, "0.133334"),
        (progress(10, None), progress(7, None), 3, None),
    ],
)
def test_what_no_copy_has_is_lost(now: Progress | None, copied: Progress | None, answers: int, usd: str | None) -> None:
    assert Report(now, copied).losses() == Losses(answers, None if usd is None else Decimal(usd))


def test_what_may_have_been_sent_since_the_last_report_is_lost_too() -> None:
    keeper = Keeper([1], 30.0)
    keeper.begin(0)
    for asked, in_flight in [(0, 2), (3, 4), (8, 4), (10, 4)]:
        keeper.renew(0, 1, Report(progress(asked, f"{asked * 0.01:.2f}", in_flight), progress(3, "0.03")))
    # 7, 4, and at most twice the 5 that were sent between two reports.
    assert keeper.states()[0].losses() == Losses(7 + 4 + 10, Decimal("0.21"))


def test_losses_of_attempts_add_up_and_leave_less_of_the_budget() -> None:
    keeper = Keeper([1], 30.0)
    assert keeper.begin(0).lost_usd == 0
    keeper.renew(0, 1, Report(progress(1, "0.01"), None))
    keeper.renew(0, 1, Report(progress(2, "0.02"), progress(1, "0.01")))
    assert keeper.begin(0).lost_usd == Decimal("0.03")
    keeper.renew(0, 2, Report(progress(1, "0.01"), None))
    assert keeper.begin(0).lost_usd == Decimal("0.06")
    keeper.end(0, 3, Report(progress(9, "0.09"), progress(9, "0.09")))
    (state,) = keeper.states()
    assert (state.losses(), state.spent_before) == (Losses(6, Decimal("0.06")), Decimal("0.03"))
    # An attempt that is never heard of again.
    keeper.begin(0)
    keeper.renew(0, 4, Report(progress(2, "0.02"), None))
    assert keeper.states()[0].losses() == Losses(12, Decimal("0.12"))


def test_a_ticket_shows_no_key() -> None:
    keeper = Keeper([1], 30.0)
    keeper.set_api_key("secret-of-ray")
    ticket = keeper.begin(0)
    assert ticket.api_key == "secret-of-ray" and "secret" not in repr(ticket)


def test_the_progress_of_all_shards_is_one() -> None:
    states = [
        ShardState(1, False, Report(progress(30, "0.30", in_flight=4))),
        ShardState(2, False, Report(progress(10, "0.10", in_flight=2)), 3, Decimal("0.05"), Losses(5, Decimal("0.02"))),
        ShardState(1, True, Report(progress(100, "1"))),
    ]
    now = overall(states, 10.0)
    assert (now.pages_finished, now.pages_total, now.pages_asked, now.in_flight) == (140, 300, 140, 6)
    assert (now.cost_usd, now.is_minimum, now.seconds_left) == (Decimal("1.45"), False, 11)
    assert now.text == (
        "140/300 pages  1/3 shards done  11s left  USD 1.4500  14.0/s  6 in flight  1 retry  5 answers lost"
    )
    now = overall([*states, ShardState()], 10.0)
    assert now.text.startswith("140/at least 300 pages  1/4 shards done  USD")
    assert overall([ShardState()], 0.0).text == "0/at least 0 pages  0/1 shards done  0 in flight"
    unknown = ShardState(1, False, Report(progress(1, None)))
    assert overall([unknown, *states], 10.0).cost_usd is None


class LocalKeeper:
    """A keeper in this process. `fails_with`: what a renewal raises from the time on when it is set."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.fails_with: BaseException | None = None
        self.renewals = 0

    def begin(self) -> Ticket:
        return self.keeper.begin(0)

    def renew(self, attempt: int, report: Report) -> float | None:
        if self.fails_with is not None:
            raise self.fails_with
        self.renewals += 1
        return self.keeper.renew(0, attempt, report)

    def end(self, attempt: int, report: Report) -> None:
        if self.fails_with is None:
            self.keeper.end(0, attempt, report)


FAST = Timing(lease=3.0, renewal=0.2, copy=0.5)


def shard_run(bench: Bench, shards: int = 1, **more: Any) -> ShardRun:
    """The only shard of a job."""
    copies = Copies(bench.folder / "stores", shards)
    copies.folder.mkdir(exist_ok=True)
    options: dict[str, Any] = {"vars": None, "budget_usd": None, "base": None, "parallel": None, "env": None}
    options |= {"grace": 8.0, "timing": FAST} | more
    return ShardRun(job=str(bench.job), shard=0, copies=copies, **options)


def wait_until(is_true: Callable[[], bool]) -> None:
    """Waits, for at most a minute."""
    for _ in range(600):
        if is_true():
            return
        time.sleep(0.1)
    raise AssertionError("it never came")


@pytest.mark.parametrize("trouble", [TimeoutError("no answer"), KeeperGone(), "another attempt"])
def test_docmill_stops_when_its_lease_is_not_renewed_and_the_next_attempt_continues(
    make_bench: MakeBench, trouble: BaseException | str
) -> None:
    bench = make_bench(60, "--latency", "500ms")
    bench.write_job("limits: {concurrency: 4}")
    keeper = LocalKeeper(Keeper([1], FAST.lease))
    caught: list[BaseException] = []

    def attempt() -> None:
        try:
            Attempt(shard_run(bench), keeper).execute()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    wait_until(lambda: bench.requests() >= 8)
    if isinstance(trouble, str):
        keeper.begin()
    else:
        keeper.fails_with = trouble
    thread.join(60)
    assert len(caught) == 1 and isinstance(caught[0], errors.Interrupted), caught
    seen = bench.requests()
    assert 8 <= seen < 60
    time.sleep(1)
    assert bench.requests() == seen, "nobody goes on spending"
    # What it had received is in its last copy.
    keeper.fails_with = None
    bench.write_job("limits: {concurrency: 16}")
    end = Attempt(shard_run(bench), keeper).execute()
    assert end.error is None and end.summary is not None and end.summary.pages.ok == 60
    assert bench.requests() == 60, "nothing is paid for twice"
    copies = shard_run(bench).copies.of_shard(0)
    assert [number for number, _ in copies] == ([1, 3] if isinstance(trouble, str) else [1, 2])
    assert list(bench.folder.glob("stores/.*")) == [], "no part of a copy is left"


def test_a_store_is_copied_while_it_is_written_and_lost_spend_reduces_the_budget(make_bench: MakeBench) -> None:
    bench = make_bench(12, "--latency", "400ms")
    bench.write_job("limits: {concurrency: 1}")
    keeper = LocalKeeper(Keeper([1], FAST.lease))
    run = shard_run(bench, budget_usd="1")
    thread = threading.Thread(target=lambda: Attempt(run, keeper).execute())
    thread.start()
    wait_until(lambda: keeper.keeper.states()[0].report.copied is not None)
    assert run.copies.path(0, 1).exists() and bench.requests() < 12
    thread.join(60)
    (state,) = keeper.keeper.states()
    assert state.has_ended and state.report.now is not None and state.report.now.pages_asked == 12
    assert state.report.now == state.report.copied and state.losses() == Losses()
    # As if all of it had been lost.
    run.copies.path(0, 1).unlink()
    keeper = LocalKeeper(Keeper([1], 0.5))
    keeper.begin()
    keeper.renew(1, Report(progress(10, "1"), None))
    count = bench.requests()
    end = Attempt(run, keeper).execute()
    assert isinstance(end.error, errors.BudgetReached) and bench.requests() == count


def test_the_merge_has_what_was_lost_and_partial_outputs_stay(make_bench: MakeBench) -> None:
    bench = make_bench(8)
    keeper = LocalKeeper(Keeper([1], 0.5))
    run = shard_run(bench, budget_usd="0.06")
    keeper.begin()
    keeper.renew(1, Report(progress(1, "0.01"), None))
    end = Attempt(run, keeper).execute()
    with pytest.raises(errors.BudgetReached) as caught:
        _merged(run, [end], keeper.keeper.states())
    summary = caught.value.summary
    assert isinstance(summary, RayRunSummary) and summary.outcome == "budget_reached"
    # One answer, and twice as many that it may have sent since.
    assert (summary.retries, summary.lost_answers, summary.lost_usd) == (1, 3, Decimal("0.03"))
    assert summary.store == bench.folder / "stores" / "merged.db" and summary.store.exists()
    (output,) = summary.outputs
    assert output.partial and output.path == bench.folder / "stores" / "partial" / "rows.parquet"
    assert output.path.exists() and not (bench.folder / "rows.parquet").exists()
    assert bench.requests() == summary.pages.ok < 8
    # The next call continues, and leaves nothing of it behind.
    keeper = LocalKeeper(Keeper([3], 0.5))
    run = replace(run, budget_usd=None)
    summary = _merged(run, [Attempt(run, keeper).execute()], keeper.keeper.states())
    assert (summary.outcome, summary.pages.ok, summary.lost_answers, bench.requests()) == ("complete", 8, 0, 8)
    assert summary.shards[0] is not None and summary.shards[0].shard == "0/1"
    assert [output.path for output in summary.outputs] == [bench.folder / "rows.parquet"]
    left = {file.name for file in (bench.folder / "stores").iterdir()}
    assert left == {"merged.db", "shard-00000-of-00001.attempt-00003.db"}
    # A manifest that is wrong is not hidden by what earlier calls have copied.
    bench.job.write_text("version: 1\n")
    with pytest.raises(errors.ManifestError):
        _merged(run, [Attempt(run, LocalKeeper(Keeper([4], 0.5))).execute()], keeper.keeper.states())


def test_docmill_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import docmill.ray

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"pip install 'docmill\[ray\]'"):
        docmill.ray.run("job.yaml", shards=2, store_dir=tmp_path)
    with pytest.raises(ValueError, match="at least 1"):
        docmill.ray.run("job.yaml", shards=0, store_dir=tmp_path)


def test_stores_of_another_number_of_shards_are_refused(tmp_path: Path) -> None:
    import docmill.ray

    for number in (2, 4):
        Copies(tmp_path, number).path(1, 3).touch()
        (tmp_path / "merged.db").touch()
        assert Copies(tmp_path, 2).other_numbers() == ([4] if number == 4 else [])
        with pytest.raises(ValueError, match=r"and this call has 3, which would pay .* again") as caught:
            docmill.ray.run("job.yaml", shards=3, store_dir=tmp_path)
        found, way = ("2", "pass shards=2 to continue") if number == 2 else ("2 and of 4", "once they are merged")
        assert f"has stores of {found} shards" in str(caught.value) and way in str(caught.value)
        assert f"base='{tmp_path}/merged.db'" in str(caught.value)
    assert not (tmp_path / "running").exists()
    with pytest.raises(ValueError, match="grace"):
        docmill.ray.run("job.yaml", shards=2, store_dir=tmp_path / "other", grace=float("inf"))


def test_a_node_is_removed_during_the_run(make_bench: MakeBench) -> None:
    pytest.importorskip("ray")
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    # With DOCMILL_RAY_FULL=1 the times are those of the documentation, which takes about five minutes.
    is_full = os.environ.get("DOCMILL_RAY_FULL") == "1"
    pages, latency, timing = (1200, "2s", Timing()) if is_full else (240, "1s", Timing(5.0, 0.5, 3.0))
    bench = make_bench(pages, "--latency", latency)
    bench.write_job("limits: {concurrency: 12}")
    stats = bench.url.removesuffix("/v1") + "/stats"
    driver = [sys.executable, str(ROOT / "tests" / "python" / "ray_cluster.py")]
    times = f"{timing.lease},{timing.renewal},{timing.copy}"
    arguments = [str(bench.job), str(bench.folder / "stores"), str(bench.folder / "nodes"), stats, times]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([*driver, *arguments], env=variables, capture_output=True, text=True, timeout=900)
    (bench.folder / "output").write_text(done.stdout + done.stderr)
    result = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    assert result is not None, done.stdout + done.stderr
    found = json.loads(result.removeprefix("RESULT "))
    sent = bench.requests()
    print(f"{pages} pages, {sent} requests,", {name: value for name, value in found.items() if name != "progress"})
    assert found["outcome"] == "complete" and found["pages"]["ok"] == pages
    assert found["removed"]["folders"] >= 1, "the node had a shard"
    assert found["retries"] >= 1
    assert sent - pages <= found["lost_answers"], "what is paid for twice is counted as lost"
    # A copy is made that often, so that no more can be lost.
    per_second = 3 / (2.0 if is_full else 1.0)
    assert found["lost_answers"] <= found["retries"] * per_second * (timing.copy + 20) + 12
    # The merged rows are those of one process.
    merged = pyarrow.parquet.read_table(bench.folder / "rows.parquet").to_pylist()
    bench.write_job("limits: {concurrency: 64}")
    docmill.run(bench.job, store=bench.folder / "single.db")
    single = pyarrow.parquet.read_table(bench.folder / "rows.parquet").to_pylist()
    differing = ("latency_ms", "answered_at")
    assert [{k: v for k, v in row.items() if k not in differing} for row in merged] == [
        {k: v for k, v in row.items() if k not in differing} for row in single
    ]
    assert any("retry" in line for line in found["progress"])
