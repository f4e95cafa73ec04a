//! What the user did not want a moment ago, so that it is not shown again right away. Pure; bounded; in memory only.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long "a moment ago" is: the user is still at the same place.
const REMEMBERED_FOR: Duration = Duration::from_secs(120);

/// Suggestions that are remembered: nobody dismisses more in that time.
const REMEMBERED: usize = 64;

/// The suggestions dismissed of late. A line is told apart by all of its text up to the end of the suggestion, wherever the cursor
/// stood in it.
#[derive(Default)]
pub struct Dismissed(VecDeque<Dismissal>);

struct Dismissal {
    uri: Arc<str>,
    /// The line up to the end of the suggestion, with all of its lines.
    line: String,
    /// Bytes of `line` before the cursor when it was dismissed.
    typed: usize,
    when: Instant,
}

impl Dismissed {
    /// The user went on with something else than `suggestion`, which stood behind `before` in its line.
    pub fn add(&mut self, uri: &Arc<str>, before: &str, suggestion: &str, now: Instant) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(Dismissal {
            uri: uri.clone(),
            line: format!("{before}{suggestion}"),
            typed: before.len(),
            when: now,
        });
    }

    /// Whether that was dismissed a moment ago: the same text, a beginning of it, or it with more behind. It is not once the user has
    /// typed more of it than when he dismissed it.
    pub fn contains(&self, uri: &str, before: &str, suggestion: &str, now: Instant) -> bool {
        let line = format!("{before}{suggestion}");
        let line = line.trim_end();
        self.0.iter().any(|dismissal| {
            let dismissed = dismissal.line.trim_end();
            *dismissal.uri == *uri
                && now.saturating_duration_since(dismissal.when) < REMEMBERED_FOR
                && before.len() <= dismissal.typed
                && (dismissed.starts_with(line) || line.starts_with(dismissed))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_not_shown_again_for_a_while() {
        let start = Instant::now();
        let uri: Arc<str> = "file:///a".into();
        let mut dismissed = Dismissed::default();
        dismissed.add(&uri, "let to", "tal = 1;", start);
        let at = |uri: &str, before: &str, suggestion: &str, seconds| {
            let now = start + Duration::from_secs(seconds);
            dismissed.contains(uri, before, suggestion, now)
        };
        assert!(at("file:///a", "let to", "tal = 1;", 1));
        assert!(at("file:///a", "let ", "total = 1;", 1), "further back");
        assert!(
            at("file:///a", "let to", "tal = 1;\n", 1),
            "a line end more"
        );
        assert!(at("file:///a", "let to", "tal", 1), "a beginning");
        assert!(at("file:///a", "let to", "tal = 1; more", 1), "an end more");
        assert!(!at("file:///a", "let tota", "l = 1;", 1), "typed further");
        assert!(!at("file:///a", "let to", "ggle();", 1));
        assert!(!at("file:///a", "  let to", "tal = 1;", 1));
        assert!(!at("file:///b", "let to", "tal = 1;", 1));
        assert!(!at("file:///a", "let to", "tal = 1;", 121), "long ago");
    }

    #[test]
    fn only_the_last_are_remembered() {
        let now = Instant::now();
        let uri: Arc<str> = "file:///a".into();
        let mut dismissed = Dismissed::default();
        for number in 0..1000 {
            dismissed.add(&uri, "", &format!("{number};"), now);
        }
        assert_eq!(dismissed.0.len(), REMEMBERED);
        assert!(dismissed.contains("file:///a", "", "999;", now));
        assert!(!dismissed.contains("file:///a", "", "1;", now));
    }
}
