//! Model files: which there are ([`catalogue`]), which of them lie on this machine ([`store`], [`discover`]), how to get
//! one ([`pull`]), whether a file is fit to be loaded ([`gguf`]), and which model does what ([`choice`]).
//!
//! An edge. Only [`pull`] uses the network, and only when the user asked for a model. A file is handed to the engine only
//! after its length and SHA-256 matched the catalogue, or after the user trusted exactly these bytes.

pub mod catalogue;
pub mod choice;
pub mod cli;
pub mod discover;
pub mod file;
pub mod gguf;
mod lock;
pub mod mirror;
mod part;
pub mod pull;
mod records;
pub mod store;
