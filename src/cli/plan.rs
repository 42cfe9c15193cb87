//! `docmill plan`: what a run would ask and cost.

use super::arg_values::Format;
use super::args::Plan as PlanArgs;
use super::exit::{BUDGET_REACHED, Failure, WRONG_INPUT};
use super::load;
use super::log;
use super::out::{out, outln};
use super::run;
use crate::base::money::Pico;
use crate::base::sanitize::{self, for_terminal};
use crate::base::units::{counted, grouped, human_duration};
use crate::session::{
    BudgetLeft, Environment, LeftOut, Plan, PlanQuery, Projection, Quote, Range, RedrawnPage, Session, ShardPlan,
    plan_to_json,
};
use std::fmt::Write;
use std::time::Duration;

pub(crate) fn plan(args: &PlanArgs) -> Result<u8, Failure> {
    let session = open(args)?;
    let max = args.max_usd.as_deref().map(max_cost).transpose()?;
    if args.files {
        return list_files(&session, args.format);
    }
    let filter = run::filter(&args.again, &session)?;
    let plan = session.plan_where(PlanQuery {
        selection: run::selection(&args.again),
        filter: filter.as_ref(),
        sample: args.sample,
        shards: args.shards,
    })?;
    match args.format {
        Format::Text => out!("{}", text(&plan)),
        Format::Json => outln!("{:#}", plan_to_json(&plan)),
    }
    if let Some(first) = &plan.first_unread {
        let rest = if plan.unread > 1 { format!("; {} more", grouped(plan.unread - 1)) } else { String::new() };
        let message = format!("warning: {}{rest}: pages in it are not in this plan", for_terminal(first));
        log::line("WARN", &message, serde_json::Map::new());
    }
    if plan.pages == 0 && plan.unread == 0 && plan.not_fetched == 0 && !session.may_be_empty() {
        let message = "warning: the input has no pages; check input.folder and input.include, or input.list";
        log::line("WARN", message, serde_json::Map::new());
    }
    for message in session.warnings()? {
        log::line("WARN", &format!("warning: {message}"), serde_json::Map::new());
    }
    if let Some(max) = max {
        check_cost(&plan, max)?;
    }
    match plan.budget.as_ref().and_then(too_small).or_else(|| short_shards(&plan)) {
        Some(message) if args.fail_over_budget => Err(Failure::new(BUDGET_REACHED, message).with_hint(
            "raise limits.budget_usd, or run with --limit; answers that a run stores are not paid for again",
        )),
        Some(message) => {
            log::line("WARN", &format!("warning: {message}"), serde_json::Map::new());
            Ok(0)
        }
        None => Ok(0),
    }
}

/// The session of a plan: for the requested shard, or else the store's shard. A plan only reads, so a store that does
/// not exist yet is planned as the base that it takes over.
fn open(args: &PlanArgs) -> Result<Session, Failure> {
    let job = match args.shard.shard {
        None => load::load_job(&args.job)?,
        Some(_) => load::load_to_run(&args.job, &args.shard, None)?,
    };
    let job = match &args.base {
        Some(base) if !base.is_file() => {
            return Err(Failure::new(WRONG_INPUT, format!("--base {}: there is no such file", base.display())));
        }
        Some(base) if !job.store().exists() => job.with_base(base)?,
        _ => job,
    };
    Ok(Session::open(load::with_input(job)?, Environment::of_process()))
}

fn max_cost(usd: &str) -> Result<Pico, Failure> {
    Pico::from_usd(usd).map_err(|error| Failure::new(WRONG_INPUT, format!("--max-usd: {error}")))
}

/// Checks that the expected cost, or else the lowest one, is not above `max`.
fn check_cost(plan: &Plan, max: Pico) -> Result<(), Failure> {
    let cost = plan.quote.as_ref().and_then(|quote| quote.cost);
    let (expected, lowest) = match &plan.projection {
        Some(projection) => (projection.expected, None),
        None => (cost.and_then(|cost| cost.expected), cost.map(|cost| cost.low)),
    };
    let asks_nothing = plan.quote.as_ref().is_none_or(|quote| quote.pages == 0) && plan.projection.is_none();
    let (name, cost) = match (expected, lowest) {
        (Some(cost), _) => ("expected", cost),
        (None, Some(cost)) if cost > max => ("lowest possible", cost),
        (None, _) if asks_nothing => return Ok(()),
        (None, Some(_)) => {
            return Err(Failure::new(
                WRONG_INPUT,
                "--max-usd: it is unknown how many tokens this model bills for a picture",
            )
            .with_hint("run a few pages with --limit: docmill learns it from their bills"));
        }
        (None, None) => {
            return Err(Failure::new(WRONG_INPUT, "--max-usd: the price of this model is unknown")
                .with_hint("set provider.price; 0 for free"));
        }
    };
    if cost <= max {
        return Ok(());
    }
    let message = format!("the {name} cost is USD {}, more than --max-usd {max}", usd(cost));
    Err(Failure::new(BUDGET_REACHED, message)
        .with_hint("raise --max-usd, or run with --limit; answers that a run stores are not paid for again"))
}

/// Maximum number of shards that a message lists.
const MAX_SHORT_SHARDS: usize = 5;
/// Why a run with a budget sends nothing.
const UNBOUNDED: &str = "the endpoint accepts no output limit";

/// The fault of a budget that does not pay for all pages; `None`: it does, or that is unknown.
fn too_small(budget: &BudgetLeft) -> Option<String> {
    let BudgetLeft { limit, left, pages, needed, lowest, reservation, last_reservation, is_bounded, is_enough } =
        *budget;
    if is_enough != Some(false) {
        return None;
    }
    if !is_bounded {
        return Some(format!("limits.budget_usd can't be guaranteed: {UNBOUNDED}"));
    }
    let rest = if left == limit { format!("it is USD {limit}") } else { format!("USD {left} of {limit} is left") };
    let is_over = |cost: &Pico| *cost > left;
    let about = || pages.map_or(String::new(), |pages| format!(", enough for about {}", counted(pages, "page")));
    let first = reservation.filter(is_over);
    let why = match (needed.filter(is_over), lowest.filter(is_over)) {
        (Some(needed), _) if first.is_none() => format!("{}, and the expected cost is USD {}", about(), usd(needed)),
        (None, Some(lowest)) => format!(", and the cost is at least USD {}", usd(lowest)),
        _ => match (first, last_reservation) {
            (Some(first), _) => format!(", and one request may cost up to USD {}", usd(first)),
            (None, last) => format!(
                "{}, because the last request is sent only if its maximum cost is left: USD {}",
                about(),
                usd(last.unwrap_or_default())
            ),
        },
    };
    Some(format!("the budget is too small: {rest}{why}"))
}

/// The fault of a budget of which shards get too little; `None`: each gets enough, or that is unknown.
fn short_shards(plan: &Plan) -> Option<String> {
    let short: Vec<&ShardPlan> = plan.shards.iter().filter(|shard| shard.is_short()).collect();
    let most = short.iter().filter_map(|shard| shard.needed).max()?;
    let part = short.first()?.budget?;
    let shards =
        short.iter().take(MAX_SHORT_SHARDS).map(|shard| shard.shard.to_string()).collect::<Vec<_>>().join(", ");
    let more = if short.len() > MAX_SHORT_SHARDS { ", …" } else { "" };
    let count = plan.shards.len();
    Some(format!(
        "the budget is too small for {count} shards: each gets USD {}, and {shards}{more} need up to USD {}, which is a budget of USD {} for all",
        part,
        most,
        Pico(most.0.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX))),
    ))
}

/// Lists the files of the input, one a line.
fn list_files(session: &Session, format: Format) -> Result<u8, Failure> {
    let (taken, left_out) = session.list_files(&mut |file| match format {
        Format::Json => outln!("{}", file.to_json()),
        Format::Text => {
            let parts: Vec<&str> = file.reason.iter().copied().chain(file.detail.as_deref()).collect();
            let why = if parts.is_empty() { String::new() } else { format!("  ({})", parts.join(" ")) };
            let verb = if file.is_taken { "take " } else { "leave" };
            // One file, one line.
            let line = for_terminal(&format!("{}{why}", file.path)).replace(['\n', '\t'], "\u{fffd}");
            outln!("{verb}  {line}");
        }
    })?;
    if format == Format::Text {
        log::line("INFO", &format!("{} taken, {} left out", grouped(taken), grouped(left_out)), serde_json::Map::new());
    }
    Ok(0)
}

fn text(plan: &Plan) -> String {
    let mut out = String::new();
    if let Some(Projection { sampled, files, .. }) = &plan.projection {
        let _ = writeln!(out, "a sample of {} of {} files:\n", grouped(*sampled), grouped(*files));
    }
    let mut row = |name: &str, count: u64| _ = writeln!(out, "{name:<24} {:>12}", grouped(count));
    row("pages found", plan.pages);
    row("  answered", plan.answered);
    row("  equal to another", plan.duplicates);
    if plan.under_way > 0 {
        row("  in a batch", plan.under_way);
    }
    if plan.not_selected > 0 {
        row("  not selected", plan.not_selected);
    }
    if plan.skipped > 0 {
        row("  blank, skipped", plan.skipped);
    }
    row("  unreadable", plan.unreadable);
    if plan.redrawn.pages > 0 {
        row("  earlier picture", plan.redrawn.pages);
    }
    if plan.outdated > 0 {
        row("files to open once more", plan.outdated);
    }
    if plan.not_fetched > 0 {
        row("  URLs not fetched yet", plan.not_fetched);
    }
    row("  to ask", plan.to_ask);
    for (task, count) in &plan.by_task {
        row(&format!("    {task}"), *count);
    }
    let formats: Vec<String> =
        plan.by_format.iter().map(|(name, count)| format!("{} {name}", grouped(*count))).collect();
    let left_out = &plan.left_out;
    if plan.files == 0 && *left_out != LeftOut::default() {
        let _ = writeln!(out, "{}", left_out.explain_none(plan.has_include));
    } else if left_out.unselected() > 0 {
        let _ =
            writeln!(out, "{:<24} {:>12}  {}", "files left out", grouped(left_out.unselected()), left_out.extensions());
    }
    if !formats.is_empty() {
        let _ = writeln!(out, "{:<24} {}", "  by format", formats.join(", "));
    }
    if let Some(quote) = plan.quote.as_ref().filter(|quote| quote.pages > 0) {
        write_quote(plan, quote, &mut out);
    }
    if let Some(projection) = &plan.projection {
        write_projection(projection, &mut out);
    }
    write_shards(plan, &mut out);
    for RedrawnPage { path, page, reason } in &plan.redrawn.first {
        let _ = writeln!(
            out,
            "answered from an earlier picture: {}, page {page}: {reason}",
            sanitize::path(path.as_bytes())
        );
    }
    if plan.redrawn.pages > 0 {
        let _ = writeln!(
            out,
            "`--retry redrawn` sends {} with an earlier picture again",
            counted(plan.redrawn.pages, "page")
        );
    }
    if plan.outdated > 0 {
        let _ = writeln!(
            out,
            "{} files were read by an earlier version of docmill; the next run opens them once more, at no cost; pages that look different then are listed, and `--retry redrawn` sends them",
            grouped(plan.outdated)
        );
    }
    for (task, reasons) in &plan.misses {
        for (reason, count) in reasons {
            let (was, is) = if *count == 1 { ("was", "is") } else { ("were", "are") };
            let pages = counted(*count, "page");
            let _ = writeln!(
                out,
                "`{task}`: {pages} {was} answered with other settings (different: {reason}) and {is} sent again"
            );
        }
    }
    out
}

fn write_shards(plan: &Plan, out: &mut String) {
    if plan.shards.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{:<24} {:>12} {:>12} {:>16}", "shard", "files", "to ask", "USD");
    for ShardPlan { shard, files, to_ask, cost, .. } in &plan.shards {
        let (files, to_ask) = (grouped(*files), grouped(*to_ask));
        let _ = writeln!(out, "  {:<22} {files:>12} {to_ask:>12} {:>16}", shard.to_string(), money(*cost));
    }
}

fn write_quote(plan: &Plan, quote: &Quote, out: &mut String) {
    let _ = writeln!(out, "\n{:<24} {:>16} {:>16} {:>16}  basis", "", "low", "expected", "high");
    let mut row = |name: &str, cells: [String; 3], basis: &str| {
        let _ = writeln!(out, "{name:<24} {:>16} {:>16} {:>16}  {basis}", cells[0], cells[1], cells[2]);
    };
    let tokens = |range: &Range<u64>| {
        [grouped(range.low), range.expected.map_or("unknown".into(), grouped), grouped(range.high)]
    };
    row("tokens in", tokens(&quote.input), &format!("images: {}; text: {}", quote.image_basis, quote.text_basis));
    row("tokens out", tokens(&quote.output), &quote.output_basis);
    match &quote.cost {
        Some(cost) => {
            row("USD", [usd(cost.low), money(cost.expected), usd(cost.high)], &quote.cost_basis());
        }
        None => row("USD", ["unknown".into(), "unknown".into(), "unknown".into()], "set provider.price"),
    }
    for (task, cost) in quote.by_task.iter().filter(|_| quote.by_task.len() > 1 && quote.cost.is_some()) {
        row(&format!("  {task}"), [String::new(), money(*cost), String::new()], "equal parts of a request");
    }
    if quote.reasoning.is_worth_a_line() {
        let _ = writeln!(out, "{:<24} {}", "reasoning", quote.reasoning);
    }
    if quote.differs {
        let _ = writeln!(out, "billed image tokens differ from the documented rule: {}", quote.image_rule);
    }
    if let Some(bound) = plan.bounds.first() {
        let time = human_duration(Duration::from_secs_f64(bound.minutes * 60.0));
        let _ = writeln!(out, "{:<24} {time}, bound by {} ({})", "time", bound.limit, bound.basis);
    }
    if let Some(BudgetLeft { limit, left, pages, reservation, is_bounded, is_enough, .. }) = plan.budget {
        let enough = match (pages, is_enough) {
            _ if !is_bounded => format!("nothing is sent, because {UNBOUNDED}"),
            (_, Some(false)) if reservation.is_some_and(|cost| cost > left) => "not enough for one request".to_owned(),
            (Some(pages), _) => format!("enough for {}", counted(pages, "page")),
            (None, Some(false)) => "not enough for all pages".to_owned(),
            (None, Some(true)) => "enough for all pages".to_owned(),
            (None, None) => "how many pages that pays for is unknown".to_owned(),
        };
        let of = if left == limit { String::new() } else { format!(" of {limit} is left") };
        let _ = writeln!(out, "{:<24} USD {left}{of}: {enough}", "budget");
    }
    let share = |part: u64| format!("{} of {} text tokens per page", grouped(part), grouped(quote.text));
    if quote.descriptions > 0 {
        let cost = quote.descriptions_cost.map_or(String::new(), |cost| format!(", USD {} in all", usd(cost)));
        let _ = writeln!(out, "{:<24} {}{cost}", "label descriptions", share(quote.descriptions));
    }
    let _ = writeln!(out, "\n{:<24} {:>16} {:>16}", "other settings", "tokens in", "USD");
    for way in &quote.alternatives {
        let name = format!("{}, {}{}", way.detail.name(), way.size.name(), if way.is_chosen { " *" } else { "" });
        let tokens = way.input_tokens.map_or("unknown".into(), grouped);
        let _ = writeln!(out, "  {name:<22} {tokens:>16} {:>16}", money(way.cost));
    }
}

fn write_projection(projection: &Projection, out: &mut String) {
    let Projection { sampled, files, to_ask, expected, interval, .. } = projection;
    let _ = writeln!(
        out,
        "\nprojected from {1} to all {0} files: {2} pages to ask, USD {3}{4}",
        grouped(*files),
        grouped(*sampled),
        grouped(*to_ask),
        money(*expected),
        interval.map_or(String::new(), |(from, to)| format!(" ({} to {}, 95 % confidence)", usd(from), usd(to)))
    );
}

fn money(amount: Option<Pico>) -> String {
    amount.map_or("unknown".into(), usd)
}

/// USD with four decimals, or with seven below one cent.
fn usd(amount: Pico) -> String {
    let dollars = amount.as_usd_f64();
    if dollars >= 0.01 || amount == Pico::ZERO { format!("{dollars:.4}") } else { format!("{dollars:.7}") }
}
