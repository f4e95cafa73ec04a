//! tacit: code completion from a model on the user's own machine.
//!
//! The folders are the architecture. *Pure core*, without I/O, async or llama.cpp: [`documents`], [`display`], [`text`], [`words`], [`index::symbols`] and
//! [`index::resolve`], the sources, plan and privacy rules of [`context`], [`prompt`], the rules of [`completion`], and the scheduler,
//! slots and sampling of [`engine`]. *Edges*, thin: [`lsp`], [`cli`], [`models`], [`engine::host`] and [`engine::remote`]; and what
//! reads the user's files, all of it through [`files`]: the walk of the [`index`], [`context::workspace`] and [`context::privacy`]. *One unsafe neighbour*:
//! llama.cpp, behind [`engine::backend::Backend`], imported by one file, run by one thread, in a process of its own.
#![forbid(unsafe_code)]

#[macro_use]
mod output;

pub mod actions;
pub mod cli;
pub mod completion;
pub mod config;
pub mod context;
pub mod display;
pub mod doctor;
pub mod documents;
pub mod engine;
pub mod files;
pub mod history;
pub mod index;
pub mod logging;
pub mod lsp;
pub mod models;
pub mod priority;
pub mod process;
pub mod prompt;
pub mod stats;
pub mod subprocess;
pub mod syntax;
pub mod text;
pub mod words;
