//! The table of hosts: what the servers of a vendor do with some models. The data is `data/hosts.csv`.
//! Source: Alibaba's Model Studio documentation (2026-11): Qwen 3.5 and later think unless
//! `enable_thinking` is false.

use std::sync::OnceLock;

/// A row of the table.
#[derive(Debug)]
struct HostFacts {
    /// How the name of the host ends.
    host_end: String,
    /// What the name of the model contains, in lower case.
    model_part: String,
}

const DATA: &str = include_str!("data/hosts.csv");
/// The value of the column `thinking` for models that think unless a request switches that off.
const THINKS: &str = "enable_thinking";

/// The hosts whose models think unless a request switches that off. The table is read once.
fn hosts() -> &'static [HostFacts] {
    static HOSTS: OnceLock<Vec<HostFacts>> = OnceLock::new();
    HOSTS.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        let parse = |row: csv::StringRecord| {
            let facts = HostFacts { host_end: row.get(0)?.to_owned(), model_part: row.get(1)?.to_owned() };
            (row.get(2)? == THINKS).then_some(facts)
        };
        reader.records().filter_map(|row| parse(row.ok()?)).collect()
    })
}

/// Whether `model` at the server `host` thinks unless a request switches that off.
#[must_use]
pub fn thinks_by_default(host: &str, model: &str) -> bool {
    let (host, model) = (host.to_lowercase(), model.to_lowercase());
    hosts().iter().any(|facts| host.ends_with(&facts.host_end) && model.contains(&facts.model_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        assert_eq!(hosts().len(), DATA.lines().count() - 1);
        for (host, model, thinks) in [
            ("dashscope-intl.aliyuncs.com", "qwen3.8-flash", true),
            ("DASHSCOPE.aliyuncs.com", "Qwen/Qwen3-VL-Plus", true),
            ("dashscope.aliyuncs.com", "qwen2.5-vl", false),
            ("aliyuncs.com.example.org", "qwen3.8-flash", false),
            ("openrouter.ai", "qwen3.8-flash", false),
        ] {
            assert_eq!(thinks_by_default(host, model), thinks, "{host} {model}");
        }
    }
}
