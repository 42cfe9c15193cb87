"""Runs that a real Dagster starts, and events that OpenLineage's own classes accept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Bench, program

MakeBench = Callable[..., Bench]


def test_a_dagster_asset_is_materialized_with_what_the_run_did(make_bench: MakeBench) -> None:
    dg: Any = pytest.importorskip("dagster")
    bench = make_bench(3)

    def labels(context: Any, pipes: Any) -> Any:
        command = [program(), "run", str(bench.job), "-q"]
        return pipes.run(command=command, context=context).get_materialize_result()

    # Dagster reads annotations as objects.
    labels.__annotations__ = {"context": dg.AssetExecutionContext, "pipes": dg.ResourceParam[dg.PipesSubprocessClient]}
    asset = dg.asset(labels)

    def materialize(raises: bool) -> Any:
        resources = {"pipes": dg.PipesSubprocessClient()}
        return dg.materialize([asset], resources=resources, raise_on_error=raises)

    result = materialize(True)
    metadata = result.asset_materializations_for_node("labels")[0].metadata
    assert metadata["pages_ok"].value == 3 and metadata["cost_usd"].value > 0
    assert metadata["outcome"].value == "complete"
    assert Path(metadata["output_parquet"].value) == bench.folder / "rows.parquet"
    bench.write_job("colour: red")
    failed = materialize(False)
    assert not failed.success and not failed.asset_materializations_for_node("labels")


def test_events_are_what_openlineage_specifies(make_bench: MakeBench) -> None:
    generated: Any = pytest.importorskip("openlineage.client.generated.base")
    from openlineage.client.facet_v2 import (  # type: ignore[import-not-found,unused-ignore]
        error_message_run,
        input_statistics_input_dataset,
        job_type_job,
        output_statistics_output_dataset,
        parent_run,
    )

    kinds: dict[str, Any] = {
        "errorMessage": error_message_run.ErrorMessageRunFacet,
        "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet,
        "jobType": job_type_job.JobTypeJobFacet,
        "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
        "parent": parent_run.ParentRunFacet,
    }
    checked: set[str] = set()

    def check(facets: dict[str, Any]) -> None:
        for name, facet in facets.items():
            assert facet["_producer"] and facet["_schemaURL"], facet
            if name == "docmill_run":
                continue
            members = {key: value for key, value in facet.items() if not key.startswith("_")}
            if name == "parent":
                members = {"run": parent_run.Run(**members["run"]), "job": parent_run.Job(**members["job"])}
            assert facet["_schemaURL"].split("/")[-1] == kinds[name](**members)._schemaURL.split("/")[-1]
            checked.add(name)

    bench = make_bench(2, "--key", "right")
    bench.write_job(provider=", api_key_env: NOT_SET")
    from docmill._process import Child

    events = bench.folder / "events.jsonl"
    parent = "airflow/mail.label/01890a5d-ac96-774b-bcce-b302099a8057"
    arguments = ["run", str(bench.job), "--lineage", str(events), "--lineage-parent", parent]
    assert Child(arguments, api_key="wrong").execute().code == 5
    assert Child(arguments, api_key="right").execute().code == 0
    read = [json.loads(line) for line in events.read_text().splitlines()]
    assert [event["eventType"] for event in read] == ["START", "FAIL", "START", "COMPLETE"]
    for event in read:
        # The classes check UUIDs, times and URLs.
        generated.Run(runId=event["run"]["runId"])
        generated.Job(namespace=event["job"]["namespace"], name=event["job"]["name"])
        generated.EventType(event["eventType"])
        check(event["run"]["facets"])
        check(event["job"]["facets"])
        for dataset in event["inputs"]:
            check(dataset.get("inputFacets", {}))
        for dataset in event["outputs"]:
            check(dataset.get("outputFacets", {}))
    assert checked == set(kinds)
