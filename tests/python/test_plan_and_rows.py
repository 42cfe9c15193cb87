"""docmill.plan, docmill.rows, docmill.evaluate."""

from __future__ import annotations

import builtins
import importlib.util
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Bench

import docmill
from docmill import errors

MakeBench = Callable[..., Bench]


def test_a_plan_has_pages_and_costs_and_sends_nothing(make_bench: MakeBench) -> None:
    bench = make_bench(4)
    plan = docmill.plan(bench.job)
    assert (plan.pages, plan.to_ask, plan.answered) == (4, 4, 0)
    assert plan.cost_low_usd is not None and plan.cost_usd is not None and plan.cost_high_usd is not None
    assert Decimal(0) < plan.cost_low_usd <= plan.cost_usd <= plan.cost_high_usd
    assert plan.minutes is not None and bench.requests() == 0
    spent = docmill.run(bench.job).cost_usd
    assert spent is not None and abs(spent - plan.cost_usd) < plan.cost_usd / 20
    assert docmill.plan(bench.job).to_ask == 0
    # A store that does not exist yet, and one of an earlier night.
    store = bench.job.parent / "tonight.db"
    assert docmill.plan(bench.job, store=store).to_ask == 4
    assert docmill.plan(bench.job, store=store, base=bench.job.parent / "store.db").to_ask == 0
    assert plan.to_dict()["cost_usd"] == str(plan.cost_usd)


def test_a_plan_of_a_faulty_manifest_is_an_error(make_bench: MakeBench) -> None:
    bench = make_bench(1)
    bench.write_job("colour: red")
    with pytest.raises(errors.ManifestError, match="colour"):
        docmill.plan(bench.job)


def test_rows_as_arrow_and_as_a_frame(make_bench: MakeBench) -> None:
    pytest.importorskip("pyarrow")
    bench = make_bench(4)
    docmill.run(bench.job)
    table = docmill.rows(bench.job)
    assert table.num_rows == 4 and table["status"].to_pylist() == ["ok"] * 4
    assert table["path"].to_pylist() == [f"{at:04}.jpg" for at in range(4)]
    one = docmill.rows(bench.job, where='path = "0002.jpg"')
    assert one.num_rows == 1
    pytest.importorskip("pandas")
    frame = docmill.rows(bench.job, format="pandas")
    assert list(frame["path"]) == table["path"].to_pylist() and frame["cost_usd"].notna().all()
    with pytest.raises(ValueError, match="csv"):
        docmill.rows(bench.job, format="csv")  # type: ignore[call-overload]


def test_rows_of_a_job_without_a_run_are_an_error(make_bench: MakeBench) -> None:
    pytest.importorskip("pyarrow")
    bench = make_bench(1)
    with pytest.raises(errors.ManifestError) as caught:
        docmill.rows(bench.job)
    assert caught.value.hint is not None


def test_rows_without_pyarrow_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **named: Any) -> Any:
        if name.split(".")[0] == "pyarrow":
            raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"pip install 'docmill\[rows\]'"):
        docmill.rows("job.yaml")


def test_values_may_begin_with_a_dash(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench(2)
    monkeypatch.chdir(bench.folder)
    bench.job.rename("-job.yaml")
    assert docmill.run("-job.yaml", store="-store.db").pages.ok == 2
    assert docmill.run("-job.yaml", store="-store.db", retry="failed", where="-1 < cost_usd").pages.ok == 2
    tonight = docmill.run("-job.yaml", shard="0/1", store="-shard.db", base="-store.db", tasks="kind")
    assert tonight.pages.from_store == 2
    plan = docmill.plan("-job.yaml", store="-third.db", base="-store.db", refresh=True, where="-1 < cost_usd")
    assert plan.to_ask == 2
    (bench.folder / "-labels.csv").write_text("path,kind\n0000.jpg,form\n")
    assert docmill.evaluate("-job.yaml", store="-store.db", truth="-labels.csv", where="-1 < cost_usd")
    assert docmill.merge("-job.yaml", ["-shard.db"], store="-merged.db").pages.ok == 2
    assert (bench.folder / "-merged.db").exists()
    pytest.importorskip("pyarrow")
    assert docmill.rows("-job.yaml", store="-store.db", where="-1 < cost_usd").num_rows == 2


def test_a_result_that_cannot_be_read_is_an_error_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "docmill"
    other.write_text("#!/bin/sh\necho hi\n")
    other.chmod(0o755)
    monkeypatch.setenv("DOCMILL_PROGRAM", str(other))
    calls: list[Callable[[], object]] = [
        lambda: docmill.plan("job.yaml"),
        lambda: docmill.evaluate("job.yaml"),
        lambda: docmill.run("job.yaml"),
        lambda: docmill.merge("job.yaml", ["a.db"], store="b.db"),
    ]
    if importlib.util.find_spec("pyarrow"):
        calls.append(lambda: docmill.rows("job.yaml"))
    for call in calls:
        with pytest.raises(errors.InternalError, match="can't be read") as caught:
            call()
        assert caught.value.exit_code == 1 and caught.value.hint == f"the program is {other}"


def test_a_quality_gate_that_is_not_reached(make_bench: MakeBench) -> None:
    bench = make_bench(4)
    docmill.run(bench.job)
    labels = bench.folder / "labels.csv"
    labels.write_text("path,kind\n" + "".join(f"{at:04}.jpg,form\n" for at in range(4)))
    assert docmill.evaluate(bench.job, truth=labels)
    with pytest.raises(errors.QualityGate) as caught:
        docmill.evaluate(bench.job, truth=labels, min_accuracy=0.99)
    assert caught.value.exit_code == 7 and not caught.value.is_retryable
