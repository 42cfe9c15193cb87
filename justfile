# Run everything that CI runs.
ci:
    bash .ci/run

# The profile shares its dependencies with the release build.
test:
    cargo test --profile bench

# Measure the figures of docs/performance.md.
bench:
    bash scripts/bench_pages.sh
    python3 scripts/bench_run.py
    python3 scripts/bench_prepare.py

# Regenerate sample_data/.
samples:
    cargo run --release --example draw_samples

# Regenerate the JSON Schema of the manifest.
schema:
    cargo run -- schema > schemas/job.schema.json
