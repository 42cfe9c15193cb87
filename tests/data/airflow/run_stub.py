"""Run the task of a DAG file once, without Airflow: run_stub.py DAG_FILE. Prints what Airflow would do."""

import json
import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "stub"))

from airflow.sdk import tasks
from airflow.sdk.exceptions import AirflowException, AirflowFailException

runpy.run_path(sys.argv[1])
try:
    print("ok", json.dumps(tasks["label_mail"](ds="2026-11-23")))
except AirflowFailException as error:
    print("fail", error)
except AirflowException as error:
    print("retry", error)
