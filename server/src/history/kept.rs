//! How much of what was taken over is still there after five minutes. Follows its place through later edits, and keeps its text for that
//! time, in memory only. Pure.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ropey::Rope;
use similar::{DiffTag, TextDiff};

use super::{edits::Edit, suggestions::Piece};

/// After so long, text that was wrong has been mended.
pub const MEASURED_AFTER: Duration = Duration::from_secs(300);

/// Kept is a piece of which at least this share is still there.
const MOSTLY: f64 = 0.5;

/// Pieces that are followed; nobody takes more in five minutes. The oldest is given up.
const FOLLOWED: usize = 256;

/// Equal runs of fewer characters between two different texts are chance.
const SHORTEST_RUN: usize = 3;

/// A comparison of texts that takes longer is left unfinished: what it has not found counts as not kept.
const COMPARED_WITHIN: Duration = Duration::from_millis(20);

/// A piece whose range has become this many times as long was in the midst of text that was replaced as a whole.
const LOST_BEYOND: usize = 4;

/// The pieces that are being followed.
#[derive(Default)]
pub struct Pieces(Vec<Followed>);

/// A piece in a document.
#[derive(Debug)]
pub struct Followed {
    pub uri: Arc<str>,
    pub language: String,
    piece: Piece,
    due: Instant,
}

/// How much of a piece is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Of the piece.
    pub characters: usize,
    /// Of these, still there.
    pub kept: usize,
}

impl Measured {
    pub fn is_mostly_kept(self) -> bool {
        self.kept as f64 >= MOSTLY * self.characters as f64
    }
}

impl Pieces {
    pub fn add(&mut self, uri: &Arc<str>, language: &str, piece: Piece, now: Instant) {
        if self.0.len() == FOLLOWED {
            self.0.remove(0);
        }
        self.0.push(Followed {
            uri: uri.clone(),
            language: language.to_owned(),
            piece,
            due: now + MEASURED_AFTER,
        });
    }

    pub fn is_following(&self, uri: &str) -> bool {
        self.0.iter().any(|followed| *followed.uri == *uri)
    }

    /// Moves the pieces of a document with an edit; `after` is its text now.
    pub fn edited(&mut self, uri: &str, edit: &Edit, after: &Rope) {
        for followed in self.0.iter_mut().filter(|followed| *followed.uri == *uri) {
            let piece = &mut followed.piece;
            let swallowed = edit.start <= piece.range.start && edit.old_end >= piece.range.end;
            piece.range = edit.moved(&piece.range);
            if swallowed
                && let Some(new) = after.get_byte_slice(piece.range.clone())
                && let Some(at) = new.to_string().find(&piece.text)
            {
                // It was moved, or all around it was written anew.
                let start = piece.range.start + at;
                piece.range = start..start + piece.text.len();
            }
        }
    }

    /// The pieces whose time has come.
    pub fn due(&mut self, now: Instant) -> Vec<Followed> {
        self.0
            .extract_if(.., |followed| followed.due <= now)
            .collect()
    }

    /// The pieces of a document that is being closed: nothing more will be heard of it.
    pub fn of(&mut self, uri: &str) -> Vec<Followed> {
        let is_there = |followed: &mut Followed| *followed.uri == *uri;
        self.0.extract_if(.., is_there).collect()
    }

    /// All of them: the server ends.
    pub fn all(&mut self) -> Vec<Followed> {
        std::mem::take(&mut self.0)
    }
}

impl Followed {
    /// How likely the suggestion was, if something is to be learned from this piece.
    pub fn probability(&self) -> Option<f32> {
        self.piece.probability
    }

    /// Compares the piece with what stands at its place in `text`.
    pub fn measure(&self, text: &Rope) -> Measured {
        let old = &self.piece.text;
        let characters = old.chars().count();
        let Some(now) = text.get_byte_slice(self.piece.range.clone()) else {
            return Measured {
                characters,
                kept: 0,
            };
        };
        let now = now.to_string();
        let kept = if now == *old {
            characters
        } else if now.len() > LOST_BEYOND * old.len().max(64) {
            found_lines(old, &now)
        } else {
            common_characters(old, &now)
        };
        Measured { characters, kept }
    }
}

fn common_characters(old: &str, now: &str) -> usize {
    let diff = TextDiff::configure()
        .timeout(COMPARED_WITHIN)
        .diff_chars(old, now);
    let equal = diff.ops().iter().filter(|op| op.tag() == DiffTag::Equal);
    let runs = equal.map(|op| op.old_range().len());
    runs.filter(|run| *run >= SHORTEST_RUN).sum()
}

/// Characters of the lines of `old` that are somewhere in `now`, whatever their indentation.
fn found_lines(old: &str, now: &str) -> usize {
    old.split_inclusive('\n')
        .filter(|line| {
            let line = line.trim();
            line.chars().count() >= SHORTEST_RUN && now.contains(line)
        })
        .map(|line| line.chars().count())
        .sum()
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    const URI: &str = "file:///a.py";

    /// What is kept of what stands between the two `|`, after each of the edits (range, text) one after the other.
    fn kept(marked: &str, edits: &[(Range<usize>, &str)]) -> (usize, usize) {
        let start = marked.find('|').unwrap();
        let end = marked.rfind('|').unwrap() - 1;
        let mut text = marked.replace('|', "");
        let piece = Piece {
            range: start..end,
            text: text[start..end].to_owned(),
            probability: None,
        };
        let mut pieces = Pieces::default();
        pieces.add(&URI.into(), "python", piece, Instant::now());
        for (range, with) in edits {
            let before = Rope::from_str(&text);
            text.replace_range(range.clone(), with);
            let after = Rope::from_str(&text);
            let edit = Edit::of_range(range.clone(), &before, &after).unwrap();
            pieces.edited(URI, &edit, &after);
        }
        let measured = pieces.all()[0].measure(&Rope::from_str(&text));
        (measured.kept, measured.characters)
    }

    #[test]
    fn what_is_still_there_counts() {
        let text = "a\nx = |compute(items)|\nb";
        assert_eq!(kept(text, &[]), (14, 14));
        assert_eq!(kept(text, &[(0..0, "import y\n"), (0..1, "")]), (14, 14));
        // `compute` becomes `count`.
        assert_eq!(kept(text, &[(6..13, "count")]), (7, 14));
        assert_eq!(kept(text, &[(6..20, "")]), (0, 14));
        assert_eq!(kept(text, &[(6..20, ""), (6..6, "q")]), (0, 14));
        assert_eq!(kept(text, &[(14..19, "queue")]), (8, 14));
        assert_eq!(kept("|ö = ä + 1|", &[(0..0, "ü")]), (9, 9));
    }

    #[test]
    fn what_is_written_anew_as_a_whole_is_searched() {
        let text = "x = |compute(items)|\nb\n";
        let whole = 0..text.len() - 2;
        let anew = "import y\n\n\ndef main():\n    x = compute(items)\n    return b\n";
        assert_eq!(kept(text, &[(whole.clone(), anew)]), (14, 14));
        assert_eq!(kept(text, &[(whole, &"other text\n".repeat(50))]), (0, 14));
        // Indented anew, so that the text is not found in one piece.
        let text = "|if a:\n    run(a)\n    stop(a)\n|";
        let anew = format!("{}if a:\n  run(a)\n  halt(a)\n", "# more\n".repeat(60));
        assert_eq!(kept(text, &[(0..text.len() - 2, &anew)]), (17, 29));
    }

    #[test]
    fn the_time_of_each_comes_once() {
        let start = Instant::now();
        let mut pieces = Pieces::default();
        for number in 0..300 {
            let piece = Piece {
                range: number..number + 1,
                text: "x".to_owned(),
                probability: Some(0.5),
            };
            let uri = if number % 2 == 0 { URI } else { "file:///b.py" };
            let when = start + Duration::from_secs(number as u64);
            pieces.add(&uri.into(), "python", piece, when);
        }
        assert!(pieces.is_following(URI));
        // The first 44 had to make room.
        assert_eq!(pieces.due(start + Duration::from_secs(343)).len(), 0);
        assert_eq!(pieces.due(start + Duration::from_secs(353)).len(), 10);
        assert_eq!(pieces.of(URI).len(), 123);
        assert_eq!(pieces.all().len(), 123);
        assert!(!pieces.is_following(URI));
    }
}
