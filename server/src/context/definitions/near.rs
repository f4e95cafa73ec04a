//! How much a name has to do with the words near the cursor, for what no name in the code leads to.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

use super::words::{self, Token, subwords};
use crate::index::symbols::Definition;

/// What a name gains that starts as the word before the cursor does.
const STARTED: f32 = 0.5;

/// What a name gains that the file uses elsewhere.
const USED: f32 = 0.25;

/// The words near the cursor.
pub(super) struct Near<'t> {
    /// Parts of words, with the more weight the nearer they are.
    parts: HashMap<String, f32>,
    /// The word that is being typed, if it says something yet.
    started: Option<&'t str>,
}

impl<'t> Near<'t> {
    /// Of the code above the cursor, in a file of this name.
    pub fn new(above: &[Token<'t>], path: &Path, is_in_word: bool) -> Self {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut parts: HashMap<String, f32> = subwords(&stem)
            .into_iter()
            .map(|word| (word, 0.3))
            .collect();
        let last = above.last().map_or(0, |token| token.line);
        let names = above
            .iter()
            .filter(|token| token.is_word() && !words::is_keyword(token.text));
        for token in names {
            let weight = 1.0 / (1.0 + 0.3 * (last - token.line) as f32);
            parts.extend(subwords(token.text).into_iter().map(|word| (word, weight)));
        }
        let typed = above
            .last()
            .filter(|token| is_in_word && token.is_word() && token.text.len() > 1);
        Self {
            parts,
            started: typed.map(|token| token.text),
        }
    }

    /// How much of a name the words near the cursor have, from 0 to 1.
    pub fn likeness(&self, name: &str) -> f32 {
        let words = subwords(name);
        let shared: f32 = words.iter().filter_map(|word| self.parts.get(word)).sum();
        let is_started = self
            .started
            .is_some_and(|started| name.starts_with(started));
        let started = if is_started { STARTED } else { 0.0 };
        (shared / (1 + words.len()) as f32 + started).min(1.0)
    }

    /// The `count` definitions whose names have the most to do with the words near the cursor, with how much that is. `scope` is the
    /// name that stands before that of the definition, if any.
    pub fn most_alike<'a>(
        &self,
        definitions: Vec<Candidate<'a>>,
        is_used: impl Fn(&str) -> bool,
        count: usize,
    ) -> Vec<(f32, Candidate<'a>)> {
        let mut alike: Vec<_> = definitions
            .into_iter()
            .map(|candidate| {
                let scope = candidate.scope.map_or(0.0, |scope| self.likeness(scope));
                let name = &candidate.definition.name;
                let used = if is_used(name) { USED } else { 0.0 };
                let own = (self.likeness(name) + used).min(1.0);
                (own.max(scope), own, candidate)
            })
            .collect();
        let thousandths = |likeness: f32| Reverse((likeness * 1000.0) as u32);
        alike.sort_by_key(|(likeness, own, candidate)| {
            let place = (candidate.path, *candidate.definition.lines.start());
            (thousandths(*likeness), thousandths(*own), place)
        });
        alike.truncate(count);
        alike
            .into_iter()
            .map(|(likeness, _, candidate)| (likeness, candidate))
            .collect()
    }
}

/// A definition that no name in the code leads to.
pub(super) struct Candidate<'a> {
    pub path: &'a Path,
    pub definition: &'a Definition,
    /// What stands before its name where it is used: the module in Go.
    pub scope: Option<&'a str>,
}
