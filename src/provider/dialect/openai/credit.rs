//! Errors of accounts without credit, in the words of many servers: a word for money, and in the same clause what is
//! wrong with it.
//!
//! Sources: error references of the vendors, and errors that their users quoted (2026-11).

use crate::provider::judgement::wording::find_word;

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
/// That it has none of it left.
const LACKS: &[&str] = &[
    "out of",
    "empty",
    "emptied",
    "exhausted",
    "negative",
    "insufficient",
    "not enough",
    "not have enough",
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

/// Whether the words of an error mean that the account has no credit: `the wallet is empty`, `payment overdue`. They may
/// also stand for what a page shows. `text` is in lower case.
pub(crate) fn says_no_credit(text: &str) -> bool {
    let has = |clause: &str, words: &[&str]| words.iter().any(|word| find_word(clause, word).is_some());
    let is_of_rates = RATES.iter().any(|word| text.contains(word));
    let text = text.replace("n't", " not");
    let mut clauses = text.split(['.', ';', '\n', '!']);
    !is_of_rates
        && clauses.any(|clause| has(clause, MONEY) && has(clause, LACKS) || has(clause, BILLS) && has(clause, DEBTS))
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
            assert!(says_no_credit(&text.to_lowercase()), "{text}");
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
            assert!(!says_no_credit(&text.to_lowercase()), "{text}");
        }
    }
}
