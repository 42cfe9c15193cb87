#!/usr/bin/env bash
# Measures CPU and memory of whole runs, for docs/performance.md: bench_pages.sh
# Requires a release build and Python with Pillow. Uses nginx if it is installed, otherwise only
# the simulator.
set -euo pipefail
cd "$(dirname "$0")/.."
docmill=${DOCMILL:-${CARGO_TARGET_DIR:-$PWD/target}/release/docmill}
work=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; rm -rf "$work"' EXIT
python3 scripts/draw_many.py "$work"

reply='{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{\\"kind\\":\\"letter\\",\\"marks\\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8500,"completion_tokens":9,"total_tokens":8509}}'
"$docmill" simulate --port 0 --lifetime 600s >"$work/url" &
pids+=($!)
for _ in $(seq 100); do [ -s "$work/url" ] && break; sleep 0.1; done
servers="simulator=$(cat "$work/url")"
if command -v nginx >/dev/null; then
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  printf 'daemon off; pid %s/pid; error_log %s/error.log; events {} http { access_log off; client_max_body_size 20m; client_body_buffer_size 1m; keepalive_requests 1000000; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s; server { listen 127.0.0.1:%s; location / { default_type application/json; return 200 '"'%s'"'; } } }' \
    "$work" "$work" "$work" "$work" "$work" "$work" "$work" "$port" "$reply" >"$work/nginx.conf"
  timeout 600 nginx -c "$work/nginx.conf" -p "$work" 2>/dev/null &
  pids+=($!)
  sleep 1
  servers="$servers nginx=http://127.0.0.1:$port/v1"
fi

job() { # folder outputs
  cat >"$work/job.yaml" <<JOB
version: 1
name: bench
input: {folder: $1}
provider: {base_url: "\${URL}", id: bench, model: openai/gpt-4o-mini, price: {input: 0.40, cached_input: 0.10, output: 1.60}}
tasks: {kind: {classify: {labels: [invoice, letter, form, receipt], other: true}}, marks: {tag: {labels: [stamp, logo, seal]}}}
limits: {concurrency: 64}
$2
JOB
}
outputs='output: {csv: o.csv, parquet: o.parquet, jsonl: o.jsonl, report: r.json}'
measure() { # label url
  /usr/bin/time -f "%U %S %e %M" -o "$work/time" "$docmill" run "$work/job.yaml" --var URL="$2" -q
  read -r user system wall memory <"$work/time"
  awk -v w="$1" -v u="$user" -v s="$system" -v e="$wall" -v m="$memory" \
    'BEGIN { printf "%-46s user %5.2f  sys %5.2f  cpu %5.2f s  wall %5.2f s  peak %6.1f MB\n", w, u, s, u + s, e, m / 1024 }'
}
for server in $servers; do
  for round in 1 2 3; do
    rm -rf "$work/.docmill"; job 5000 "$outputs"
    measure "5,000 pages of 20 kB, ${server%%=*} ($round)" "${server#*=}"
  done
  measure "  second run, no changes" "${server#*=}"
done
url=${servers##*=}
for count in 2000 20000; do
  rm -rf "$work/.docmill"; job "$count" "$outputs"
  measure "$count small pages" "$url"
done
rm -rf "$work/.docmill"; job 200000 ''
measure "200,000 files, first run, no outputs" "$url"
for round in 1 2 3; do
  measure "200,000 files, no changes, no outputs ($round)" "$url"
  /usr/bin/time -f "  find: user %U sys %S wall %e" find "$work/200000" -type f -printf '%s %T@ %p\n' >/dev/null
done
