//! Which pieces a prompt shows, and in which order. A plan follows from the one before it: what the model has read already stays where it
//! is, and what is new comes behind it, so that a changed plan costs its new pieces, not all of them.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    ops::RangeInclusive,
    path::Path,
};

use super::{Piece, lines::overlap};

/// A piece of which so many lines stand elsewhere in the prompt says nothing new.
const KNOWN_SHARE: f32 = 0.7;

/// A piece that the model has read already is kept rather than one that is a little better.
const READ_BONUS: f32 = 0.15;

/// Pieces less likely to help only keep the model from reading the rest.
const LEAST_SCORE: f32 = 0.05;

/// See [module docs](self). The pieces in the order in which the prompt shows them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub pieces: Vec<Piece>,
}

/// What the prompt shows of the current file.
#[derive(Debug, Clone)]
pub struct Window<'a> {
    pub path: Option<&'a Path>,
    /// Counted from 1.
    pub lines: RangeInclusive<u32>,
    pub text: &'a str,
}

impl Plan {
    /// The best of `candidates` that fit into `max_bytes` together, none of which says again what `window` or another one says.
    pub fn choose(
        candidates: Vec<Piece>,
        window: &Window,
        max_bytes: usize,
        previous: &Plan,
    ) -> Self {
        let has_read = |piece: &Piece| {
            let same = |old: &Piece| old.path == piece.path && old.text == piece.text;
            previous.pieces.iter().position(same)
        };
        let mut ranked: Vec<(f32, Option<usize>, Piece)> = candidates
            .into_iter()
            .filter(|piece| piece.score >= LEAST_SCORE && !piece.text.trim().is_empty())
            .map(|piece| {
                let read = has_read(&piece);
                let bonus = read.map_or(0.0, |_| READ_BONUS);
                (piece.score + bonus, read, piece)
            })
            .collect();
        ranked.sort_by(|(a_score, _, a), (b_score, _, b)| {
            b_score
                .total_cmp(a_score)
                .then_with(|| a.source.cmp(&b.source))
                .then_with(|| a.path.cmp(&b.path))
                .then_with(|| a.lines.start().cmp(b.lines.start()))
        });

        let mut known: HashSet<u64> = line_hashes(window.text).collect();
        let mut left = max_bytes;
        let mut chosen: Vec<(Option<usize>, Piece)> = Vec::new();
        for (_, read, piece) in ranked {
            let bytes = piece.cost_bytes();
            let in_window =
                window.path == Some(piece.path.as_path()) && overlap(&piece.lines, &window.lines);
            let taken = |(_, other): &(Option<usize>, Piece)| {
                other.path == piece.path && overlap(&other.lines, &piece.lines)
            };
            if bytes > left || in_window || chosen.iter().any(taken) || is_known(&piece, &known) {
                continue;
            }
            left -= bytes;
            known.extend(line_hashes(&piece.text));
            chosen.push((read, piece));
        }
        // The best of the new ones stand next to the file.
        chosen.sort_by(|(a_read, a), (b_read, b)| {
            let order = |read: &Option<usize>| read.unwrap_or(usize::MAX);
            order(a_read)
                .cmp(&order(b_read))
                .then_with(|| a.source.volatility().cmp(&b.source.volatility()))
                .then_with(|| a.score.total_cmp(&b.score))
        });
        Self {
            pieces: chosen.into_iter().map(|(_, piece)| piece).collect(),
        }
    }

    /// How much better this one is than `other`: from 0, which is as good, to 1 for each piece that is sure to help.
    pub fn gain_over(&self, other: &Plan) -> f32 {
        let is_new = |piece: &&Piece| {
            let same = |old: &Piece| old.path == piece.path && old.text == piece.text;
            !other.pieces.iter().any(same)
        };
        self.pieces
            .iter()
            .filter(is_new)
            .map(|piece| piece.score)
            .sum()
    }
}

impl Piece {
    /// Bytes of the prompt that it takes, with the name of its file.
    fn cost_bytes(&self) -> usize {
        self.text.len() + self.path.file_name().map_or(0, |name| name.len()) + 16
    }
}

/// The lines that say something, without their blanks.
fn line_hashes(text: &str) -> impl Iterator<Item = u64> {
    text.lines().filter_map(|line| {
        let mut hasher = DefaultHasher::new();
        let mut letters = 0;
        for c in line.chars().filter(|c| !c.is_whitespace()) {
            letters += usize::from(c.is_alphanumeric());
            c.hash(&mut hasher);
        }
        (letters > 2).then(|| hasher.finish())
    })
}

fn is_known(piece: &Piece, known: &HashSet<u64>) -> bool {
    let (mut lines, mut of_them) = (0, 0);
    for hash in line_hashes(&piece.text) {
        lines += 1;
        of_them += usize::from(known.contains(&hash));
    }
    of_them as f32 >= KNOWN_SHARE * lines.max(1) as f32
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::context::Source;

    fn piece(path: &str, lines: RangeInclusive<u32>, text: &str, score: f32) -> Piece {
        Piece {
            path: PathBuf::from(path),
            lines,
            text: text.to_owned(),
            source: Source::Definitions,
            reason: String::new(),
            score,
        }
    }

    const WINDOW: Window = Window {
        path: None,
        lines: 10..=20,
        text: "let shown = 1;\nlet also = shown;\n",
    };

    fn paths(plan: &Plan) -> Vec<&str> {
        let paths = plan.pieces.iter().map(|piece| piece.path.to_str());
        paths.map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn the_best_pieces_that_fit_are_chosen_and_stand_next_to_the_file() {
        let candidates = vec![
            piece("a", 1..=1, "fn least_of_all();", 0.2),
            piece("b", 1..=1, &"fn too_long();\n".repeat(20), 0.9),
            piece("c", 1..=1, "fn best();", 0.8),
            piece("d", 1..=1, "fn useless();", 0.01),
            piece("e", 1..=1, "fn good();", 0.5),
        ];
        let plan = Plan::choose(candidates, &WINDOW, 60, &Plan::default());
        assert_eq!(paths(&plan), ["e", "c"]);
    }

    #[test]
    fn nothing_is_said_twice() {
        let window = Window {
            path: Some(Path::new("me")),
            ..WINDOW
        };
        let candidates = vec![
            piece("a", 1..=3, "fn a();\nfn b();", 0.9),
            piece("a", 3..=4, "fn b();\nfn c();", 0.8),
            piece("copy", 1..=2, "fn a();\n  fn  b();", 0.7),
            piece("b", 1..=2, "let  shown=1;\nlet also = shown;", 0.6),
            piece("me", 20..=22, "fn overlapping();", 0.5),
            piece("me", 21..=22, "fn elsewhere();", 0.4),
        ];
        let plan = Plan::choose(candidates, &window, 1000, &Plan::default());
        assert_eq!(paths(&plan), ["me", "a"]);
    }

    #[test]
    fn what_was_read_stays_where_it_is() {
        let old = [
            piece("a", 1..=1, "fn first();", 0.3),
            piece("b", 1..=1, "fn second();", 0.9),
            piece("gone", 1..=1, "fn third();", 0.9),
        ];
        let previous = Plan {
            pieces: old.to_vec(),
        };
        let candidates = vec![
            piece("new", 1..=1, "fn fourth();", 0.4),
            old[1].clone(),
            old[0].clone(),
        ];
        let plan = Plan::choose(candidates, &WINDOW, 90, &previous);
        assert_eq!(paths(&plan), ["a", "b", "new"]);
        assert_eq!(plan.gain_over(&previous), 0.4);
        assert_eq!(plan.gain_over(&plan), 0.0);
    }
}
