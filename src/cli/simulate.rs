//! `docmill simulate`: runs the simulator as a server.

use super::exit::{Failure, WRONG_INPUT};
use super::out::outln;
use super::simulate_args::Simulate;
use crate::simulator::{Options, Server};
use std::io::Write;
use std::sync::Arc;

pub(crate) fn simulate(args: &Simulate) -> Result<u8, Failure> {
    let options = Options {
        port: args.port,
        profile: args.profile,
        latency: args.latency,
        seed: args.seed,
        faults: args.faults,
        kinds: args.fault_kinds.clone(),
        always: args.always,
        after: args.after,
        requests_per_minute: args.requests_per_minute,
        tokens_per_minute: args.tokens_per_minute,
        limit_steps: args.limit_step.clone(),
        bucket_seconds: args.bucket_seconds,
        key: args.key.clone(),
        models: args.models.clone(),
        usage: !args.no_usage,
        headers: !args.no_headers,
        json_schema: !args.no_json_schema,
        stream_by_default: args.stream_by_default,
        ends_batches: Arc::default(),
        batch_time: args.batch_time,
        batch_faults: args.batch_faults.clone(),
        batch_queue: args.batch_queue,
        bill_as: args.bill_as.clone(),
        bill_times: args.bill_times,
        bill_jump: args.bill_jump,
        bill_jump_after: args.bill_jump_after,
        lifetime: args.lifetime,
    };
    let server = Server::start(options).map_err(|error| {
        Failure::new(WRONG_INPUT, format!("can't listen on port {}: {error}", args.port))
            .with_hint("another program may use it: choose another one with --port; 0 selects a free one")
    })?;
    outln!("{}", server.base_url());
    // The server keeps running if stdout is closed.
    let _ = std::io::stdout().flush();
    server.wait();
    Ok(0)
}
