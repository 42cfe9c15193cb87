# What CI runs.
ci:
    bash .ci/run

test:
    cargo test

# The figures of docs/performance.md.
bench:
    bash scripts/bench_pages.sh
    python3 scripts/bench_run.py
    python3 scripts/bench_prepare.py

# Draws sample_data/ again.
samples:
    cargo run --release --example draw_samples

schema:
    cargo run -- schema > schemas/job.schema.json
