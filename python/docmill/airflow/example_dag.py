"""An example: the mail of each night, priced, approved, labelled in eight shards, merged and measured."""

import datetime

from airflow.sdk import dag

from docmill.airflow import docmill_task_group

FOLDER = "/srv/mail"


@dag(schedule="15 2 * * *", start_date=datetime.datetime(2026, 1, 1), catchup=False)
def mail() -> None:
    """Label the scans of the night."""
    docmill_task_group(
        job=f"{FOLDER}/job.yaml",
        vars={"date": "{{ ds }}"},
        shards=8,
        store_dir=f"{FOLDER}/stores/{{{{ ds }}}}",
        max_usd=50,
        budget_usd=60,
        conn_id="docmill_provider",
        approval=True,
        truth=f"{FOLDER}/labels.csv",
        min_accuracy="kind=0.9",
    )


mail()
