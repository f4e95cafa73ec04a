//! What the end-to-end tests share.

pub mod client;
pub mod completer;
