pub mod atomic; pub mod catalog; pub mod clock; pub mod digest; pub mod hooks; pub mod manifest; pub mod money; pub mod random; pub mod units; pub mod usage;
pub mod source; pub mod media; pub mod prepare;
pub mod task;
pub mod ask;
pub mod store;
pub mod simulator;
pub mod export;
pub mod report;
