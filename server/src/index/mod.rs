//! What the files of the workspace define and import. A thread of low priority walks the folders and reads the files; everybody else asks
//! [`WorkspaceSymbols`](workspace::WorkspaceSymbols) and waits for nobody. Knows nothing of prompts, and keeps no text but the outlines of definitions.

pub mod language;
pub mod resolve;
pub mod symbols;
pub mod workspace;
