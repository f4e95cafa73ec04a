//! Where the user worked of late, in all documents, and the code that stands there now. Remembers places, never text, so that nothing here is
//! out of date. Does not know what an edit was: the code as it reads now is what the next edits will fit to.

use std::{
    collections::VecDeque,
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use grammars::Notation;
use ropey::Rope;
use tree_sitter::{Node, Tree};

use super::{
    Piece, Source,
    lines::{LineChange, last_line, line_at, lines_of, overlap},
    privacy,
};
use crate::documents::Snapshot;
use crate::prompt::layout::with_line_feeds;

/// Places that are remembered. More than a prompt holds, because some lie in the window and some documents are closed.
const MAX_PLACES: usize = 32;
/// Edits with at most so many lines between them are one place.
const NEAR_LINES: u32 = 4;
/// A place does not grow beyond this by edits beside it.
const MAX_PLACE_LINES: u32 = 24;
/// A change of more lines is the work of a formatter, of version control or of a paste: it says nothing of where the user is.
const MAX_EDITED_LINES: u32 = 100;
/// The largest node that is shown for an edit inside of it.
const MAX_NODE_LINES: u32 = 16;
/// Shown above and below an edit, where no small node encloses it.
const MARGIN_LINES: u32 = 4;
/// After this time an edit is worth half.
const HALF_LIFE: Duration = Duration::from_secs(5 * 60);
/// What the newest edit is worth: less than a definition that the cursor's line names.
const NEWEST_SCORE: f32 = 0.7;
/// What an edit is worth, of the one that came after it.
const OLDER_SCORE: f32 = 0.85;

/// The places of the last edits.
#[derive(Debug, Default)]
pub struct RecentEdits {
    /// The newest last.
    places: VecDeque<Place>,
}

#[derive(Debug)]
struct Place {
    uri: Arc<str>,
    path: PathBuf,
    lines: RangeInclusive<u32>,
    at: Instant,
}

impl RecentEdits {
    /// To be called for every change of every document that lies in a file, in their order.
    pub fn edited(&mut self, uri: &Arc<str>, path: &Path, change: LineChange, at: Instant) {
        let mut lines = change.lines();
        let is_recorded = lines.end() - lines.start() < MAX_EDITED_LINES;
        self.places.retain_mut(|place| {
            if place.uri != *uri {
                return true;
            }
            place.lines = change.moved(&place.lines);
            let both = union(&place.lines, &lines);
            let is_merged = is_recorded
                && is_near(&place.lines, &lines)
                && both.end() - both.start() < MAX_PLACE_LINES;
            if is_merged {
                lines = both;
            }
            !is_merged
        });
        if is_recorded {
            if self.places.len() == MAX_PLACES {
                self.places.pop_front();
            }
            self.places.push_back(Place {
                uri: uri.clone(),
                path: path.to_owned(),
                lines,
                at,
            });
        }
    }

    /// A closed document is not followed any more: its file may change without our knowing.
    pub fn closed(&mut self, uri: &str) {
        self.places.retain(|place| &*place.uri != uri);
    }

    /// The code around the last edits, the newest first, each line at most once. What the prompt shows of the current document, `window`
    /// (bytes), is left out.
    pub fn pieces(
        &self,
        snapshot_of: impl Fn(&str) -> Option<Snapshot>,
        current: &str,
        window: &Range<usize>,
        now: Instant,
    ) -> Vec<Piece> {
        let mut taken: Vec<(&str, RangeInclusive<u32>)> = Vec::new();
        if let Some(snapshot) = snapshot_of(current) {
            taken.push((current, lines_of(&snapshot.rope, window)));
        }
        let mut pieces = Vec::new();
        let mut worth = NEWEST_SCORE;
        for place in self.places.iter().rev() {
            let Some(snapshot) = snapshot_of(&place.uri) else {
                continue;
            };
            let of_document = taken.iter().filter(|(uri, _)| *uri == &*place.uri);
            let Some(lines) = free_lines(&snapshot, &place.lines, of_document.map(|(_, l)| l))
            else {
                continue;
            };
            let text = shown_text_of(&snapshot.rope, &lines, snapshot.notation());
            if text.trim().is_empty() {
                continue;
            }
            let age = now.saturating_duration_since(place.at);
            taken.push((&place.uri, lines.clone()));
            pieces.push(Piece {
                path: place.path.clone(),
                lines,
                text,
                source: Source::RecentEdits,
                reason: reason(age),
                score: worth * 0.5_f32.powf(age.as_secs_f32() / HALF_LIFE.as_secs_f32()),
            });
            worth *= OLDER_SCORE;
        }
        pieces
    }
}

/// The lines as a model may see them: a key that begins above them is known by its beginning.
fn shown_text_of(rope: &Rope, lines: &RangeInclusive<u32>, notation: Notation) -> String {
    let start_of = |line: usize| rope.line_to_byte(line.min(rope.len_lines()));
    let bytes = start_of(*lines.start() as usize - 1)..start_of(*lines.end() as usize);
    let text = with_line_feeds(&privacy::shown(rope, bytes, notation));
    text.trim_end_matches('\n').to_owned()
}

fn reason(age: Duration) -> String {
    match age.as_secs() / 60 {
        0 => "edited just now".to_owned(),
        1 => "edited a minute ago".to_owned(),
        minutes => format!("edited {minutes} minutes ago"),
    }
}

fn union(a: &RangeInclusive<u32>, b: &RangeInclusive<u32>) -> RangeInclusive<u32> {
    *a.start().min(b.start())..=*a.end().max(b.end())
}

fn is_near(a: &RangeInclusive<u32>, b: &RangeInclusive<u32>) -> bool {
    let reach = a.start().saturating_sub(NEAR_LINES)..=a.end().saturating_add(NEAR_LINES);
    overlap(&reach, b)
}

/// The lines to show for an edit of `edited`, without those that are `taken`; `None` if the edit itself is among them.
fn free_lines<'a>(
    snapshot: &Snapshot,
    edited: &RangeInclusive<u32>,
    taken: impl Iterator<Item = &'a RangeInclusive<u32>>,
) -> Option<RangeInclusive<u32>> {
    let last = last_line(&snapshot.rope);
    let edited = (*edited.start()).min(last)..=(*edited.end()).min(last);
    let around = enclosing_node(snapshot, &edited).unwrap_or_else(|| {
        edited.start().saturating_sub(MARGIN_LINES).max(1)..=(edited.end() + MARGIN_LINES).min(last)
    });
    let (mut start, mut end) = around.into_inner();
    for taken in taken {
        if overlap(taken, &edited) {
            return None;
        }
        if taken.end() < edited.start() {
            start = start.max(taken.end() + 1);
        } else {
            end = end.min(taken.start() - 1);
        }
    }
    let is_blank = |line| line_at(&snapshot.rope, line).is_none_or(|text| text.trim().is_empty());
    while start < end && is_blank(start) {
        start += 1;
    }
    while start < end && is_blank(end) {
        end -= 1;
    }
    Some(start..=end)
}

/// The lines of the largest node around the edit that is still small. Its offsets fit the text, also if its shape is older.
fn enclosing_node(
    snapshot: &Snapshot,
    edited: &RangeInclusive<u32>,
) -> Option<RangeInclusive<u32>> {
    let tree: &Tree = snapshot.tree.as_ref()?;
    let rope = &snapshot.rope;
    let start = rope.line_to_byte(*edited.start() as usize - 1);
    let end = rope.line_to_byte((*edited.end() as usize).min(rope.len_lines()));
    let lines = |node: Node| lines_of(rope, &node.byte_range());
    let is_small = |node: &Node| {
        let lines = lines(*node);
        lines.end() - lines.start() < MAX_NODE_LINES
    };
    let text_start = start + indentation(rope, *edited.start());
    let mut node = tree
        .root_node()
        .named_descendant_for_byte_range(text_start, end.saturating_sub(1).max(text_start))
        .filter(is_small)?;
    // Not the root: a small file is more than the place that was edited.
    while let Some(parent) = node.parent().filter(|parent| parent.parent().is_some())
        && is_small(&parent)
    {
        node = parent;
    }
    let lines = union(&lines(node), edited);
    // A single statement says little without those around it.
    (lines.end() - lines.start() >= 2 && lines.end() - lines.start() < MAX_PLACE_LINES)
        .then_some(lines)
}

fn indentation(rope: &ropey::Rope, line: u32) -> usize {
    line_at(rope, line).map_or(0, |text| text.len() - text.trim_start().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{DocVersion, Documents};
    use crate::syntax;

    const OTHER: &str = "file:///project/other.py";

    struct Editor {
        documents: Documents,
        edits: RecentEdits,
        start: Instant,
    }

    impl Editor {
        fn new(files: &[(&str, &str)]) -> Self {
            let mut documents = Documents::default();
            for (uri, text) in files {
                let snapshot = documents.open(uri, "python", DocVersion(1), text);
                let tree = syntax::newest_tree(&snapshot, Duration::from_secs(5));
                documents.store(syntax::Parsed { snapshot, tree });
            }
            Self {
                documents,
                edits: RecentEdits::default(),
                start: Instant::now(),
            }
        }

        fn edit(&mut self, uri: &str, first: u32, old_last: u32, new_last: u32, second: u64) {
            let change = LineChange {
                first,
                old_last,
                new_last,
            };
            let path = Path::new(uri.strip_prefix("file://").unwrap());
            self.edits.edited(
                &uri.into(),
                path,
                change,
                self.start + Duration::from_secs(second),
            );
        }

        fn pieces(&self, current: &str, window: Range<usize>, second: u64) -> Vec<Piece> {
            let now = self.start + Duration::from_secs(second);
            self.edits
                .pieces(|uri| self.documents.snapshot(uri), current, &window, now)
        }
    }

    fn numbered(lines: u32) -> String {
        (1..=lines)
            .map(|line| format!("line_{line} = {line}\n"))
            .collect()
    }

    #[test]
    fn shows_the_code_around_an_edit_as_it_reads_now_newest_first() {
        let text = "def area(width):\n    if width < 0:\n        return 0\n    return width * width\n\n\nname = 1\n";
        let mut editor = Editor::new(&[(OTHER, text), ("file:///project/a.py", &numbered(30))]);
        editor.edit(OTHER, 3, 3, 3, 0);
        editor.edit("file:///project/a.py", 20, 20, 20, 60);
        let pieces = editor.pieces("file:///project/main.py", 0..0, 120);
        assert_eq!(pieces[0].lines, 16..=24);
        assert_eq!(pieces[0].reason, "edited a minute ago");
        assert_eq!(pieces[1].lines, 1..=4, "the whole function");
        assert_eq!(pieces[1].text, text.split("\n\n").next().unwrap());
        assert_eq!(pieces[1].path, Path::new("/project/other.py"));
        assert!(pieces[0].score > pieces[1].score && pieces[0].score < NEWEST_SCORE);
    }

    #[test]
    fn edits_beside_each_other_are_one_place_and_later_edits_above_move_it() {
        let mut editor = Editor::new(&[(OTHER, &numbered(200))]);
        editor.edit(OTHER, 100, 100, 100, 0);
        editor.edit(OTHER, 103, 103, 104, 1);
        assert_eq!(editor.edits.places.len(), 1);
        editor.edit(OTHER, 10, 12, 10, 2);
        let pieces = editor.pieces("file:///project/main.py", 0..0, 2);
        assert_eq!(
            pieces
                .iter()
                .map(|piece| piece.lines.clone())
                .collect::<Vec<_>>(),
            [6..=14, 94..=106]
        );
    }

    #[test]
    fn what_the_window_shows_is_not_shown_again() {
        let text = numbered(60);
        let mut editor = Editor::new(&[(OTHER, &text)]);
        editor.edit(OTHER, 10, 10, 10, 0);
        editor.edit(OTHER, 33, 33, 33, 1);
        // The window begins at line 12 and ends before line 32.
        let window = text.find("line_12 ").unwrap()..text.find("line_32 ").unwrap();
        let pieces = editor.pieces(OTHER, window.clone(), 1);
        assert_eq!(
            pieces
                .iter()
                .map(|piece| piece.lines.clone())
                .collect::<Vec<_>>(),
            [32..=37, 6..=11]
        );
        editor.edit(OTHER, 20, 20, 20, 2);
        assert_eq!(editor.pieces(OTHER, window, 2).len(), 2);
    }

    #[test]
    fn reformatted_files_closed_documents_and_old_places_are_forgotten() {
        let mut editor = Editor::new(&[(OTHER, &numbered(2000))]);
        editor.edit(OTHER, 1, 1500, 1500, 0);
        assert!(editor.edits.places.is_empty());
        for place in 0..40 {
            editor.edit(
                OTHER,
                1 + place * 40,
                1 + place * 40,
                1 + place * 40,
                u64::from(place),
            );
        }
        assert_eq!(editor.edits.places.len(), MAX_PLACES);
        assert_eq!(editor.edits.places[0].lines, 321..=321);
        editor.edits.closed(OTHER);
        assert!(editor.pieces(OTHER, 0..0, 50).is_empty());
    }

    #[test]
    fn lines_within_a_key_are_known_by_its_beginning() {
        let body: String = (0..9).map(|n| format!("part{n}\r\n")).collect();
        // In two parts, so that this file does not look like one with a key in it.
        let [begin, end] = ["BEGIN", "END"].map(|word| format!("-----{word} PRIVATE KEY-----\r\n"));
        let rope = Rope::from_str(&format!("{begin}{body}{end}let x = 1;\r\n"));
        let shown = shown_text_of(&rope, &(5..=12), Notation::Code);
        assert!(!shown.contains("part"), "{shown}");
        assert!(shown.ends_with("KEY-----\nlet x = 1;"), "{shown}");
        assert_eq!(shown.lines().count(), 8);
    }
}
