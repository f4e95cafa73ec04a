use super::*;

const URI: &str = "file:///a.rs";

/// A document with one suggestion at `|`, and a clock.
struct Typing {
    suggestions: Suggestions,
    text: String,
    now: Instant,
    id: u64,
    taken: Vec<Taken>,
    refused: Vec<Refused>,
}

impl Typing {
    fn new(marked: &str, suggestion: &str) -> Self {
        let start = marked.find('|').expect("the text has a cursor");
        let mut typing = Self {
            suggestions: Suggestions::default(),
            text: marked.replace('|', ""),
            now: Instant::now(),
            id: 0,
            taken: Vec::new(),
            refused: Vec::new(),
        };
        typing.offer(start, suggestion);
        typing
    }

    fn offer(&mut self, start: usize, text: &str) -> bool {
        let line_before = self.text[..start].rsplit('\n').next().unwrap_or_default();
        let offer = Offer {
            uri: &URI.into(),
            language: "rust",
            line_before,
            start,
            text,
            typed: 0,
            probability: Some(0.5),
        };
        let (id, is_new) = self.suggestions.offer(offer, self.now);
        self.id = id;
        is_new
    }

    fn wait(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    fn edit(&mut self, range: Range<usize>, with: &str) -> &mut Self {
        let before = Rope::from_str(&self.text);
        self.text.replace_range(range.clone(), with);
        let after = Rope::from_str(&self.text);
        let edit = Edit::of_range(range, &before, &after).expect("an edit");
        let (taken, refused) = self.suggestions.edited(URI, &edit, &after, self.now);
        self.taken.extend(taken);
        self.refused.extend(refused);
        self
    }

    /// One key after the other, from `at` on.
    fn keys(&mut self, at: usize, keys: &str) -> &mut Self {
        for (offset, key) in keys.char_indices() {
            self.wait(100)
                .edit(at + offset..at + offset, key.encode_utf8(&mut [0; 4]));
        }
        self
    }

    fn fate(&mut self) -> Option<(Fate, bool)> {
        self.wait(1000);
        let settled = self.suggestions.settle(self.now, false);
        assert!(settled.len() <= 1);
        settled.first().map(|settled| (settled.fate, settled.seen))
    }
}

#[test]
fn what_comes_in_one_piece_was_taken() {
    // VS Code may replace the word; Neovim and Helix insert the rest.
    for (range, with) in [(6..6, "turn x;"), (4..6, "return x;")] {
        let mut typing = Typing::new("let re|\n", "turn x;");
        typing.wait(100).edit(range, with);
        let taken = &typing.taken[0];
        assert!(taken.first);
        assert_eq!(taken.characters, 7);
        let piece = taken.piece.clone().unwrap();
        assert_eq!((piece.range, &*piece.text), (6..13, "turn x;"));
        assert_eq!(piece.probability, Some(0.5));
        assert_eq!(typing.fate(), Some((Fate::Taken, true)));
    }
}

#[test]
fn what_comes_key_by_key_was_typed() {
    let mut typing = Typing::new("let |\n", "total = 1;");
    typing.keys(4, "total = 1;");
    assert_eq!((typing.taken.len(), typing.refused.len()), (0, 0));
    assert_eq!(typing.fate(), Some((Fate::Typed, true)));
}

#[test]
fn keys_that_come_together_were_typed() {
    // Neovim tells of edits after 150 ms, and indents new lines.
    let mut typing = Typing::new("x|\n", "\n        total += 1;");
    typing.edit(1..1, "\n        ");
    typing.wait(150).edit(10..10, "tot");
    assert_eq!(typing.taken, []);
    assert!(typing.suggestions.is_following(URI));
    typing.wait(150).edit(13..13, "al += 1;");
    assert_eq!(typing.taken[0].characters, 8);
}

#[test]
fn words_taken_one_by_one_are_counted_once_each() {
    let mut typing = Typing::new("let |\n", "total = count;");
    typing.edit(4..4, "total ");
    assert!(!typing.offer(10, "= count;"), "the same suggestion goes on");
    typing.edit(10..10, "= count");
    assert!(!typing.offer(17, ";"));
    typing.wait(50).edit(17..17, ";");
    let characters: Vec<_> = typing.taken.iter().map(|taken| taken.characters).collect();
    assert_eq!(characters, [6, 7]);
    let first: Vec<_> = typing.taken.iter().map(|taken| taken.first).collect();
    assert_eq!(first, [true, false]);
    let probability = |taken: &Taken| taken.piece.as_ref().and_then(|piece| piece.probability);
    let learned: Vec<_> = typing.taken.iter().map(probability).collect();
    assert_eq!(learned, [Some(0.5), None], "learned from once");
    assert_eq!(typing.fate(), Some((Fate::Taken, true)));
}

#[test]
fn another_key_refuses_what_could_be_read() {
    let mut typing = Typing::new("let |\n", "total = 1;");
    typing.keys(4, "to").wait(300).edit(6..6, "x");
    let refused = Refused {
        line_before: "let to".to_owned(),
        rest: "tal = 1;".to_owned(),
    };
    assert_eq!(typing.refused, [refused]);
    assert_eq!(typing.fate(), Some((Fate::Refused, true)));

    let mut hasty = Typing::new("let |\n", "total = 1;");
    hasty.wait(200).edit(4..4, "x");
    assert_eq!(hasty.refused, []);
    assert_eq!(hasty.fate(), Some((Fate::Unknown, false)));
}

#[test]
fn deleting_what_stands_before_it_refuses_it() {
    let mut typing = Typing::new("let |\n", "total = 1;");
    typing.wait(400).keys(4, "to").edit(5..6, "");
    assert!(typing.suggestions.is_following(URI), "only a step back");
    typing.edit(4..5, "").edit(3..4, "");
    assert_eq!(typing.refused.len(), 1);
    assert_eq!(typing.refused[0].rest, "total = 1;");
}

#[test]
fn brackets_that_close_themselves_are_no_refusal() {
    let mut typing = Typing::new("print|\n", "(total)");
    typing.wait(400).edit(5..5, "()");
    assert!(typing.suggestions.is_following(URI));
    assert_eq!((typing.taken.len(), typing.refused.len()), (0, 0));
    typing.edit(6..6, "total");
    assert_eq!(typing.taken[0].characters, 5);
}

#[test]
fn edits_elsewhere_leave_it() {
    let mut typing = Typing::new("a\nlet |\n", "total = 1;");
    typing.wait(400).edit(0..0, "use x;\n").edit(14..14, "more");
    assert!(typing.suggestions.is_following(URI));
    typing.edit(13..13, "total = 1;");
    let piece = typing.taken[0].piece.clone().unwrap();
    assert_eq!(piece.range, 13..23);
    assert_eq!(&typing.text[piece.range], "total = 1;");
}

#[test]
fn reports_and_edits_count_once_together() {
    // The report comes after the edit, before it, or alone.
    for (edit_first, report, edit) in [(true, true, true), (false, true, true), (true, true, false)]
    {
        let mut typing = Typing::new("let |\n", "total = 1;");
        let id = typing.id;
        assert!(typing.suggestions.shown(id, typing.now));
        assert!(!typing.suggestions.shown(id, typing.now));
        if edit && edit_first {
            typing.edit(4..4, "total = 1;");
        }
        if report {
            let reported = typing.suggestions.accepted(id, None);
            typing.taken.extend(reported);
            assert_eq!(typing.suggestions.accepted(id, Some(3)), None);
        }
        if edit && !edit_first {
            typing.edit(4..4, "total = 1;");
        }
        let characters: usize = typing.taken.iter().map(|taken| taken.characters).sum();
        let first = typing.taken.iter().filter(|taken| taken.first).count();
        assert_eq!((characters, first), (10, 1));
    }
}

#[test]
fn a_late_report_makes_it_taken_after_all() {
    // The editor changed what it inserted.
    let mut typing = Typing::new("let |\n", "total = 1;");
    typing.wait(400).edit(4..4, "  other");
    let id = typing.id;
    assert!(typing.suggestions.accepted(id, None).is_some());
    assert_eq!(typing.fate(), Some((Fate::Taken, true)));
}

#[test]
fn what_a_client_that_tells_did_not_show_was_not_seen() {
    let mut typing = Typing::new("let |\n", "total = 1;");
    let id = typing.id;
    typing.suggestions.shown(id, typing.now);
    typing.wait(400).edit(4..4, "x");
    assert_eq!(typing.fate(), Some((Fate::Refused, true)));
    typing.offer(5, "yz;");
    typing.wait(400).edit(5..5, "q");
    assert_eq!(typing.fate(), Some((Fate::Unknown, false)));
    assert!(!typing.suggestions.shown(99, typing.now));
}

#[test]
fn a_longer_answer_is_the_same_suggestion() {
    let mut typing = Typing::new("let |\n", "total");
    assert!(!typing.offer(4, "total = 1;"));
    assert!(!typing.offer(4, "total = 1;"));
    assert!(typing.offer(4, "other = 1;"));
    assert_eq!(typing.fate(), Some((Fate::Unknown, false)));
}

#[test]
fn characters_are_no_code_units() {
    let mut typing = Typing::new("|", "return \u{1f600}!");
    let id = typing.id;
    let mut characters = |units| {
        let taken = typing.suggestions.accepted(id, units);
        taken.map_or(0, |taken| taken.characters)
    };
    // Half of a surrogate pair is not accepted.
    assert_eq!(characters(Some(8)), 7);
    assert_eq!(characters(Some(9)), 1);
    assert_eq!(characters(None), 1);
    assert_eq!(characters(None), 0);
}
