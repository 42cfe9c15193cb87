//! Errors and what caused them.

use std::error::Error;

/// An error and its causes, the nearest first.
pub(crate) fn error_chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The messages of these errors. A message that repeats the one before it is left out.
pub(crate) fn join_messages<'a>(errors: impl Iterator<Item = &'a (dyn Error + 'static)>) -> String {
    let mut messages: Vec<String> = errors.map(ToString::to_string).collect();
    messages.dedup();
    messages.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    #[error("{message}")]
    struct Wrapped {
        message: &'static str,
        source: io::Error,
    }

    #[test]
    fn messages_are_joined_and_not_repeated() {
        for (message, expected) in [("can't connect", "can't connect: refused"), ("refused", "refused")] {
            let error = Wrapped { message, source: io::Error::other("refused") };
            assert_eq!(join_messages(error_chain(&error)), expected);
            assert_eq!(join_messages(error_chain(&error).skip(2)), "");
        }
    }
}
