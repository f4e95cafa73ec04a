//! The server's edge against clients that are slow, careless, broken or hostile. In memory, without a model.

mod actions;
mod completions;
mod documents;
mod grammars;
mod hidden;
mod hostile_actions;
mod lifecycle;
mod load;
mod notebooks;
mod session;
mod shown;
mod streams;
