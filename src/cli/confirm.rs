//! Asks for confirmation of requests whose price was shown.

use super::exit::{Failure, WRONG_INPUT};
use std::io::{IsTerminal, Write};

/// Asks on the terminal. Without one, nothing is sent.
///
/// # Errors
/// Unless the answer is yes.
pub(crate) fn confirm() -> Result<(), Failure> {
    let refused = |message: &str| {
        Err(Failure::new(WRONG_INPUT, message).with_hint("--yes sends the requests; --dry-run only shows their price"))
    };
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return refused("nothing was sent: there is no terminal to confirm the price");
    }
    let mut stderr = std::io::stderr();
    let _ = stderr.write_all(b"Send them? [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => refused("nothing was sent"),
    }
}
