//! Errors of an API that may be about the path of its URL: they name the URL that was called.

use crate::provider::judgement::verdict::Verdict;
use crate::provider::replies::exchange::Exchange;

/// Adds `url` to a refusal that may mean that there is nothing at this URL (HTTP 404 and 405), unless its message is
/// about the model.
pub(crate) fn name_wrong_path(exchange: &mut Exchange, url: &str) {
    let Some(status @ (404 | 405)) = exchange.status else { return };
    let Verdict::Stop(refusal) = &mut exchange.verdict else { return };
    if refusal.message.to_lowercase().contains("model") || refusal.message.contains(url) {
        return;
    }
    let begin = format!("HTTP {status}");
    if let Some(rest) = refusal.message.strip_prefix(&begin) {
        refusal.message = format!("{begin} from {url}{rest}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::judgement::verdict::Charge;

    #[test]
    fn a_refusal_names_the_url_if_it_may_be_about_the_path() {
        let url = "http://h/chat/completions";
        for (status, message, expected) in [
            (404, "HTTP 404: Not Found", "HTTP 404 from http://h/chat/completions: Not Found"),
            (404, "HTTP 404", "HTTP 404 from http://h/chat/completions"),
            (405, "HTTP 405: Method Not Allowed", "HTTP 405 from http://h/chat/completions: Method Not Allowed"),
            (404, "HTTP 404: The model `x` does not exist", "HTTP 404: The model `x` does not exist"),
            (401, "HTTP 401: Incorrect API key", "HTTP 401: Incorrect API key"),
        ] {
            let mut exchange = Exchange::new(Verdict::stop(message, "check"), Charge::Nothing);
            exchange.status = Some(status);
            name_wrong_path(&mut exchange, url);
            assert_eq!(exchange.verdict.message(), Some(expected), "{message}");
        }
    }
}
