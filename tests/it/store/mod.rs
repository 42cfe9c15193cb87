//! The store: durability, runs that die, and maintenance.

mod contract;
mod damage;
mod durability;
pub(crate) mod dying;
mod old_stores;
mod read_only;
mod upkeep;
