"""Closed lists of the documentation, compared with the package."""

from __future__ import annotations

import ast
import inspect
import re

from conftest import ROOT

import docmill
import docmill.ray
from docmill import _process, errors
from docmill.ray._attempt import Timing


def table(name: str, heading: str) -> dict[str, list[str]]:
    """The rows of the table that begins with a heading, by their first cell."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    rows = text.split(heading)[1].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    return {row[0].strip("` ").split("`")[0]: row[1:] for row in cells}


def test_every_error_is_documented_with_its_exit_code() -> None:
    rows = table("python.md", "| class | exit code | retryable |")
    assert set(rows) | {"DocmillError"} == {name for name in errors.__all__ if name[0].isupper()}
    for name, (codes, retryable) in rows.items():
        kind = getattr(errors, name)
        assert kind.is_retryable == (retryable == "yes"), name
        for code in re.findall(r"\b\d+\b", codes.split(", or")[0]):
            assert errors.error_class(int(code)) is kind, name
    assert issubclass(errors.TimedOut, (errors.Interrupted, TimeoutError))


def test_every_function_is_documented() -> None:
    rows = table("python.md", "| function | runs | returns |")
    functions = {name for name in docmill.__all__ if inspect.isfunction(getattr(docmill, name))}
    assert {name.removeprefix("docmill.") for name in rows} == functions - {"find_program"}
    assert "`docmill.find_program()`" in (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def test_every_argument_has_a_description() -> None:
    for function in (docmill.run, docmill.plan, docmill.rows, docmill.merge, docmill.evaluate, docmill.ray.run):
        described = set(re.findall(r"^ {4}(\w+): ", (inspect.getdoc(function) or "").split("Args:")[1], re.MULTILINE))
        assert set(inspect.signature(function).parameters) <= described, function.__module__


def test_the_time_until_a_kill_is_documented() -> None:
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert f"`grace` ({_process.DEFAULT_GRACE:g} s)" in text
    words = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 8: "eight", 10: "ten"}
    after = f"{words[int(_process.END_SECONDS)]} seconds after"
    assert f"{after} `grace`" in text
    assert f"{after} ``grace``" in " ".join((inspect.getdoc(docmill.run) or "").split())


def test_the_examples_of_the_documentation_are_python() -> None:
    for name in ("python.md", "airflow.md", "lineage.md", "ray.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        assert blocks, name
        for block in blocks:
            ast.parse(block)


def test_the_times_of_leases_and_copies_are_documented() -> None:
    text = " ".join((ROOT / "docs" / "ray.md").read_text(encoding="utf-8").split())
    timing = Timing()
    assert f"a lease of {timing.lease:g} s, which is renewed every {timing.renewal:g} s" in text
    assert timing.copy == 60 and "copied to `store_dir` every minute" in text
