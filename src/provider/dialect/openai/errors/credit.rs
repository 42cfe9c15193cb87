//! Errors of accounts without credit, in the words of many servers: a word for money, and in the same clause what is
//! wrong with it.
//!
//! Sources: error references of the vendors, and errors that their users quoted (2026-11).

use crate::provider::judgement::wording::find_word;

/// Codes of errors of accounts without credit, in lower case.
pub(crate) const CREDIT_CODES: &[&str] = &[
    "insufficient_quota",
    "insufficient_user_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "insufficient_balance",
    "insufficientbalance",
    "insufficient_credit",
    "insufficient_funds",
    "enforced_spend_limit_reached",
    "exceeded_current_quota_error",
    "arrearage",
    "accountoverdueerror",
    "payment_required",
    "budget_exceeded",
    "openrouter_credits",
    "openrouter_key_limit",
    "billing_disabled",
    "allocationquota.freetieronly",
    "accessdenied.unpurchased",
    "commoditynotpurchased",
    "not_enough_balance",
    "invalid_payment_instrument",
    "subscriptiondisabled",
    "resourcepackexhausted",
    "blocked_api_access",
];
/// Words of such errors that leave no doubt.
pub(crate) const CREDIT_WORDS: &[&str] = &[
    "credit balance is too low",
    "insufficient balance",
    "insufficient account balance",
    "insufficient credit",
    "insufficient funds",
    "credits are finished",
    "credits have finished",
    "not enough credit",
    "not enough balance",
    "out of credit",
    "no credits",
    "requires more credits",
    "account is in good standing",
    "in arrears",
    "arrearage",
    "account overdue",
    "account is overdue",
    "overdue payment",
    "overdue balance",
    "overdue bill",
    "specified api usage limits",
    "reached your api usage limits",
    "billing hard limit",
    "spend limit",
    "spending limit",
    "balance is insufficient",
    "balance is too low",
    "balance depleted",
    "budget has been exceeded",
    "payment required",
    "key limit exceeded",
    "exceeded your current quota, please check your plan and billing details",
    // Chinese: the balance is insufficient; the account is in arrears.
    "余额不足",
    "欠费",
    "requires billing to be enabled",
    "billing account is not active",
    "billing account is inactive",
    "billing account is disabled",
    "billing account is closed",
    "billing account is suspended",
    "free tier of the model has been exhausted",
    "free tier has been exhausted",
    // Chinese: the quota of the token or the resource package is used up; to reserve the quota failed.
    "餘額不足",
    "余额已用尽",
    "欠費",
    "额度已用尽",
    "额度已用完",
    "額度已用盡",
    "额度不足",
    "预扣费额度失败",
    "余量已用尽",
    "余量不足",
    // French, German, Spanish, Portuguese, Italian, Russian, Japanese, Korean: the credit does not suffice.
    "crédit insuffisant",
    "crédits insuffisants",
    "credit insuffisant",
    "solde insuffisant",
    "guthaben aufgebraucht",
    "guthaben ist aufgebraucht",
    "guthaben reicht nicht",
    "nicht genügend guthaben",
    "kein guthaben",
    "saldo insuficiente",
    "crédito insuficiente",
    "créditos insuficientes",
    "fondos insuficientes",
    "saldo insufficiente",
    "credito insufficiente",
    "недостаточно средств",
    "残高が不足",
    "残高不足",
    "잔액이 부족",
    "잔액 부족",
];

/// Words for what an account has, in lower case.
const MONEY: &[&str] = &[
    "fund",
    "funds",
    "funding",
    "wallet",
    "balance",
    "balances",
    "credit",
    "credits",
    "prepaid",
    "pre-paid",
    "deposit",
    "trial",
    "free tier",
    "subscription",
    "monthly budget",
    "package",
    "hard limit",
    "spend limit",
    "spending limit",
    "spend cap",
    "spending cap",
];
/// That none of it is left.
const LACKS: &[&str] = &[
    "out of",
    "empty",
    "emptied",
    "exhausted",
    "negative",
    "insufficient",
    "not enough",
    "not have enough",
    "not have sufficient",
    "not sufficient",
    "used up",
    "used all",
    "spent",
    "depleted",
    "run out",
    "ran out",
    "running out",
    "no longer has",
    "none left",
    "no remaining",
    "remaining: 0",
    "too low",
    "is low",
    "below zero",
    "is zero",
    "is 0",
    "is $0",
    "$0",
    "exceeded",
    "expired",
    "lapsed",
    "ended",
    "is over",
    "consumed",
    "drained",
    "hit",
    "reached",
    "lacks",
    "lack of",
    "zero balance",
    "without balance",
    "has no balance",
    "have no balance",
    "no balance",
    "no funds",
    "no credit",
    "no credits",
];
/// Words for what an account owes.
const BILLS: &[&str] = &[
    "payment", "payments", "invoice", "invoices", "bill", "bills", "dues", "billing", "charge", "account", "amount",
    "card",
];
/// That it was not paid.
const DEBTS: &[&str] = &[
    "overdue",
    "past due",
    "past-due",
    "unpaid",
    "not been paid",
    "not paid",
    "outstanding",
    "delinquent",
    "in arrears",
    "in debt",
    "non-payment",
    "nonpayment",
    "payment required",
    "payment is required",
    "payment failed",
    "payment has failed",
    "payment declined",
    "payment was declined",
    "payment method",
    "failed payment",
    "declined payment",
    "billing is not",
    "billing not",
    "billing is disabled",
    "billing disabled",
    "billing hold",
    "billing issue",
    "billing problem",
    "enable billing",
    "set up billing",
    "not been set up",
    "could not charge",
    "cannot charge",
    "unable to charge",
];
/// Words about rates: at a rate limit, servers advise buying a larger plan.
const RATES: &[&str] = &[
    "rate limit",
    "per minute",
    "per second",
    "per hour",
    "per day",
    "requests/",
    "tokens/",
    "rpm",
    "tpm",
    "concurren",
];

/// `text`, in lower case, with `not` for `n't`, also where the apostrophe is left out: `you dont have`.
pub(crate) fn with_whole_negations(text: &str) -> String {
    const BARE: [&str; 7] = ["do", "does", "did", "has", "have", "is", "was"];
    let mut whole = text.replace("n't", " not").replace("n\u{2019}t", " not");
    for verb in BARE {
        let bare = format!("{verb}nt");
        while let Some(at) = find_word(&whole, &bare) {
            whole.replace_range(at + verb.len()..at + bare.len(), " not");
        }
    }
    whole
}

/// Whether the words of an error mean that the account has no credit: `the wallet is empty`, `payment overdue`. They may
/// also describe the content of a page. `text` is in lower case.
pub(crate) fn reports_no_credit(text: &str) -> bool {
    let has = |clause: &str, words: &[&str]| words.iter().any(|word| find_word(clause, word).is_some());
    let is_of_rates = RATES.iter().any(|word| text.contains(word));
    let mut clauses = text.split(['.', ';', '\n', '!']);
    !is_of_rates
        && clauses.any(|clause| has(clause, MONEY) && has(clause, LACKS) || has(clause, BILLS) && has(clause, DEBTS))
}

/// `text` without clauses such as `no credits were charged`. It is in lower case.
pub(crate) fn without_free_clauses(text: &str) -> String {
    text.split_inclusive(['.', ';', '\n', '!', ',', '(', ')']).filter(|clause| !is_free(clause)).collect()
}

/// Whether a clause states that something costs nothing: `no credits have been charged`, `credits were not deducted`,
/// `we did not charge any credits`.
fn is_free(clause: &str) -> bool {
    const UNITS: &[&str] = &["credit", "credits", "funds", "balance", "money", "tokens", "quota"];
    const FILLERS: &[&str] = &["were", "was", "have", "has", "had", "been", "be", "are", "is", "will"];
    const TAKEN: &[&str] = &["charged", "used", "deducted", "consumed", "billed", "spent", "debited", "taken"];
    const TAKE: &[&str] = &["charge", "charged", "deduct", "deducted", "use", "used", "consume", "consumed"];
    let clause = with_whole_negations(clause);
    let words: Vec<&str> = clause.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_free = |at: usize| {
        let (before, after) = (&words[..at], &words[at + 1..]);
        let verb = after.iter().position(|word| !FILLERS.contains(word) && *word != "not");
        let is_taken = verb.is_some_and(|verb| TAKEN.contains(&after[verb]) && after.get(verb + 1) != Some(&"up"));
        let is_denied = after[..verb.unwrap_or(0)].contains(&"not");
        match before.last() {
            Some(&("no" | "0" | "zero")) => is_taken,
            Some(&"any") => before.contains(&"not") && before.iter().any(|word| TAKE.contains(word)),
            _ => is_taken && is_denied,
        }
    };
    words.iter().enumerate().any(|(at, word)| UNITS.contains(word) && is_free(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_without_credit() {
        for text in [
            "You are out of funds.",
            "Your wallet is empty",
            "negative balance",
            "Prepaid balance exhausted",
            "Payment overdue",
            "Your account has run out of credits",
            "You have used up your free trial credits",
            "The free trial has ended. Please upgrade.",
            "There are unpaid invoices on this account",
            "Account suspended: invoice 2026-10 is past due",
            "Your deposit is used up",
            "Your balance is $0.00. Top up to continue.",
            "No funds available",
            "Billing is not enabled for this project",
            "you don't have enough credits left",
            "You don\u{2019}t have enough credits left",
            "your account hasn't enough balance",
            "You dont have sufficient funds",
            "Please add a payment method",
            "your subscription has expired",
            "account is in arrears",
            "credit balance: $0.00 remaining",
            "We could not charge your card, so requests are on hold",
            "Billing has not been set up for project 7",
            "Monthly budget exceeded: your organisation has spent 100 of 100 USD",
            "Not enough tokens in your package; buy another one",
            "Your subscription has lapsed, renew it to go on",
            "Your hard limit of $20 for this month was hit.",
            "The project has reached its spend limit",
        ] {
            assert!(reports_no_credit(&with_whole_negations(&text.to_lowercase())), "{text}");
        }
        for text in [
            "Invalid image: overdue notice",
            "the invoice could not be read",
            "required property 'invoice' is missing",
            "label 'credit_note' is not allowed",
            "the load balancer ran out of connections",
            "the white balance of the image is odd",
            "Rate limit reached: you are out of free tier requests per minute",
            "your account may not use this model",
            "the account is not active",
            "the hard limit of 20 images is in the documentation",
            "Rate limit reached: the spending cap of your tier allows 3 requests per minute",
            "the session has expired; your credit is fine",
            "the bill of lading is empty",
            "the identity card could not be read",
            "",
        ] {
            assert!(!reports_no_credit(&text.to_lowercase()), "{text}");
        }
    }

    #[test]
    fn clauses_about_what_costs_nothing() {
        for (text, expected) in [
            ("flagged for violence. no credits were charged.", "flagged for violence."),
            ("flagged, and no credits have been deducted", "flagged,"),
            ("0 credits used", ""),
            ("your credits were not charged; try again", " try again"),
            ("we did not charge any credits.", ""),
            ("you have no credits, so nothing was charged", "you have no credits, so nothing was charged"),
            ("no credits left", "no credits left"),
            ("all credits used", "all credits used"),
            ("you cannot go on: your credits were used up", "you cannot go on: your credits were used up"),
            ("you don't have any credits", "you don't have any credits"),
            ("credits weren't used", ""),
            ("no credits remain: they were used up", "no credits remain: they were used up"),
            ("not enough credits", "not enough credits"),
            ("you do not have enough credits", "you do not have enough credits"),
            ("could not charge your card", "could not charge your card"),
        ] {
            assert_eq!(without_free_clauses(text), expected, "{text}");
        }
    }
}
