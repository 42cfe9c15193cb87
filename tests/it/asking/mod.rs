//! Requests: faults and their effects, retries, stops, and runs that continue.

mod chaos;
mod faults;
mod refresh;
mod not_an_api;
mod resume;
mod stops;
