//! `docmill --version --json`: what this program is, for scripts.

use super::out::outln;
use crate::base::decoder_version::DECODER_VERSION;
use crate::store;
use serde_json::json;
use std::ffi::OsString;

/// Whether these are the arguments.
pub(crate) fn is_asked_as_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<OsString> = arguments.collect();
    let is_version = |word: &OsString| word == "--version" || word == "-V";
    words.len() == 2 && words.iter().any(is_version) && words.iter().any(|word| word == "--json")
}

/// Prints the object, in one line.
pub(crate) fn print_json() {
    let features = [("otlp", cfg!(feature = "otlp")), ("turbojpeg", cfg!(feature = "turbojpeg"))];
    let features: Vec<&str> = features.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name).collect();
    outln!(
        "{}",
        json!({
            "name": "docmill",
            "version": env!("CARGO_PKG_VERSION"),
            "features": features,
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "is_static": cfg!(target_feature = "crt-static"),
            "store_version": store::latest_version(),
            "decoder_version": DECODER_VERSION,
        })
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_both_words_ask_for_it() {
        for (words, expected) in [
            ("--version --json", true),
            ("--json -V", true),
            ("--version", false),
            ("--json", false),
            ("--json --json", false),
            ("--version --version", false),
            ("run --version --json", false),
        ] {
            assert_eq!(is_asked_as_json(words.split(' ').map(OsString::from)), expected, "{words}");
        }
    }
}
