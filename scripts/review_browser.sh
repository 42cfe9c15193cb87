#!/usr/bin/env bash
# The review page in a browser: headless Chromium of Debian's packages, driven by playwright-core of the npm registry.
# Arguments are those of tests/review_browser/run.mjs. Returns 77 if one of both can't be had.
set -euo pipefail
cd "$(dirname "$0")/.."
docmill=$(realpath "${DOCMILL:-${CARGO_TARGET_DIR:-target}/release/docmill}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ]; then
  install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core; }
  (install || { apt-get update -q && install; }) >/dev/null 2>&1 || true
fi
command -v chromium >/dev/null || exit 77
command -v npm >/dev/null || exit 77
cp tests/review_browser/*.mjs tests/review_browser/package.json "$work"
(cd "$work" && npm install --no-audit --no-fund >/dev/null 2>&1) || exit 77
DOCMILL=$docmill CHROMIUM=$(command -v chromium) timeout 1200 node "$work/run.mjs" "$@"
