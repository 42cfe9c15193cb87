//! Money: the budget, the plan, the bill, and what providers report.

mod bill;
mod cap;
mod plans;
mod providers;
mod reserved;
mod surprises;
mod unanswered;
