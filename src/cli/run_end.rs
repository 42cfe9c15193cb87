//! The end of a run that has a report.

use super::args::Global;
use super::exit::Failure;
use super::followers::Followers;
use super::log;
use super::run_record::RunRecorder;
use crate::session::RunReport;

/// Prints the report, and gives it to the followers and the records. The exit code: 0, or that of the run's error.
///
/// # Errors
/// The error of the run, or when a record can't be written.
pub(crate) fn finish(
    report: RunReport,
    global: &Global,
    record: &RunRecorder,
    followers: &Followers,
) -> Result<u8, Failure> {
    let report = record.files().fold(report, |report, path| report.with_file(path));
    if !global.quiet {
        log::line("INFO", report.to_text().trim_end(), serde_json::Map::new());
    }
    followers.end(&report);
    // Standard output gets the summary as the last line of both streams: that is what Airflow keeps.
    let recorded = record.write_report(&report);
    match report.error() {
        Some(error) => {
            if let Err(failure) = recorded {
                log::line("WARN", &format!("warning: {}", failure.message()), serde_json::Map::new());
            }
            Err(error.into())
        }
        None => recorded.map(|()| 0),
    }
}
