"""The operators in a real Airflow, against the simulator."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Bench

pytest.importorskip("airflow.sdk")

MakeBench = Callable[..., Bench]


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database of Airflow for this session."""
    home = tmp_path_factory.mktemp("airflow")
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }
    (home / "dags").mkdir()
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    yield home


def run_dag(home: Path, code: str, **environment: str) -> dict[str, tuple[str, int]]:
    """Runs the DAG `dag` of some code in a process of its own: task id (and map index) -> state and number of tries.

    A retry takes place at once. `XCOM` lines hold what tasks returned.
    """
    file = home / "dags" / "dag.py"
    file.write_text(code)
    driver = [sys.executable, str(ROOT / "tests" / "python" / "run_dag.py"), str(file)]
    # The package that is tested: the installed one, or that of the checkout.
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment}
    done = subprocess.run(driver, env=variables, capture_output=True, text=True, timeout=300)
    (home / "output").write_text(done.stdout + done.stderr)
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("STATE "):
            _, task, state, tries = line.split(" ")
            found[task] = (state, int(tries))
    assert found, done.stdout + done.stderr
    return found


def output(home: Path) -> str:
    """What the last run of a DAG printed."""
    return (home / "output").read_text()


HEAD = """
import datetime
from airflow.sdk import dag
from docmill.airflow import *

def one(operator):
    @dag(schedule=None, start_date=datetime.datetime(2026, 1, 1))
    def night():
        operator()
    return night()
"""


def test_an_operator_runs_a_job_with_the_key_of_a_connection(airflow_home: Path, make_bench: MakeBench) -> None:
    bench = make_bench(3, "--key", "secret-of-airflow")
    bench.write_job(provider=", api_key_env: NOT_SET")
    bench.job.write_text(bench.job.read_text().replace("{folder: pages}", '{folder: "${where}"}'))
    code = f"""{HEAD}
dag = one(lambda: DocmillOperator(
    task_id="label", job={str(bench.job)!r}, vars={{"where": "{{{{ 'pages' }}}}"}}, budget_usd="{{{{ 1 + 1 }}}}",
    conn_id="docmill_provider"))
"""
    connection = '{"conn_type": "generic", "password": "secret-of-airflow"}'
    states = run_dag(airflow_home, code, AIRFLOW_CONN_DOCMILL_PROVIDER=connection)
    assert states == {"label": ("success", 1)}, output(airflow_home)
    text = output(airflow_home)
    assert "'ok': 3" in text and "XCOM label" in text, text
    assert "pages" in text and "secret-of-airflow" not in text
    xcom = next(line for line in text.splitlines() if line.startswith("XCOM label"))
    assert len(xcom) < 2000 and "0001.jpg" not in xcom, "a small summary without rows"


# Exit code of docmill -> state and number of tries of a task with one retry.
ENDS = {
    0: ("success", 1),
    1: ("failed", 1),
    2: ("failed", 1),
    3: ("failed", 1),
    4: ("failed", 1),
    5: ("failed", 1),
    6: ("failed", 2),
    7: ("failed", 1),
    8: ("failed", 2),
    9: ("failed", 2),
    130: ("failed", 2),
    143: ("failed", 2),
}


def test_every_exit_code_ends_a_task_as_documented(airflow_home: Path, tmp_path: Path) -> None:
    stand_in = tmp_path / "docmill"
    stand_in.write_text(
        "#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in --summary) file=$2;; --var=code=*) code=${1#--var=code=};; esac; shift; done\n"
        'echo "{\\"outcome\\": \\"o\\", \\"exit_code\\": $code}" > $file\nexit $code\n'
    )
    stand_in.chmod(0o755)
    tasks = "\n".join(
        f"        DocmillOperator(task_id='end_{code}', job='job.yaml', vars={{'code': '{code}'}}, retries=1)"
        for code in ENDS
    )
    code = f"""{HEAD}
def tasks():
{tasks}
    DocmillOperator(task_id='skipped', job='job.yaml', vars={{'code': '4'}}, on_budget='skip')
dag = one(tasks)
""".replace("        DocmillOperator(task_id='end", "    DocmillOperator(task_id='end")
    states = run_dag(airflow_home, code, DOCMILL_PROGRAM=str(stand_in))
    expected: dict[str, Any] = {f"end_{code}": end for code, end in ENDS.items()}
    assert states == {**expected, "skipped": ("skipped", 1)}, output(airflow_home)


def test_the_documentation_says_what_every_exit_code_does() -> None:
    text = (ROOT / "docs" / "airflow.md").read_text(encoding="utf-8")
    rows = text.split("| exit code | Airflow |")[1].split("\n\n")[0].splitlines()[2:]
    found = {}
    for row in rows:
        codes, action = (cell.strip() for cell in row.strip("|").split(" | "))
        for word in codes.replace(",", " ").split():
            if word.isdigit() and word != "10":
                state = "success" if action == "success" else "failed"
                found[int(word)] = (state, 2 if action.startswith("is retried") else 1)
    assert found == ENDS


def test_a_pending_batch_reschedules_the_task(airflow_home: Path) -> None:
    from airflow.sdk.exceptions import AirflowRescheduleException

    from docmill import errors
    from docmill.airflow.operators import _judged

    with pytest.raises(AirflowRescheduleException), _judged("fail", 60.0):
        raise errors.BatchPending("the batch is not ready")


OPERATORS = {
    "DocmillOperator": {},
    "DocmillPlanOperator": {},
    "DocmillMergeOperator": {"stores": ["0.db"], "store": "merged.db"},
    "DocmillEvalOperator": {},
}


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_stops_docmill_when_its_task_is_stopped(
    airflow_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from airflow.sdk.exceptions import AirflowException

    import docmill.airflow

    assert set(OPERATORS) == {name for name in docmill.airflow.__all__ if name.endswith("Operator")}
    stand_in = tmp_path / "docmill"
    stand_in.write_text(
        f"#!/bin/sh\ntrap 'touch {tmp_path}/stopped; exit 143' TERM\ntouch {tmp_path}/started\nwhile :; do sleep 0.1; done\n"
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("DOCMILL_PROGRAM", str(stand_in))
    operator = getattr(docmill.airflow, name)(task_id="task", job="job.yaml", **OPERATORS[name])
    raised: list[BaseException] = []

    def execute() -> None:
        try:
            operator.execute({})
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=execute)
    thread.start()
    for _ in range(300):
        if (tmp_path / "started").exists():
            break
        time.sleep(0.1)
    operator.on_kill()
    thread.join(60)
    assert (tmp_path / "stopped").exists() and not thread.is_alive()
    # It is retried.
    assert [type(error) for error in raised] == [AirflowException], raised


def test_the_timeout_of_a_task_stops_docmill_and_the_retry_continues(
    airflow_home: Path, make_bench: MakeBench
) -> None:
    bench = make_bench(16, "--latency", "500ms")
    bench.write_job("limits: {concurrency: 2}")
    code = f"""{HEAD}
dag = one(lambda: DocmillOperator(
    task_id="label", job={str(bench.job)!r}, retries=4, execution_timeout=datetime.timedelta(seconds=3)))
"""
    states = run_dag(airflow_home, code)
    state, tries = states["label"]
    assert state == "success" and tries >= 2, output(airflow_home)
    assert bench.requests() == 16, "nothing is paid for twice"


def test_a_plan_above_the_maximum_fails_or_skips(airflow_home: Path, make_bench: MakeBench) -> None:
    bench = make_bench(4)
    code = f"""{HEAD}
def tasks():
    DocmillPlanOperator(task_id="cheap", job={str(bench.job)!r}, max_usd=5)
    DocmillPlanOperator(task_id="dear", job={str(bench.job)!r}, max_usd=0.001, retries=1)
    DocmillPlanOperator(task_id="skipped", job={str(bench.job)!r}, max_usd=0.001, on_budget="skip")
dag = one(tasks)
"""
    states = run_dag(airflow_home, code)
    assert states == {"cheap": ("success", 1), "dear": ("failed", 1), "skipped": ("skipped", 1)}, output(airflow_home)
    assert bench.requests() == 0


def group(bench: Bench, more: str = "") -> str:
    """A DAG with the task group of four shards."""
    return f"""{HEAD}
dag = one(lambda: docmill_task_group(
    job={str(bench.job)!r}, shards=4, store_dir={str(bench.folder / "stores")!r}, max_usd=5, budget_usd=4, {more}))
"""


def test_the_task_group_labels_every_page_once_although_a_shard_is_killed(
    airflow_home: Path, make_bench: MakeBench
) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    bench = make_bench(24, "--latency", "1s")
    bench.write_job("limits: {concurrency: 8}")
    (bench.folder / "stores").mkdir()
    # The second shard is killed once, in the middle; the scheduler retries it.
    killer = bench.folder / "docmill"
    killer.write_text(
        "#!/bin/sh\n"
        f"case \" $* \" in *' --shard=1/4 '*) if mkdir {bench.folder}/killed 2>/dev/null; then\n"
        "  (sleep 1; kill -9 $$) &\n"
        f"fi;; esac\nexec {os.environ['DOCMILL_PROGRAM']} \"$@\"\n"
    )
    killer.chmod(0o755)
    labels = bench.folder / "labels.csv"
    labels.write_text("path,kind\n" + "".join(f"{at:04}.jpg,form\n" for at in range(24)))
    code = group(bench, f"truth={str(labels)!r}, min_accuracy=0.99, retry_delay=datetime.timedelta(0)")
    states = run_dag(airflow_home, code, DOCMILL_PROGRAM=str(killer))
    text = output(airflow_home)
    assert (bench.folder / "killed").exists()
    assert {task: state for task, (state, _) in states.items()} == {
        "docmill.plan": "success",
        "docmill.run[0]": "success",
        "docmill.run[1]": "success",
        "docmill.run[2]": "success",
        "docmill.run[3]": "success",
        "docmill.merge": "success",
        # These labels are wrong on purpose.
        "docmill.gate": "failed",
    }, text
    assert states["docmill.run[1]"][1] == 2 and states["docmill.gate"][1] == 1, text
    table = pyarrow.parquet.read_table(bench.folder / "rows.parquet")
    assert sorted(table["path"].to_pylist()) == [f"{at:04}.jpg" for at in range(24)]
    assert set(table["status"].to_pylist()) == {"ok"}
    # Only what was in flight at the kill may be asked again.
    assert 24 <= bench.requests() <= 24 + 8


def test_the_example_dag_is_valid(airflow_home: Path) -> None:
    from airflow.sdk import DAG

    from docmill.airflow import example_dag

    found = example_dag.mail()
    assert isinstance(found, DAG)
    assert set(found.task_ids) == {f"docmill.{name}" for name in ("plan", "approve", "run", "merge", "gate")}
    assert found.get_task("docmill.approve").upstream_task_ids == {"docmill.plan"}
    assert found.get_task("docmill.run").upstream_task_ids == {"docmill.approve"}


def test_the_price_is_approved_by_a_person(airflow_home: Path, make_bench: MakeBench) -> None:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
    from airflow.sdk import DAG

    from docmill.airflow import docmill_task_group

    with DAG("night") as dag:
        docmill_task_group("job.yaml", store_dir="stores", shards=2, approval=True)
    approve = dag.get_task("docmill.approve")
    assert isinstance(approve, ApprovalOperator)
    assert "docmill.plan" in approve.subject and dag.get_task("docmill.run").upstream_task_ids == {"docmill.approve"}
