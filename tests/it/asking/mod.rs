//! Requests: faults and their effects, retries, stops, and runs that continue.

mod chaos;
mod faults;
mod resume;
mod stops;
mod waits;
