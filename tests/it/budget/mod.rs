//! Money: the budget, the plan and the bill.

mod bill;
mod cap;
