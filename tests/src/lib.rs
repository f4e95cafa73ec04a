//! What the end-to-end tests share.

pub mod gguf;
pub mod http;
pub mod models;
