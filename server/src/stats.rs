//! Counters of what was asked, computed and taken over, since the server started. Numbers only, never text.

use serde::{Deserialize, Serialize};

/// The answer to `tacit/stats`. The pipeline counts requests and tokens, the LSP edge what the editor reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Completions asked for.
    pub requests: u64,
    pub prompt_tokens_evaluated: u64,
    pub prompt_tokens_reused: u64,
    pub tokens_generated: u64,
    /// Microseconds that generating these took; reading prompts is not included.
    pub generating_us: u64,
    pub draft_tokens_accepted: u64,
    /// Requests answered from earlier answers.
    pub cache_hits: u64,
    /// The process that holds the weights, while there is one.
    pub engine_pid: Option<u32>,
    /// Suggestions sent to the editor.
    pub offered: u64,
    /// Suggestions that the editor reported as shown; 0 with editors that do not report it.
    pub shown: u64,
    /// Suggestions taken over, whole or in part.
    pub accepted: u64,
    /// Characters taken over that were not typed before.
    pub accepted_characters: u64,
    /// How often another document got the focus, as far as the editor reports it.
    pub focus_changes: u64,
}
