//! The values that columns may hold, and how a salvage repairs others. Reading another value is
//! [`StoreError::Damaged`](crate::store::StoreError::Damaged).

use crate::base::shard::MAX_SHARDS;
use crate::base::vocabulary::{
    AttemptPurpose, AttemptState, BatchState, DrawRule, ErrorKind, OutcomeStatus, RunOutcomeName, UsageSource,
    VerdictName,
};

/// The values that a column may hold.
pub(crate) struct ValueRule {
    table: &'static str,
    column: &'static str,
    /// An SQL condition that holds for other values.
    is_wrong: String,
    repair: Repair,
}

/// How a salvage repairs a wrong value.
enum Repair {
    /// Deletes the row: docmill finds or asks it again.
    Delete,
    /// Sets columns of the row, which stays because it records a charge.
    Set(&'static str),
}

/// What the attempts of a budget cost: by the price, or by the provider's account if that is more.
const SPENT_IN_LEDGER: &str = "spent = (SELECT ifnull(sum(max(ifnull(cost, 0), ifnull(reported_cost, 0))), 0) FROM attempts a WHERE a.budget_id = budget.id)";

impl ValueRule {
    /// The table.
    pub(crate) fn table(&self) -> &'static str {
        self.table
    }

    /// A description of a wrong value.
    pub(crate) fn what(&self) -> String {
        format!("a value of {}.{} that docmill never writes", self.table, self.column)
    }

    /// A query that names the rows with wrong values.
    pub(crate) fn find(&self) -> String {
        let Self { table, column, is_wrong, .. } = self;
        // Tables without row numbers are known by their keys.
        let row = match *table {
            "answers" => "'page ' || page_id || ', recipe ' || recipe_id",
            "endpoints" => "id",
            "merges" => "hex(fingerprint)",
            _ => "'row ' || rowid",
        };
        format!("SELECT {row} || ': ' || substr(quote({column}), 1, 60) FROM {table} WHERE {is_wrong}")
    }

    /// A statement that repairs wrong values.
    pub(crate) fn repair(&self) -> String {
        let Self { table, is_wrong, repair, .. } = self;
        match repair {
            Repair::Delete => format!("DELETE FROM {table} WHERE {is_wrong}"),
            Repair::Set(columns) => format!("UPDATE {table} SET {columns} WHERE {is_wrong}"),
        }
    }
}

/// The rules for all columns that hold words, JSON or digests.
pub(crate) fn value_rules() -> Vec<ValueRule> {
    use Repair::{Delete, Set};
    let word = |table, column, words: Vec<&str>, is_nullable: bool, repair| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let null = if is_nullable { "" } else { &format!("{column} IS NULL OR ") };
        ValueRule { table, column, is_wrong: format!("{null}{column} NOT IN ({})", words.join(", ")), repair }
    };
    let json = |table, column, repair| {
        let is_wrong = format!("{column} IS NOT NULL AND NOT json_valid({column})");
        ValueRule { table, column, is_wrong, repair }
    };
    // As `Shard::parse` reads it.
    let shard = |table, repair| {
        let (index, count) = ("CAST(shard AS INTEGER)", "CAST(substr(shard, instr(shard, '/') + 1) AS INTEGER)");
        let is_shard = format!(
            "shard = {index} || '/' || {count} AND {index} >= 0 AND {index} < {count} AND {count} <= {MAX_SHARDS}"
        );
        ValueRule { table, column: "shard", is_wrong: format!("shard IS NOT NULL AND NOT ({is_shard})"), repair }
    };
    let missing = |table, column, when: &str, repair| ValueRule {
        table,
        column,
        is_wrong: format!("{column} IS NULL AND {when}"),
        repair,
    };
    let digest = |table, column| {
        let is_wrong = format!("{column} IS NOT NULL AND (typeof({column}) <> 'blob' OR length({column}) <> 32)");
        ValueRule { table, column, is_wrong, repair: Delete }
    };
    let integer = |table, column, repair| {
        let is_wrong = format!("{column} IS NOT NULL AND typeof({column}) <> 'integer'");
        ValueRule { table, column, is_wrong, repair }
    };
    let amount = |table, column, repair| {
        let is_wrong = format!("{column} IS NOT NULL AND (typeof({column}) <> 'integer' OR {column} < 0)");
        ValueRule { table, column, is_wrong, repair }
    };
    let range = |table, column, range: &str, repair| {
        let is_wrong =
            format!("{column} IS NOT NULL AND (typeof({column}) <> 'integer' OR {column} NOT BETWEEN {range})");
        ValueRule { table, column, is_wrong, repair }
    };
    macro_rules! words {
        ($vocabulary:ident) => {
            $vocabulary::ALL.iter().map(|word| word.name()).collect()
        };
    }
    vec![
        word("answers", "status", words!(OutcomeStatus), false, Delete),
        word("answers", "reason", words!(ErrorKind), true, Set("reason = NULL, message = NULL")),
        word("page_faults", "kind", words!(ErrorKind), false, Delete),
        word("entries", "fault", words!(ErrorKind), true, Delete),
        word("attempts", "state", words!(AttemptState), false, Set("state = 'lost', cost = ifnull(cost, reserved)")),
        word("attempts", "verdict", words!(VerdictName), true, Set("verdict = 'retry'")),
        word("attempts", "purpose", words!(AttemptPurpose), true, Set("purpose = NULL")),
        word("attempts", "usage_source", words!(UsageSource), true, Set("usage_source = 'estimated'")),
        word("attempts", "error_kind", words!(ErrorKind), true, Set("error_kind = NULL")),
        word("batches", "state", words!(BatchState), false, Set("state = 'submitted'")),
        word("runs", "outcome", words!(RunOutcomeName), true, Set("outcome = 'died', exit_code = NULL")),
        missing("answers", "value", "status = 'ok'", Delete),
        missing("answers", "message", "reason IS NOT NULL", Set("reason = NULL, message = NULL")),
        missing("attempts", "verdict", "state = 'settled'", Set("verdict = 'retry'")),
        missing("attempts", "usage_source", "state = 'settled'", Set("usage_source = 'estimated'")),
        missing("attempts", "input_tokens", "state = 'settled'", Set("input_tokens = 0")),
        missing("attempts", "cached_input_tokens", "state = 'settled'", Set("cached_input_tokens = 0")),
        missing("attempts", "output_tokens", "state = 'settled'", Set("output_tokens = 0")),
        missing("runs", "exit_code", "outcome IS NOT NULL AND outcome <> 'died'", Set("exit_code = 1")),
        // The cost of an attempt is unknown: the worst case counts.
        amount("attempts", "cost", Set("cost = reserved")),
        integer("attempts", "input_tokens", Set("input_tokens = 0")),
        integer("attempts", "cached_input_tokens", Set("cached_input_tokens = 0")),
        integer("attempts", "output_tokens", Set("output_tokens = 0")),
        integer("attempts", "reasoning_tokens", Set("reasoning_tokens = NULL")),
        amount("attempts", "reported_cost", Set("reported_cost = NULL")),
        json("attempts", "parameters", Set("parameters = NULL")),
        integer("attempts", "http_status", Set("http_status = NULL")),
        integer("attempts", "latency_ms", Set("latency_ms = NULL")),
        integer("answers", "at", Delete),
        range("answers", "passing", "0 AND 1", Delete),
        integer("answers", "runs", Delete),
        integer("answers", "revision", Set("revision = 0")),
        integer("entries", "page_count", Delete),
        amount("budget", "spent", Set(SPENT_IN_LEDGER)),
        integer("attempts", "sequence", Set("sequence = NULL")),
        integer("runs", "heartbeat", Set("heartbeat = 0")),
        integer("runs", "since", Set("since = 0")),
        range("runs", "exit_code", "0 AND 255", Set("outcome = 'died', exit_code = NULL")),
        missing("runs", "ended_at", "outcome IS NOT NULL", Set("ended_at = heartbeat")),
        missing("runs", "outcome", "ended_at IS NOT NULL", Set("outcome = 'died', exit_code = NULL")),
        json("runs", "pages", Set("pages = NULL")),
        json("answers", "value", Delete),
        json("recipes", "body", Delete),
        json("settings", "body", Delete),
        range("runs", "is_trial", "0 AND 1", Set("is_trial = outcome IS 'try'")),
        ValueRule {
            table: "runs",
            column: "is_trial",
            is_wrong: "outcome = 'try' AND is_trial = 0".to_owned(),
            repair: Set("is_trial = 1"),
        },
        range("marks", "blank", "0 AND 1", Delete),
        json("runs", "tasks", Set("tasks = '[]'")),
        json("entries", "selected", Delete),
        json("entries", "repeats", Delete),
        integer("pages", "redrawn", Set("redrawn = NULL")),
        missing("pages", "redrawn_reason", "redrawn IS NOT NULL", Set("redrawn = NULL")),
        ValueRule {
            table: "entries",
            column: "carried",
            is_wrong: "CASE WHEN json_valid(carried) THEN json_type(carried) <> 'object' ELSE carried IS NOT NULL END"
                .to_owned(),
            repair: Delete,
        },
        json("endpoints", "capabilities", Set("capabilities = NULL")),
        json("endpoints", "calibration", Set("calibration = NULL")),
        json("decisions", "value", Delete),
        integer("decisions", "decided_at", Delete),
        // It is unknown what a reviewer saw: the decision does not count as blind.
        json("decisions", "shown", Set("shown = 'null'")),
        integer("decisions", "withdrawn_at", Set("withdrawn_at = 0")),
        integer("decisions", "revision", Set("revision = 0")),
        ValueRule {
            table: "decisions",
            column: "sampled_with",
            is_wrong: "sampled_with IS NOT NULL AND NOT (typeof(sampled_with) = 'real' AND sampled_with > 0 AND sampled_with <= 1)"
                .to_owned(),
            repair: Set("sampled_with = NULL"),
        },
        integer("decisions", "draw_id", Set("draw_id = NULL")),
        integer("decisions", "group_id", Set("group_id = id")),
        digest("decisions", "question"),
        word("draws", "rule", words!(DrawRule), false, Delete),
        json("draws", "tasks", Set("tasks = '[]'")),
        integer("draws", "size", Delete),
        integer("draws", "population", Delete),
        json("shown_answers", "answer", Set("answer = 'null'")),
        digest("shown_answers", "question"),
        ValueRule {
            table: "shard",
            column: "number",
            is_wrong: format!("NOT (typeof(number) = 'integer' AND typeof(shards) = 'integer' AND number >= 0 AND number < shards AND shards <= {MAX_SHARDS})"),
            repair: Delete,
        },
        integer("merges", "number", Delete),
        integer("merges", "shards", Delete),
        shard("runs", Set("shard = NULL")),
        shard("draws", Delete),
        digest("recipes", "hash"),
        digest("pages", "content"),
        digest("entries", "content"),
        digest("marks", "fingerprint"),
    ]
}
