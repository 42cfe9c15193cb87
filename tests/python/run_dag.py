"""Runs the DAG `dag` of a file with the installed Airflow: run_dag.py FILE. Prints the state of every task, how often
it was tried, and what it returned. Retries take place at once."""

import datetime
import importlib.util
import sys

spec = importlib.util.spec_from_file_location("night", sys.argv[1])
assert spec is not None and spec.loader is not None
module = importlib.util.module_from_spec(spec)
sys.modules["night"] = module
spec.loader.exec_module(module)
dag = module.dag
for task in dag.tasks:
    # A mapped task gets its delay as an argument.
    if not task.is_mapped:
        task.retry_delay = datetime.timedelta(0)
run = dag.test(logical_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc))
for instance in run.get_task_instances():
    name = instance.task_id if instance.map_index < 0 else f"{instance.task_id}[{instance.map_index}]"
    print("STATE", name, instance.state, instance.try_number, flush=True)
    if instance.map_index < 0:
        print("XCOM", name, instance.xcom_pull(task_ids=instance.task_id), flush=True)
