#!/usr/bin/env bash
# Tests with third-party programs: the official `openai` Python client against the simulator,
# docmill's outputs against readers of data lakes, its metrics against statistics packages, docmill against
# nginx with a static reply, the Python package in Python and Airflow, the Kubernetes manifests, and the review page in a
# browser. If a program is unavailable, its test is skipped
# with a message.
set -euo pipefail
cd "$(dirname "$0")/.."
docmill=${DOCMILL:-${CARGO_TARGET_DIR:-target}/release/docmill}
work=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; rm -rf "$work"' EXIT

# As tests/it/harness/skip.rs does it.
skip() {
  echo "skipped: scripts/peers.sh needs $1"
  if [ -n "${DOCMILL_SKIP_LOG:-}" ]; then echo "$1: scripts/peers.sh" >>"$DOCMILL_SKIP_LOG"; fi
}

# Runs a script that prints a line `skipped: NEED` for what is missing, and exits with 77 if nothing could be tried.
run_with_skips() {
  local code=0 need
  "$@" | tee "$work/lines" | { grep -v "^skipped: " || true; } || code=$?
  while read -r need; do skip "$need"; done < <(sed -n 's/^skipped: //p' "$work/lines")
  [ "$code" = 0 ] || [ "$code" = 77 ] || exit "$code"
}

# Whether a program that was started in the background still runs.
running() { kill -0 "$1" 2>/dev/null || { echo "$2 ended early" >&2; exit 1; }; }

# The openai client, in its own virtual environment.
if python3 -m venv "$work/venv" >/dev/null 2>&1 && "$work/venv/bin/pip" install -q openai >/dev/null 2>&1; then
  "$docmill" simulate --port 0 --requests-per-minute 60 --bucket-seconds 2 --lifetime 120s >"$work/url" &
  pids+=($!)
  for _ in $(seq 100); do [ -s "$work/url" ] && break; sleep 0.1; done
  running "${pids[-1]}" "the simulator"
  "$work/venv/bin/python" scripts/openai_client.py "$(cat "$work/url")" sample_data/pages/mail/invoice-001.jpg
else
  skip "the openai Python client"
fi

# Readers of data lakes, in their own virtual environment.
if python3 -m venv "$work/lake" >/dev/null 2>&1 && "$work/lake/bin/pip" install -q duckdb polars pyarrow >/dev/null 2>&1; then
  "$work/lake/bin/python" scripts/lake_readers.py "$docmill"
else
  skip "duckdb, polars and pyarrow"
fi

# Reference values of metrics, in their own virtual environment.
if python3 -m venv "$work/statistics" >/dev/null 2>&1 && "$work/statistics/bin/pip" install -q scikit-learn statsmodels >/dev/null 2>&1; then
  "$work/statistics/bin/python" scripts/eval_reference.py check tests/it/eval/vectors.json
else
  skip "scikit-learn and statsmodels"
fi

# nginx with a static reply.
if ! command -v nginx >/dev/null && [ "$(id -u)" = 0 ]; then
  (apt-get install -y -q nginx-light || { apt-get update -q && apt-get install -y -q nginx-light; }) >/dev/null 2>&1 || true
fi
if command -v nginx >/dev/null; then
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >"$work/nginx.conf" <<NGINX
daemon off; pid $work/nginx.pid; error_log $work/error.log; worker_processes 1;
events {}
http {
  access_log off; client_max_body_size 20m; client_body_temp_path $work/body; proxy_temp_path $work/p;
  fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server {
    listen 127.0.0.1:$port;
    location = /v1/chat/completions {
      default_type application/json;
      return 200 '{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{\\\\"kind\\\\":\\\\"letter\\\\"}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}';
    }
  }
}
NGINX
  timeout 60 nginx -c "$work/nginx.conf" -p "$work" &
  pids+=($!)
  sleep 1
  running "${pids[-1]}" nginx
  cat >"$work/job.yaml" <<JOB
version: 1
name: static
input: {folder: "$PWD/sample_data/pages", include: ["**/letter*.jpg"]}
provider: {base_url: "http://127.0.0.1:$port/v1", model: m, price: {input: 1, output: 2}}
tasks: {kind: {classify: {labels: [invoice, letter]}}}
output: {csv: rows.csv}
JOB
  "$docmill" run "$work/job.yaml" -q || { cat "$work/rows.csv" "$work/error.log"; exit 1; }
  test "$(grep -c ',ok,letter,' "$work/rows.csv")" = 4
  echo "nginx: 4 pages answered with a static reply"
else
  skip nginx
fi

# The Python package in a fresh virtual environment, and its operators in Airflow.
run_with_skips bash scripts/python_package.sh

# The Kubernetes manifests, by the schemas of Kubernetes.
if python3 -m venv "$work/deploy" >/dev/null 2>&1 &&
  "$work/deploy/bin/pip" install -q pyyaml kubernetes-validate helm-python-sdk >/dev/null 2>&1; then
  run_with_skips "$work/deploy/bin/python" scripts/deploy_check.py "$docmill"
else
  skip "kubernetes-validate and helm-python-sdk"
fi

# The review page in a browser.
code=0
DOCMILL=$docmill bash scripts/review_browser.sh || code=$?
case $code in
  0) ;;
  77) skip "chromium and playwright-core" ;;
  *) exit "$code" ;;
esac
