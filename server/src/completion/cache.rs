//! Earlier answers, finished or still on their way, by the text around them. An answer fits wherever the text before the cursor ends
//! with where it began and a beginning of itself, and the text after the cursor is the same: so typing through a suggestion, going
//! back in it and undoing all find it again, and edits elsewhere in the file do not matter. Pure bookkeeping.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::generation::{Generation, Progress};
use crate::{
    engine::Finish,
    prompt::layout::closers,
    text::{ceil_char_boundary, floor_char_boundary},
};

/// Answers that are remembered, over all documents; half a kilobyte each, mostly.
const ANSWERS: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// Text before and after the cursor that has to be as it was, in bytes: some lines.
const BEFORE_BYTES: usize = 256;
const AFTER_BYTES: usize = 96;

/// What [`Surroundings`] should hold, so that every answer can be found.
pub const LOOK_BEHIND_BYTES: usize = 4096;
pub const LOOK_AHEAD_BYTES: usize = 512;

/// The text around a cursor, at most [`LOOK_BEHIND_BYTES`] and [`LOOK_AHEAD_BYTES`] of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    pub before: String,
    /// `before` begins where the document does.
    pub from_start: bool,
    pub after: String,
    /// `after` ends where the document does.
    pub to_end: bool,
}

/// See [module docs](self).
pub struct Cache {
    entries: LruCache<u64, Entry>,
    next: u64,
}

struct Entry {
    uri: Arc<str>,
    origin: Surroundings,
    generation: Arc<Generation>,
}

/// An answer, and how much of it the document holds already.
pub struct Found {
    pub generation: Arc<Generation>,
    /// Bytes of its text before the cursor.
    pub typed: usize,
}

impl Cache {
    pub fn new() -> Self {
        Self {
            entries: LruCache::new(ANSWERS),
            next: 0,
        }
    }

    pub fn insert(&mut self, uri: &Arc<str>, at: &Surroundings, generation: Arc<Generation>) {
        let entry = Entry {
            uri: uri.clone(),
            origin: at.clipped(BEFORE_BYTES, AFTER_BYTES),
            generation,
        };
        self.next += 1;
        self.entries.put(self.next, entry);
    }

    /// The answer used last among those that fit and for which `suits`; it becomes the most recently used.
    pub fn find(
        &mut self,
        uri: &str,
        at: &Surroundings,
        suits: impl Fn(&Generation, &Progress, usize) -> bool,
    ) -> Option<Found> {
        let (key, typed) = self.entries.iter().find_map(|(key, entry)| {
            let generation = &entry.generation;
            let progress = generation.progress();
            let fits = *entry.uri == *uri && !matches!(progress.finish, Some(Finish::Failed(_)));
            let typed = fits
                .then(|| typed_through(&entry.origin, &progress.text, at))
                .flatten()?;
            suits(generation, &progress, typed).then_some((*key, typed))
        })?;
        let entry = self.entries.get(&key)?;
        Some(Found {
            generation: entry.generation.clone(),
            typed,
        })
    }

    /// Ends what is still being generated for a document: it does not fit what is there now.
    pub fn stop_running(&mut self, uri: &str) {
        for (_, entry) in self.entries.iter() {
            if *entry.uri == *uri && entry.generation.is_running() {
                entry.generation.stop();
            }
        }
    }
}

impl Surroundings {
    fn clipped(&self, before: usize, after: usize) -> Self {
        let start = ceil_char_boundary(&self.before, self.before.len().saturating_sub(before));
        let end = floor_char_boundary(&self.after, after);
        Self {
            before: self.before[start..].to_owned(),
            from_start: self.from_start && start == 0,
            after: self.after[..end].to_owned(),
            to_end: self.to_end && end == self.after.len(),
        }
    }
}

#[cfg(test)]
impl Surroundings {
    /// Those of `$0` in a whole document.
    pub fn of_cursor(marked: &str) -> Self {
        let (before, after) = marked.split_once("$0").expect("the text has a cursor");
        Self {
            before: before.to_owned(),
            from_start: true,
            after: after.to_owned(),
            to_end: true,
        }
    }
}

/// How much of `text`, which was generated at `origin`, stands before the cursor at `now`; the most, if it can be read in several ways.
/// `None` if it does not fit there.
fn typed_through(origin: &Surroundings, text: &str, now: &Surroundings) -> Option<usize> {
    // Editors put closing brackets and quotes behind the cursor as the opening ones are typed.
    let same_after = |skipped: usize| {
        let after = &now.after[skipped..];
        after.starts_with(&origin.after)
            && origin.to_end == (now.to_end && after.len() == origin.after.len())
    };
    if !closers(&now.after).any(same_after) {
        return None;
    }
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.rev().find(|typed| {
        now.before
            .strip_suffix(&text[..*typed])
            .is_some_and(|before| {
                before.ends_with(&origin.before)
                    && (!origin.from_start
                        || (now.from_start && before.len() == origin.before.len()))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(origin: &str, text: &str, now: &str) -> Option<usize> {
        typed_through(
            &Surroundings::of_cursor(origin).clipped(BEFORE_BYTES, AFTER_BYTES),
            text,
            &Surroundings::of_cursor(now),
        )
    }

    #[test]
    fn an_answer_fits_while_what_is_typed_is_its_beginning() {
        for (now, expected) in [
            ("let $0;\n", Some(0)),
            ("let to$0;\n", Some(2)),
            ("let total$0;\n", Some(5)),
            ("let tx$0;\n", None),
            ("let total!$0;\n", None),
            ("let$0;\n", None),
            ("Let to$0;\n", None),
            ("let to$0;\nx", None),
            ("let to$0\n", None),
        ] {
            assert_eq!(typed("let $0;\n", "total", now), expected, "{now}");
        }
    }

    #[test]
    fn edits_far_away_do_not_matter() {
        let far = "x".repeat(400);
        let origin = format!("{far}\nlet $0;\n{far}");
        for now in [
            format!("new line\n{far}\nlet to$0;\n{far}"),
            format!("{far}\nlet to$0;\n{far} new"),
        ] {
            assert_eq!(typed(&origin, "total", &now), Some(2));
        }
    }

    #[test]
    fn brackets_that_the_editor_closes_do_not_matter() {
        assert_eq!(typed("print$0\n", "(total)", "print($0)\n"), Some(1));
        assert_eq!(typed("print$0\n", "(\"a\")", "print(\"$0\")\n"), Some(2));
        assert_eq!(typed("print$0\n", "(total)", "print($0x)\n"), None);
    }

    #[test]
    fn what_is_repeated_counts_as_typed_once_as_far_as_possible() {
        assert_eq!(typed("a$0", "aaa", "aaa$0"), Some(2));
    }
}
