//! Values of arguments that are not of a standard type, and closed lists that several commands use.

use crate::base::units::parse_duration;
use clap::ValueEnum;
use std::time::Duration;

/// Forms of what a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Text,
    Json,
    Html,
}

/// Parses a change of a limit at a time, such as `30s=50%`.
pub(crate) fn parse_step(text: &str) -> Result<(Duration, f64), String> {
    let (time, share) = text.split_once('=').ok_or("write it as TIME=SHARE")?;
    let percent = share
        .strip_suffix('%')
        .unwrap_or(share)
        .parse::<f64>()
        .map_err(|_| "not a valid share: write it as 50% or 200%")?;
    Ok((parse_duration(time)?, percent / 100.0))
}

/// Parses a price in USD per million tokens of prompts and of replies, such as `0.15,0.60`.
pub(crate) fn parse_price(text: &str) -> Result<(f64, f64), String> {
    let price = |part: &str| part.trim().parse::<f64>().ok().filter(|usd| usd.is_finite() && *usd >= 0.0);
    let (input, output) = text.split_once(',').ok_or("write it as INPUT,OUTPUT, such as 0.15,0.60")?;
    price(input).zip(price(output)).ok_or_else(|| "two numbers of USD per million tokens, such as 0.15,0.60".to_owned())
}

/// Parses the size of a sample: at least 1.
pub(crate) fn parse_sample(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("a sample has at least 1 item".to_owned()),
        Ok(size) => Ok(size),
        Err(error) => Err(error.to_string()),
    }
}

/// Parses a variable and its value, such as `date=2026-11-23`.
pub(crate) fn parse_var(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
