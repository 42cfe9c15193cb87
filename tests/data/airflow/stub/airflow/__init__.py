"""Stands for Airflow where it is not installed."""
