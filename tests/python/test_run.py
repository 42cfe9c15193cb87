"""docmill.run against the simulator."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT, Bench

import docmill
from docmill import errors
from docmill._process import Stopper
from docmill._progress import notebook_display

MakeBench = Callable[..., Bench]


def test_a_run_returns_what_it_did_and_the_next_one_sends_nothing(make_bench: MakeBench) -> None:
    bench = make_bench(4)
    summary = docmill.run(bench.job)
    assert (summary.outcome, summary.exit_code, summary.job) == ("complete", 0, "bench")
    assert (summary.pages.total, summary.pages.ok, summary.pages.asked) == (4, 4, 4)
    assert summary.cost_usd is not None and summary.cost_usd > 0
    assert summary.tokens.input > 0 and summary.attempts == 4
    assert summary.started_at is not None and summary.started_at.utcoffset() == timedelta(0)
    assert [output.path for output in summary.outputs] == [bench.folder / "rows.parquet"]
    assert summary.raw["pages"]["total"] == 4
    again = docmill.run(bench.job)
    assert (again.pages.from_store, again.cost_usd, bench.requests()) == (4, Decimal(0), 4)
    small = summary.to_dict()
    assert small["pages"]["ok"] == 4 and small["cost_usd"] == str(summary.cost_usd)


def test_variables_limits_and_paths_reach_docmill(make_bench: MakeBench) -> None:
    bench = make_bench(6)
    bench.job.write_text(bench.job.read_text().replace("{folder: pages}", '{folder: "${where}"}'))
    summary = docmill.run(bench.job, vars={"where": "pages"}, limit=2, store=bench.folder / "other.db")
    assert (summary.outcome, summary.pages.asked, summary.pages.pending) == ("limited", 2, 4)
    assert (bench.folder / "other.db").exists()
    bench.write_job()
    bench.job.write_text(bench.job.read_text().replace("{folder: pages}", '{list: "-"}'))
    some = [bench.folder / "pages" / "0003.jpg", bench.folder / "pages" / "0005.jpg"]
    assert docmill.run(bench.job, paths=some).pages.total == 2


@pytest.mark.parametrize(
    ("arguments", "more", "kind", "code"),
    [
        ([], "colour: red", errors.ManifestError, 2),
        (["--always", "500"], "on_error: {stop_after: 2}\nretry: {attempts: 1}", errors.FailedPages, 3),
        ([], "limits: {budget_usd: 0.02}", errors.BudgetReached, 4),
        (["--key", "another"], "", errors.ProviderRefused, 5),
        (["--always", "503"], "retry: {max_wait: 1s}", errors.ProviderUnavailable, 6),
        (["--latency", "300ms"], "limits: {run_time: 1s, concurrency: 1}", errors.DeadlineReached, 9),
    ],
)
def test_every_exit_code_has_its_class(
    make_bench: MakeBench, arguments: list[str], more: str, kind: type[errors.DocmillError], code: int
) -> None:
    bench = make_bench(8, *arguments)
    bench.write_job(more)
    with pytest.raises(kind) as caught:
        docmill.run(bench.job)
    error = caught.value
    assert type(error) is kind and error.exit_code == code
    assert error.is_retryable == (code in (6, 8, 9, 10))
    assert error.summary is not None and error.summary.exit_code == code, "a summary even of a faulty manifest"
    assert error.outcome == error.summary.outcome
    assert error.message and "exit code" not in error.message, error.message
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.exit_code, copy.hint, copy.summary) == (kind, code, error.hint, error.summary)


def test_a_store_that_cannot_be_written_is_a_storage_error(make_bench: MakeBench) -> None:
    bench = make_bench(1)
    (bench.folder / "file").write_text("")
    with pytest.raises(errors.StorageError):
        docmill.run(bench.job, store=bench.folder / "file" / "store.db")


def test_a_batch_is_pending_until_it_is_collected(make_bench: MakeBench) -> None:
    bench = make_bench(4, "--batch-time", "1s")
    bench.write_job("delivery: batch")
    with pytest.raises(errors.BatchPending) as pending:
        docmill.run(bench.job, once=True)
    assert pending.value.is_retryable and pending.value.summary and pending.value.summary.outcome == "batch_pending"
    for _ in range(100):
        try:
            summary = docmill.run(bench.job, once=True)
            break
        except errors.BatchPending:
            time.sleep(0.2)
    assert (summary.outcome, summary.pages.ok) == ("complete", 4)
    with pytest.raises(errors.ManifestError):
        bench.write_job("")
        docmill.run(bench.job, once=True)


def test_exit_codes_and_classes_agree() -> None:
    expected = {
        1: errors.InternalError,
        2: errors.ManifestError,
        3: errors.FailedPages,
        4: errors.BudgetReached,
        5: errors.ProviderRefused,
        6: errors.ProviderUnavailable,
        7: errors.QualityGate,
        8: errors.StorageError,
        9: errors.DeadlineReached,
        10: errors.BatchPending,
        130: errors.Interrupted,
        137: errors.Interrupted,
        143: errors.Interrupted,
        77: errors.InternalError,
    }
    assert {code: errors.error_class(code) for code in expected} == expected
    # The table of the README is what schedulers follow.
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = readme.split("| exit | outcome |")[1].split("\n\n")[0].splitlines()[2:]
    for row in rows:
        codes, _, action = (cell.strip() for cell in row.strip("|").split(" | "))
        for code in codes.split(" / "):
            kind = errors.error_class(int(code))
            is_retried = action.startswith(("retry", "run again"))
            assert code == "0" or kind.is_retryable == is_retried, row


def test_a_timeout_stops_docmill_which_stores_what_is_in_flight(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(60, "--latency", "500ms")
    bench.write_job("limits: {concurrency: 4}")
    # The timeout is over when the first replies are there, however slow this machine is.
    clock = SimpleNamespace(
        monotonic=lambda: time.monotonic() + (9000 if bench.requests() >= 8 else 0), sleep=time.sleep
    )
    monkeypatch.setattr("docmill._process.time", clock)
    with pytest.raises(errors.TimedOut) as caught:
        docmill.run(bench.job, timeout=timedelta(hours=2), grace=timedelta(seconds=30))
    monkeypatch.undo()
    error = caught.value
    assert isinstance(error, TimeoutError) and isinstance(error, errors.Interrupted) and error.is_retryable
    assert error.exit_code == 143 and error.summary is not None
    assert error.summary.raw["attempts"]["lost"] == 0 and 0 < error.summary.pages.ok < 60
    bench.write_job("limits: {concurrency: 16}")
    assert docmill.run(bench.job).pages.ok == 60
    assert bench.requests() == 60, "nothing is paid for twice"


def test_a_program_that_does_not_end_is_killed_after_the_grace_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = tmp_path / "docmill"
    stubborn.write_text(f"#!/bin/sh\ntrap 'echo term >> {tmp_path}/signals' TERM\nwhile :; do sleep 0.1; done\n")
    stubborn.chmod(0o755)
    monkeypatch.setenv("DOCMILL_PROGRAM", str(stubborn))
    monkeypatch.setattr("docmill._process.END_SECONDS", 0.3)
    with pytest.raises(errors.TimedOut) as caught:
        docmill.run("job.yaml", timeout=0.5, grace=0.2)
    assert caught.value.exit_code == 128 + signal.SIGKILL
    assert (tmp_path / "signals").read_text() == "term\n"


def test_a_run_can_be_stopped_from_another_thread(make_bench: MakeBench) -> None:
    bench = make_bench(60, "--latency", "500ms")
    bench.write_job("limits: {concurrency: 4}")
    stopper = Stopper()
    threading.Timer(2, stopper.stop).start()
    with pytest.raises(errors.Interrupted) as caught, stopper:
        docmill.run(bench.job)
    assert caught.value.exit_code == 143 and not isinstance(caught.value, errors.TimedOut)
    count = bench.requests()
    with pytest.raises(errors.Interrupted, match="before it began"), stopper:
        docmill.run(bench.job)
    assert bench.requests() == count


def test_a_program_that_ends_by_itself_has_not_timed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # It has reached its budget and is about to end when its time is over.
    ending = tmp_path / "docmill"
    ending.write_text("#!/bin/sh\ntrap 'exit 4' TERM\nwhile :; do sleep 0.1; done\n")
    ending.chmod(0o755)
    monkeypatch.setenv("DOCMILL_PROGRAM", str(ending))
    with pytest.raises(errors.BudgetReached) as caught:
        docmill.run("job.yaml", timeout=0.5)
    assert not isinstance(caught.value, errors.TimedOut) and caught.value.exit_code == 4


def test_docmill_ends_when_its_python_is_killed(make_bench: MakeBench) -> None:
    bench = make_bench(60, "--latency", "500ms")
    bench.write_job("limits: {concurrency: 4}")
    script = f"import docmill; docmill.run({str(bench.job)!r})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    python = subprocess.Popen([sys.executable, "-c", script], env=environment)
    while bench.requests() < 8:
        time.sleep(0.05)
    python.kill()
    python.wait()
    seen = -1
    while seen != (now := bench.requests()):
        seen = now
        time.sleep(1.5)
    assert seen < 60, "nobody goes on spending"
    bench.write_job("limits: {concurrency: 16}")
    assert docmill.run(bench.job).pages.ok == 60
    assert bench.requests() == 60


def test_a_key_reaches_docmill_and_is_nowhere_else(make_bench: MakeBench) -> None:
    bench = make_bench(3, "--key", "secret-of-python", "--latency", "300ms")
    bench.write_job("limits: {concurrency: 1}", provider=", api_key_env: NOT_SET")
    seen: list[bytes] = []

    def look(now: docmill.Progress) -> None:
        children = Path(f"/proc/{os.getpid()}/task").rglob("children") if sys.platform == "linux" else ()
        for child in " ".join(file.read_text() for file in children).split():
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            # The simulator, which knows the key, is another child.
            if b"\0run\0" in command:
                seen.extend((command, Path(f"/proc/{child}/environ").read_bytes()))

    assert docmill.run(bench.job, api_key="secret-of-python", progress=look).pages.ok == 3
    if sys.platform == "linux":
        assert any(b"--api-key-file" in text for text in seen), "a look at the process during the run"
    assert not any(b"secret-of-python" in text for text in seen)
    with pytest.raises(errors.ProviderRefused):
        docmill.run(bench.job, api_key="wrong", refresh=True)


def test_progress_and_log_lines_are_passed_on(make_bench: MakeBench, caplog: pytest.LogCaptureFixture) -> None:
    bench = make_bench(8, "--latency", "400ms")
    bench.write_job("limits: {concurrency: 1}")
    seen: list[docmill.Progress] = []
    with caplog.at_level(logging.INFO, logger="docmill"):
        docmill.run(bench.job, progress=seen.append)
    assert seen and seen[-1].pages_total == 8 and "pages" in seen[-1].text
    assert all(first.pages_finished <= second.pages_finished for first, second in zip(seen, seen[1:]))
    assert any("complete" in record.message for record in caplog.records)


def test_an_exception_of_a_callback_stops_docmill(make_bench: MakeBench) -> None:
    bench = make_bench(60, "--latency", "500ms")
    bench.write_job("limits: {concurrency: 4}")

    def fail(now: docmill.Progress) -> None:
        raise LookupError("a defect of the caller")

    with pytest.raises(LookupError):
        docmill.run(bench.job, progress=fail, grace=2)
    count = bench.requests()
    time.sleep(1)
    assert bench.requests() == count < 60


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_PROGRAM", "/nowhere/docmill")
    with pytest.raises(FileNotFoundError, match="/nowhere/docmill"):
        docmill.run("job.yaml")


def script(file: Path, text: str) -> Path:
    """A program of the shell."""
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_a_program_that_is_named_without_a_folder_is_not_searched_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin" / "other", "exit 5")
    script(tmp_path / "other", "exit 6")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=os.pathsep)
    for named in ("./other", "other"):
        monkeypatch.setenv("DOCMILL_PROGRAM", named)
        assert docmill.find_program() == tmp_path / "other"
        with pytest.raises(errors.ProviderUnavailable):
            docmill.run("job.yaml")


def test_a_single_path_may_have_line_feeds_and_a_text_is_no_list(make_bench: MakeBench) -> None:
    bench = make_bench(1)
    page = bench.folder / "pages" / "0000.jpg"
    bench.job.write_text(bench.job.read_text().replace("{folder: pages}", '{list: "-"}'))
    page = page.rename(page.with_name("one\npage.jpg"))
    summary = docmill.run(bench.job, paths=[page])
    assert (summary.pages.total, summary.pages.ok) == (1, 1)
    for one in (str(page), page):
        with pytest.raises(TypeError, match=r"pass a list, paths=\["):
            docmill.run(bench.job, paths=one)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"pass a list, stores=\['one.db'\]"):
        docmill.merge(bench.job, "one.db", store=bench.folder / "merged.db")


@pytest.mark.parametrize("grace", [float("inf"), float("nan"), -1, timedelta(seconds=-1)])
def test_a_grace_period_has_an_end(grace: float | timedelta) -> None:
    with pytest.raises(ValueError, match="grace must be a finite number of seconds"):
        docmill.run("job.yaml", grace=grace)


def test_a_summary_that_was_cut_short_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = """while [ "$1" != --summary ]; do shift; done; echo '{"outcome": "running"' >"$2"; """
    for end, kind in (("kill -9 $$", errors.Interrupted), ("exit 8", errors.StorageError)):
        monkeypatch.setenv("DOCMILL_PROGRAM", str(script(tmp_path / "cut", write + end)))
        with pytest.raises(kind) as caught:
            docmill.run("job.yaml")
        assert type(caught.value) is kind and caught.value.summary is None


def test_a_call_does_not_wait_for_what_docmill_has_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = f"sleep 300 & echo $! >{tmp_path}/pid; echo the last line >&2; exit 3"
    monkeypatch.setenv("DOCMILL_PROGRAM", str(script(tmp_path / "leaving", left)))
    with pytest.raises(errors.FailedPages, match="the last line"):
        docmill.run("job.yaml")
    # It has the pipe of the log lines, and is still running.
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_log_lines_are_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lines = """head -c 200000 /dev/zero | tr '\\0' x >&2; printf '\\nsecond\\n\\nüch' >&2; exit 6"""
    monkeypatch.setenv("DOCMILL_PROGRAM", str(script(tmp_path / "lines", lines)))
    with pytest.raises(errors.ProviderUnavailable, match="üch"):
        docmill.run("job.yaml")
    assert [record.getMessage() for record in caplog.records] == ["x" * 200_000, "second", "üch"]


def test_progress_is_shown_in_every_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    display = SimpleNamespace(HTML=str, display=lambda *shown, **named: None)
    kernel = type("ZMQInteractiveShell", (), {})
    shells = {kernel: True, type("Shell", (kernel,), {}): True, type("TerminalInteractiveShell", (), {}): False}
    for shell, is_notebook in shells.items():
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=shell))
        monkeypatch.setitem(sys.modules, "IPython.display", display)
        assert (notebook_display() is not None) == is_notebook, shell
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert notebook_display() is None
