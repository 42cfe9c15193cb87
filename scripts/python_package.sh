#!/usr/bin/env bash
# The Python package from a fresh virtual environment: builds the wheel, installs it, runs the demo through Python,
# reads its rows in pandas, then runs tests/python with the installed package and checks its types. If
# DOCMILL_AIRFLOW names a Python with Airflow, pytest and mypy, the wheel is installed there, too, and the operators run;
# likewise DOCMILL_RAY one with Ray, pytest and pyarrow, and a cluster of four nodes.
#
# Usage: python_package.sh [WHEEL]. With WHEEL, such as that of scripts/dist.sh, nothing is built. Prints a line
# `skipped: NEED` for what is missing; the exit code is 77 if the package could not be tried.
set -euo pipefail
wheel=${1:+$(realpath "$1")}
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/pip.log"
export PIP_DISABLE_PIP_VERSION_CHECK=1
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
unset DOCMILL_STORE

# Without a network, pip gives up soon. It compiles no bytecode of what is imported once.
export PIP_RETRIES=1 PIP_DEFAULT_TIMEOUT=15
install() { "$1/bin/pip" install -q --no-compile "${@:2}" >"$work/pip.log" 2>&1; }
# Ends the script: it needs what pip could not install.
unavailable() {
  tail -3 "$work/pip.log" >&2
  echo "skipped: $1"
  exit 77
}

# Ends the script where a virtual environment can't be made.
environment() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' && python3 -m venv "$1" >"$work/pip.log" 2>&1 ||
    unavailable "python3 (3.10 or newer, with venv)"
}

if [ -z "$wheel" ]; then
  environment "$work/build"
  install "$work/build" "maturin>=1.9,<2" || unavailable maturin
  # The same profile and target folder as `cargo run --release`, so that nothing is compiled twice.
  "$work/build/bin/maturin" build --release --locked --out "$work/wheels" >"$work/maturin.log" 2>&1 ||
    { tail -50 "$work/maturin.log" >&2; exit 1; }
  wheel=$(echo "$work"/wheels/docmill-*.whl)
fi

# A fresh environment, as a user has it: the wheel needs nothing but itself.
environment "$work/fresh"
"$work/fresh/bin/pip" install -q --no-index "$wheel"
test "$("$work/fresh/bin/docmill" --version)" = "docmill $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)"
test -z "$("$work/fresh/bin/pip" list --format freeze | grep -v -E '^(docmill|pip|setuptools)')"
if (cd "$work" && "$work/fresh/bin/python" -c 'import docmill; docmill.rows("job.yaml")') 2>"$work/error"; then exit 1; fi
grep -q "pip install 'docmill\[rows\]'" "$work/error"
install "$work/fresh" "$wheel[pandas]" pytest mypy || unavailable "pandas, pyarrow, pytest and mypy"
install "$work/fresh" dagster openlineage-python || echo "skipped: dagster and openlineage-python"
mkdir "$work/demo"
cp -r sample_data jobs schemas "$work/demo"
rm -rf "$work/demo/jobs/.docmill"
(cd "$work/demo" && "$work/fresh/bin/python" - <<'PYTHON'
import docmill

plan = docmill.plan("jobs/demo.yaml")
summary = docmill.run("jobs/demo.yaml", budget_usd="2")
assert (plan.pages, summary.pages.total, summary.pages.ok, summary.pages.failed) == (53, 53, 52, 1), summary
assert abs(summary.cost_usd - plan.cost_usd) < plan.cost_usd / 50, (plan.cost_usd, summary.cost_usd)
frame = docmill.rows("jobs/demo.yaml", format="pandas")
assert len(frame) == 53 and frame["kind"].notna().sum() == 52, frame
assert docmill.run("jobs/demo.yaml").cost_usd == 0
print(f"the demo through Python: {len(frame)} rows, USD {summary.cost_usd}")
PYTHON
)
# The installed package, not that of the checkout.
check() { (cd "$work" && env -u PYTHONPATH DOCMILL="$(dirname "$1")/docmill" "$1" -m pytest -q --disable-warnings -p no:cacheprovider \
  -c "$root/pyproject.toml" --rootdir "$root" -o pythonpath= "${@:2}"); }
check "$work/fresh/bin/python" --ignore "$root/tests/python/test_airflow.py" "$root/tests/python"
"$work/fresh/bin/python" -m mypy --cache-dir "$work/mypy" --strict python/docmill/*.py python/docmill/ray/*.py

if [ -n "${DOCMILL_AIRFLOW:-}" ]; then
  "$DOCMILL_AIRFLOW" -m pip install -q --no-deps --force-reinstall "$wheel"
  check "$DOCMILL_AIRFLOW" "$root/tests/python/test_airflow.py"
  "$DOCMILL_AIRFLOW" -m mypy --cache-dir "$work/mypy" --strict
else
  echo "skipped: airflow (DOCMILL_AIRFLOW)"
fi
if [ -n "${DOCMILL_RAY:-}" ]; then
  "$DOCMILL_RAY" -m pip install -q --no-deps --force-reinstall "$wheel"
  check "$DOCMILL_RAY" "$root/tests/python/test_ray.py"
else
  echo "skipped: ray (DOCMILL_RAY)"
fi
