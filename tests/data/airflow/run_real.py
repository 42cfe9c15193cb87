"""Run the DAG of a file with the installed Airflow: run_real.py DAG_FILE CODE_FILE CODE...

Each CODE is written to CODE_FILE, which tells a stand-in for docmill how to end. `hang` ends a run
by the timeout of its task. Prints the code, the last state of the task, and how often it was tried:
it may be retried once, at once.
"""

import datetime
import importlib.util
import sys
from pathlib import Path

dag_file, code_file, *codes = sys.argv[1:]
spec = importlib.util.spec_from_file_location("mail_dag", dag_file)
module = importlib.util.module_from_spec(spec)
sys.modules["mail_dag"] = module
spec.loader.exec_module(module)
dag = module.mail()
label = dag.get_task("label_mail")
assert label.retries >= 1
label.retries, label.retry_delay = 1, datetime.timedelta(0)

for at, code in enumerate(codes):
    Path(code_file).write_text(code)
    if code == "hang":
        label.execution_timeout = datetime.timedelta(seconds=2)
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(days=at)
    run = dag.test(logical_date=start)
    for task in run.get_task_instances():
        print("STATE", code, task.state, task.try_number, flush=True)
