#!/usr/bin/env bash
# The container image: built from dist/image (scripts/dist.sh), with a read-only root file system, without rights and as
# an ordinary user. The life of a pod: SIGTERM, the grace period, SIGKILL, and a restart with the same store.
#
# Usage: container_check.sh IMAGE_FOLDER. Exit code 77: podman or docker can't run containers here.
set -euo pipefail
cd "$(dirname "$0")/.."
files=$(realpath "$1")
engine=${ENGINE:-$(command -v podman || command -v docker || true)}
[ -n "$engine" ] || exit 77
work=$(mktemp -d)
tag=localhost/docmill-check
# Containers are named, so that only our own are ended.
name=docmill-check-$$
trap '"$engine" rm -f "$name" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
common=(--name "$name" --read-only --cap-drop ALL --security-opt no-new-privileges --user 65532:65532 ${CONTAINER_ARGUMENTS:-})
"$engine" build -q -f deploy/Dockerfile --build-arg BINARY=prebuilt -t "$tag" ${BUILD_ARGUMENTS:-} "$files" >"$work/build.log" 2>&1 ||
  { tail -5 "$work/build.log" >&2; exit 77; }
"$engine" run --rm "${common[@]}" "$tag" --version --json >"$work/version" 2>"$work/error" || { tail -5 "$work/error" >&2; exit 77; }
grep -q '"is_static":true' "$work/version" && grep -q turbojpeg "$work/version"
# A new named volume is writable for the user of the image.
"$engine" run --rm -v "$name:/state" "${common[@]}" "$tag" init /state/new >/dev/null ||
  { echo "a new named volume is not writable" >&2; exit 1; }
"$engine" volume rm "$name" >/dev/null
mkdir -p "$work/data/out" "$work/state"
cp -r sample_data/pages "$work/data/pages"
cat >"$work/job.yaml" <<'JOB'
version: 1
name: container
input: {folder: /data/pages}
provider: {simulator: {latency: 500ms}, model: openai/gpt-4o-mini}
tasks: {kind: {classify: {labels: [invoice, letter, form], other: true}}}
limits: {concurrency: 2}
on_error: {max_failed: 5%}
output: {parquet: /data/out/rows.parquet, jsonl: /data/out/rows.jsonl}
store: /state/store.db
JOB
chmod -R a+rwX "$work"
volumes=(-v "$work/job.yaml:/etc/docmill/job.yaml:ro" -v "$work/data:/data" -v "$work/state:/state")
run=(run "${volumes[@]}" "${common[@]}" "$tag" run /etc/docmill/job.yaml --grace 4s --summary /state/summary.json -q)

outcome() { python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); print(s["outcome"], s["exit_code"], s.get("attempts", {}).get("lost"))' "$work/state/summary.json"; }
# Waits until some pages are answered.
under_way() { for _ in $(seq 100); do [ -s "$work/state/store.db-wal" ] && break; sleep 0.1; done; sleep 3; }

"$engine" "${run[@]}" & first=$!
under_way
"$engine" stop -t 10 "$name" >/dev/null
code=0; wait "$first" || code=$?
[ "$code" = 143 ] && [ "$(outcome)" = "interrupted 143 0" ] || { echo "SIGTERM: exit code $code, $(outcome)" >&2; exit 1; }
"$engine" rm -f "$name" >/dev/null

"$engine" "${run[@]}" & second=$!
under_way
"$engine" kill --signal KILL "$name" >/dev/null
code=0; wait "$second" || code=$?
[ "$code" = 137 ] || { echo "SIGKILL: exit code $code" >&2; exit 1; }
"$engine" rm -f "$name" >/dev/null

"$engine" "${run[@]}"
[ "$(outcome)" = "complete 0 0" ] || { echo "restart: $(outcome)" >&2; exit 1; }
python3 - "$work/data/out/rows.jsonl" <<'PYTHON'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert len(rows) == 53 and sum(row["status"] == "ok" for row in rows) == 52, len(rows)
assert len({(row["path"], row["page"]) for row in rows}) == 53
PYTHON
"$engine" rm -f "$name" >/dev/null
"$engine" run --rm -v "$work/state:/state" "${common[@]}" "$tag" store check --store /state/store.db
echo "container: stopped, killed and restarted with the same store; every page once"

# The static program resolves the name of a provider, by a DNS server of this script, and answers of a simulator come
# from there. Port 53 needs rights.
cat >"$work/dns.py" <<'PYTHON'
"""Answers every question for the address of `provider.test` with 127.0.0.1, for two minutes."""
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.settimeout(120)
server.bind((sys.argv[1], 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(512)
    end = query.index(b"\0", 12) + 5
    is_known = query[12:end].startswith(b"\x08provider\x04test\0") and query[end - 4:end - 2] == b"\0\x01"
    head = query[:2] + b"\x81\x80" + b"\0\x01" + (b"\0\x01" if is_known else b"\0\0") + b"\0\0\0\0"
    answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01" if is_known else b""
    server.sendto(head + query[12:end] + answer, client)
PYTHON
python3 "$work/dns.py" 127.0.0.77 >"$work/dns" 2>/dev/null & dns=$!
"$files/docmill" simulate --port 0 --lifetime 120s >"$work/url" & simulator=$!
trap '"$engine" rm -f "$name" >/dev/null 2>&1 || true; kill "$dns" "$simulator" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 50); do [ -s "$work/url" ] && break; sleep 0.1; done
sleep 1
if [ -s "$work/dns" ]; then
  port=$(sed 's/.*:\([0-9]*\).*/\1/' "$work/url")
  echo "nameserver 127.0.0.77" >"$work/resolv.conf"
  sed "s|simulator: {latency: 500ms}|base_url: 'http://provider.test:$port/v1', price: {input: 1, output: 1}|; s|/state/store.db|/state/named.db|" \
    "$work/job.yaml" >"$work/named.yaml"
  "$engine" run --rm --network host -v "$work/resolv.conf:/etc/resolv.conf:ro" -v "$work/named.yaml:/etc/docmill/job.yaml:ro" \
    -v "$work/data:/data" -v "$work/state:/state" "${common[@]}" "$tag" run /etc/docmill/job.yaml -q --limit 3
  echo "container: the static program resolves names"
else
  echo "skipped: port 53 (names were not resolved in the container)"
fi
