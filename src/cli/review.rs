//! `docmill review`: a local page on which people see pages beside their labels, decide and correct.

use super::exit::{Failure, INTERNAL, WRONG_INPUT};
use super::load;
use super::log;
use super::out::outln;
use super::review_args::{Order, Review};
use super::signals::{self, Watched};
use crate::base::random;
use crate::session::{ReviewOptions, ReviewOrder};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

pub(crate) fn review(args: &Review) -> Result<u8, Failure> {
    let session = load::open(&args.job)?;
    let job = session.job();
    if let Some(task) = &args.task
        && !job.task_names().any(|name| name == task)
    {
        let names: Vec<&str> = job.task_names().collect();
        return Err(Failure::new(WRONG_INPUT, format!("--task {task}: the job has no such task"))
            .with_hint(&format!("its tasks: {}", names.join(", "))));
    }
    let filter = args.filter.as_deref().map(|expression| session.filter(expression)).transpose()?;
    let reviewer = args.reviewer.clone().or_else(|| session.default_reviewer()).ok_or_else(|| {
        Failure::new(WRONG_INPUT, "the name of the reviewer is unknown: the variable USER is not set")
            .with_hint("give it with --reviewer NAME; decisions of reviewers with the same name can't be distinguished")
    })?;
    let options = ReviewOptions {
        port: args.port,
        reviewer,
        shows_answers: args.show,
        order: order(args.order),
        sample: args.sample,
        task: args.task.clone(),
        filter,
        idle: args.idle,
    };
    let watched = Watched::default();
    let listening = signals::listen(Arc::clone(&watched), None, |_| ());
    listening.map_err(|error| Failure::new(INTERNAL, format!("can't listen for signals: {error}")))?;
    let _ = watched.set((session.canceller(), session.progress()));
    let mut opened = None;
    session.review(options, &mut |address| {
        outln!("{address}");
        // A reader that waits for the address sees it at once.
        let _ = std::io::stdout().flush();
        if !args.no_open {
            opened = LinkFile::open(address);
            if opened.is_none() {
                log::line("INFO", "no browser could be started: open the address yourself", serde_json::Map::new());
            }
        }
    })?;
    drop(opened);
    Ok(0)
}

fn order(order: Order) -> ReviewOrder {
    match order {
        Order::Random => ReviewOrder::Random,
        Order::Label => ReviewOrder::Label,
        Order::Suspected => ReviewOrder::Suspected,
        Order::Disagreement => ReviewOrder::Disagreement,
        Order::Cost => ReviewOrder::Cost,
    }
}

/// A file that leads a browser to the address. The address itself would be visible to everybody in the list of
/// processes. It is removed in the end.
struct LinkFile(PathBuf);

impl LinkFile {
    /// Opens the address in the user's browser. `None`: none could be started.
    fn open(address: &str) -> Option<Self> {
        let file = Self(std::env::temp_dir().join(format!("docmill-review-{}.html", random::token())));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let page = format!(
            "<!doctype html>\n<meta charset=\"utf-8\">\n<title>docmill review</title>\n\
             <meta http-equiv=\"refresh\" content=\"0; url={address}\">\n<p><a href=\"{address}\">Open the review</a></p>\n"
        );
        options.open(&file.0).ok()?.write_all(page.as_bytes()).ok()?;
        let program = match std::env::consts::OS {
            "macos" => "open",
            "windows" => "explorer",
            _ => "xdg-open",
        };
        let mut command = Command::new(program);
        command.arg(&file.0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().ok()?;
        Some(file)
    }
}

impl Drop for LinkFile {
    fn drop(&mut self) {
        // Its token is worth nothing by then.
        let _ = std::fs::remove_file(&self.0);
    }
}
