//! A user at an editor: documents and their edits as the editor's edge has them, reports, and a clock.

use std::{cell::RefCell, time::Duration};

use tempfile::TempDir;
use tower_lsp::gen_lsp_types::{
    Position, Range as LspRange, TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial as Partial, TextDocumentContentChangeWholeDocument as Whole,
};

use super::*;
use crate::{
    completion::LIKELY_ENOUGH,
    documents::{DocVersion, Documents, Snapshot},
    lsp::{feedback::edit_of, position::PositionEncoding},
};

const URI: &str = "file:///project/main.rs";

struct Editor {
    history: History,
    documents: RefCell<Documents>,
    now: Instant,
}

impl Editor {
    fn new(history: History, text: &str) -> Self {
        let mut documents = Documents::default();
        documents.open(URI, "rust", DocVersion(1), text);
        Self {
            history,
            documents: RefCell::new(documents),
            now: Instant::now(),
        }
    }

    fn snapshot(&self) -> Snapshot {
        self.documents.borrow().snapshot(URI).expect("it is open")
    }

    fn wait(&mut self, duration: Duration) {
        self.now += duration;
        self.history.tick(self.now, |uri| {
            Some(self.documents.borrow().snapshot(uri)?.rope)
        });
    }

    fn change(&mut self, changes: &[TextDocumentContentChangeEvent]) {
        let before = self.snapshot();
        let encoding = PositionEncoding::Utf16;
        let after = self
            .documents
            .borrow_mut()
            .change(URI, DocVersion(2), changes, encoding)
            .expect("a change");
        if let Some(edit) = edit_of(changes, &before.rope, &after.rope, encoding) {
            self.history
                .edited(&after.uri, &edit, &after.rope, self.now);
        }
    }

    fn insert(&mut self, line: u32, character: u32, text: &str) {
        self.replace((line, character), (line, character), text);
    }

    fn replace(&mut self, start: (u32, u32), end: (u32, u32), text: &str) {
        let position = |(line, character)| Position::new(line, character);
        let range = LspRange::new(position(start), position(end));
        self.change(&[Partial::new(range, None, text.to_owned()).into()]);
    }

    /// Suggests a text at the end of a line.
    fn offer(&mut self, line: usize, text: &str, probability: f32) -> u64 {
        let snapshot = self.snapshot();
        let start = snapshot.rope.line_to_byte(line);
        let line_before = snapshot.rope.line(line).to_string();
        let line_before = line_before.trim_end_matches('\n');
        let offer = Offer {
            uri: &snapshot.uri,
            language: "rust",
            line_before,
            start: start + line_before.len(),
            text,
            typed: 0,
            probability: Some(probability),
        };
        self.history.offered(offer, 12.0, self.now)
    }

    fn counts(&self) -> LanguageCounts {
        let record = self.history.record(&Stats::default());
        let mut counts = LanguageCounts::default();
        for day in record.days.values() {
            for language in day.languages.values() {
                counts.merge(language);
            }
        }
        counts
    }

    fn learned_from(&self) -> u64 {
        let record = self.history.record(&Stats::default());
        record
            .learned
            .values()
            .map(|learned| learned.suggestions)
            .sum()
    }
}

fn milliseconds(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn what_is_accepted_is_measured_after_five_minutes() {
    let mut editor = Editor::new(History::default(), "fn main() {\n    let \n}\n");
    editor.offer(1, "total = items.len();", 0.6);
    editor.wait(milliseconds(500));
    editor.insert(1, 8, "total = items.len();");
    assert_eq!(editor.counts().accepted_characters, 20);
    // Lines above, and a part of it changed.
    editor.insert(0, 0, "use std::fs;\n\n");
    editor.replace((3, 16), (3, 21), "queue");
    editor.wait(milliseconds(299_000));
    assert_eq!(editor.counts().measured_characters, 0);
    assert_eq!(editor.learned_from(), 0);
    editor.wait(milliseconds(1000));
    let counts = editor.counts();
    assert_eq!(
        (counts.measured_characters, counts.kept_characters),
        (20, 15)
    );
    assert_eq!((counts.offered, counts.shown, counts.accepted), (1, 1, 1));
    assert_eq!(editor.learned_from(), 1);
}

#[test]
fn a_whole_text_from_the_editor_moves_what_was_accepted() {
    let mut editor = Editor::new(History::default(), "a\nlet \nb\n");
    editor.offer(1, "total = 1;", 0.6);
    let whole = |text: &str| Whole { text: text.into() }.into();
    editor.change(&[whole("a\nlet total = 1;\nb\n")]);
    assert_eq!(editor.counts().accepted, 1);
    editor.change(&[whole("new\n\nb\nlet total = 1;\na\n")]);
    let last = editor.snapshot();
    editor.history.closed(URI, Some(&last.rope), editor.now);
    let counts = editor.counts();
    assert_eq!(
        (counts.measured_characters, counts.kept_characters),
        (10, 10)
    );
}

#[test]
fn what_is_deleted_again_was_not_kept() {
    let mut editor = Editor::new(History::default(), "let \n");
    for _ in 0..60 {
        editor.offer(0, "total = 1;", 0.3);
        editor.insert(0, 4, "total = 1;");
        editor.replace((0, 4), (0, 14), "");
        editor.wait(milliseconds(2000));
    }
    editor.wait(milliseconds(300_000));
    let counts = editor.counts();
    assert_eq!((counts.accepted, counts.kept_characters), (60, 0));
    assert!(editor.history.threshold("rust") > 2.0 * LIKELY_ENOUGH);
    // Other languages follow from afar.
    assert!(editor.history.threshold("go") > LIKELY_ENOUGH);
}

#[test]
fn who_types_what_is_suggested_keeps_it() {
    let mut editor = Editor::new(History::default(), "let \n");
    editor.offer(0, "to;", 0.6);
    for (column, key) in [(4, "t"), (5, "o"), (6, ";")] {
        editor.wait(milliseconds(150));
        editor.insert(0, column, key);
    }
    editor.wait(milliseconds(1000));
    let counts = editor.counts();
    assert_eq!((counts.shown, counts.typed, counts.accepted), (1, 1, 0));
    assert_eq!(editor.learned_from(), 1);
    assert!(editor.history.threshold("rust") < LIKELY_ENOUGH);
}

#[test]
fn a_refused_suggestion_does_not_come_back_at_once() {
    let mut editor = Editor::new(History::default(), "let \n");
    editor.offer(0, "total = 1;", 0.6);
    editor.wait(milliseconds(400));
    editor.insert(0, 4, "x");
    editor.replace((0, 4), (0, 5), "");
    let dismissed =
        |editor: &Editor, text: &str| editor.history.is_dismissed(URI, "let ", text, editor.now);
    assert!(dismissed(&editor, "total = 1;"));
    assert!(!dismissed(&editor, "other = 1;"));
    editor.wait(milliseconds(180_000));
    assert!(!dismissed(&editor, "total = 1;"));
    assert_eq!(editor.counts().refused, 1);
    assert_eq!(editor.learned_from(), 1);
}

#[test]
fn nothing_is_learned_from_what_nobody_could_read() {
    let mut editor = Editor::new(History::default(), "let \n");
    for column in 4..40 {
        editor.offer(0, "total = 1;", 0.6);
        editor.wait(milliseconds(100));
        editor.insert(0, column, "x");
    }
    editor.wait(milliseconds(2000));
    let counts = editor.counts();
    assert_eq!((counts.offered, counts.shown, counts.refused), (36, 0, 0));
    assert_eq!(editor.learned_from(), 0);
    assert_eq!(editor.history.threshold("rust"), LIKELY_ENOUGH);
}

#[test]
fn reports_are_counted_once_beside_what_the_text_shows() {
    let mut editor = Editor::new(History::default(), "let \n");
    let id = editor.offer(0, "total = 1;", 0.6);
    editor.history.shown(id, editor.now);
    editor.history.shown(id, editor.now);
    editor.insert(0, 4, "total = 1;");
    editor.history.accepted(id, None);
    editor.history.accepted(99, None);
    let mut stats = Stats::default();
    editor.history.fill(&mut stats);
    assert_eq!((stats.offered, stats.shown, stats.accepted), (1, 1, 1));
    assert_eq!(stats.accepted_characters, 10);
}

#[test]
fn the_next_session_goes_on_where_this_one_ended() {
    let folder = TempDir::new().unwrap();
    let session = |requests| {
        let mut editor = Editor::new(History::open(folder.path()), "let \n");
        editor.offer(0, "secret_name = 1;", 0.6);
        editor.wait(milliseconds(400));
        editor.insert(0, 4, "x");
        editor.history.end(editor.now, |_| None);
        let stats = Stats {
            requests,
            ..Stats::default()
        };
        editor.history.save(&stats).unwrap();
        editor.history.save(&stats).unwrap();
    };
    session(3);
    session(4);
    let record = HistoryFile::in_folder(folder.path()).load().unwrap();
    let requests: u64 = record.days.values().map(|day| day.requests).sum();
    assert_eq!((requests, record.learned["rust"].suggestions), (7, 2));
    let text = std::fs::read_to_string(HistoryFile::in_folder(folder.path()).path()).unwrap();
    assert!(!text.contains("secret") && !text.contains("main.rs"));

    let third = History::open(folder.path());
    let learned = third.threshold("rust");
    assert!(learned > LIKELY_ENOUGH);
    // Reset by `tacit stats` while a window is open: it forgets with its next save.
    HistoryFile::in_folder(folder.path()).reset().unwrap();
    let stats = Stats {
        requests: 1,
        ..Stats::default()
    };
    third.save(&stats).unwrap();
    assert_eq!(third.threshold("rust"), LIKELY_ENOUGH);
}

#[test]
fn what_cannot_be_saved_is_kept_for_the_next_time() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("state");
    let history = History::open(&folder);
    // A file is where the folder should be.
    std::fs::write(&folder, "").unwrap();
    let stats = |requests| Stats {
        requests,
        ..Stats::default()
    };
    assert!(history.save(&stats(2)).is_err());
    std::fs::remove_file(&folder).unwrap();
    history.save(&stats(5)).unwrap();
    let record = HistoryFile::in_folder(&folder).load().unwrap();
    let requests: u64 = record.days.values().map(|day| day.requests).sum();
    assert_eq!(requests, 5);
}
