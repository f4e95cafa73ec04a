use std::fs;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use tower_lsp::gen_lsp_types::{
    Position, Range as LspRange, TextDocumentContentChangePartial as Partial,
    TextDocumentContentChangeWholeDocument as Whole,
};

use super::*;
use PositionEncoding::{Utf8, Utf16, Utf32};

const URI: &str = "file:///home/user/main.rs";

fn whole(text: &str) -> TextDocumentContentChangeEvent {
    Whole { text: text.into() }.into()
}

fn edit(start: (u32, u32), end: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
    let position = |(line, character)| Position::new(line, character);
    let range = LspRange::new(position(start), position(end));
    Partial::new(range, None, text.into()).into()
}

fn open(text: &str) -> Documents {
    let mut documents = Documents::default();
    documents.open(URI, "rust", DocVersion(1), text);
    documents
}

fn text_of(documents: &Documents) -> Option<String> {
    Some(documents.snapshot(URI)?.rope.to_string())
}

// ---- The life of a document ----

#[test]
fn two_thousand_edits_keep_text_and_version() {
    let mut documents = open("");
    let mut snapshots = vec![documents.snapshot(URI).expect("open")];
    for version in 2..=2001 {
        let change = [edit((0, 0), (0, 0), "x")];
        let snapshot = documents.change(URI, DocVersion(version), &change, Utf16);
        snapshots.push(snapshot.expect("applied"));
    }
    for (index, snapshot) in snapshots.iter().enumerate() {
        assert_eq!(snapshot.version, DocVersion(index as i32 + 1));
        assert_eq!(snapshot.rope.len_bytes(), index);
    }
}

#[test]
fn changes_of_one_message_build_on_one_another() {
    let mut documents = open("one\r\ntwo");
    let changes = [
        edit((0, 3), (1, 0), ""),
        edit((0, 6), (0, 6), "\nthree"),
        edit((1, 0), (1, 1), "T"),
    ];
    documents
        .change(URI, DocVersion(2), &changes, Utf16)
        .expect("applied");
    assert_eq!(text_of(&documents).as_deref(), Some("onetwo\nThree"));
}

#[test]
fn a_whole_text_overrules_what_came_before_it() {
    let mut documents = open("old");
    let changes = [
        edit((0, 0), (0, 3), "lost"),
        whole("new"),
        edit((0, 3), (0, 3), "er"),
    ];
    documents
        .change(URI, DocVersion(2), &changes, Utf16)
        .expect("applied");
    assert_eq!(text_of(&documents).as_deref(), Some("newer"));
}

#[test]
fn versions_that_repeat_or_go_back_still_count() {
    let mut documents = open("");
    for version in [7, 7, 3, 0, -1] {
        let change = [edit((0, 99), (0, 99), "x")];
        let snapshot = documents
            .change(URI, DocVersion(version), &change, Utf16)
            .expect("applied");
        assert_eq!(snapshot.version, DocVersion(version));
    }
    assert_eq!(text_of(&documents).as_deref(), Some("xxxxx"));
}

#[test]
fn changes_before_open_and_after_close_are_refused() {
    let mut documents = Documents::default();
    let change = [whole("text")];
    let refused = |documents: &mut Documents| {
        let result = documents.change(URI, DocVersion(2), &change, Utf16);
        assert_eq!(result.err(), Some(ChangeError::NotOpen));
        assert!(documents.snapshot(URI).is_none());
    };
    refused(&mut documents);
    documents.open(URI, "rust", DocVersion(1), "text");
    assert!(documents.close(URI));
    assert!(!documents.close(URI));
    refused(&mut documents);
}

#[test]
fn opening_again_replaces_the_document() {
    let mut documents = open("first");
    documents.open(URI, "python", DocVersion(1), "second");
    let snapshot = documents.snapshot(URI).expect("open");
    assert_eq!(snapshot.rope, "second");
    assert_eq!(snapshot.language.map(Language::id), Some("python"));
}

#[test]
fn a_desynced_document_is_hidden_until_its_whole_text_comes() {
    let mut documents = open("text");
    documents.desync(URI);
    let lost = documents.change(URI, DocVersion(2), &[edit((0, 0), (0, 0), "x")], Utf16);
    assert_eq!(lost.err(), Some(ChangeError::Desynced));
    assert!(documents.snapshot(URI).is_none());

    documents
        .change(URI, DocVersion(3), &[whole("all")], Utf16)
        .expect("applied");
    assert_eq!(text_of(&documents).as_deref(), Some("all"));

    documents.desync(URI);
    documents.open(URI, "rust", DocVersion(1), "again");
    assert_eq!(text_of(&documents).as_deref(), Some("again"));
}

#[test]
fn the_clients_language_wins_and_the_file_name_helps() {
    let mut documents = Documents::default();
    for (uri, language_id, text, expected) in [
        ("file:///a/b.rs", "python", "", Some("python")),
        ("file:///a/b.rs", "plaintext", "", Some("rust")),
        ("file:///a/b", "", "#!/bin/sh\nls", Some("shellscript")),
        ("file:///a/b.txt", "plaintext", "", None),
        ("untitled:Untitled-1", "go", "", Some("go")),
        ("untitled:notes.py", "", "", Some("python")),
        (
            "vscode-notebook-cell:/a/n.ipynb#W1",
            "python",
            "",
            Some("python"),
        ),
        ("not a uri", "", "", None),
    ] {
        let snapshot = documents.open(uri, language_id, DocVersion(1), text);
        assert_eq!(snapshot.language.map(Language::id), expected, "{uri}");
    }
}

#[test]
fn only_file_uris_have_a_path() {
    let path = |uri| file_path(uri).map(|path| path.to_string_lossy().into_owned());
    if cfg!(unix) {
        assert_eq!(path("file:///a/b%20c.rs").as_deref(), Some("/a/b c.rs"));
        assert_eq!(path("file:///a [x].rs").as_deref(), Some("/a [x].rs"));
    }
    for uri in [
        "untitled:Untitled-1",
        "vscode-notebook-cell:/a#b",
        "",
        "%%%",
    ] {
        assert_eq!(path(uri), None, "{uri}");
    }
}

// ---- Trees ----

fn parsed(snapshot: Snapshot) -> Parsed {
    let grammar = snapshot.grammar.as_ref().expect("a grammar");
    let tree = syntax::parse(
        &snapshot.rope,
        grammar,
        snapshot.tree.as_ref(),
        // Long: these tests are about trees, not about time.
        Duration::from_secs(60),
    );
    Parsed { snapshot, tree }
}

#[test]
fn a_tree_is_stored_only_for_the_text_that_was_parsed() {
    let mut documents = open("fn main() {}");
    let old = documents.snapshot(URI).expect("open");
    assert!(old.wants_parse());

    // The same version again, but another text.
    documents.open(URI, "rust", DocVersion(1), "struct Other;");
    assert!(!documents.store(parsed(old)));

    let now = documents.snapshot(URI).expect("open");
    assert!(documents.store(parsed(now)));
    let now = documents.snapshot(URI).expect("open");
    assert!(!now.tree_is_behind() && !now.wants_parse());

    let edited = documents
        .change(URI, DocVersion(2), &[edit((0, 0), (0, 0), "pub ")], Utf16)
        .expect("applied");
    assert!(edited.tree.is_some() && edited.tree_is_behind() && edited.wants_parse());

    assert!(documents.store(parsed(edited.clone())));
    let at_end = edit((9, 9), (9, 9), "\n");
    let edited = documents
        .change(URI, DocVersion(3), &[at_end], Utf16)
        .expect("applied");
    assert!(edited.tree.is_some() && edited.tree_is_behind());

    documents.close(URI);
    assert!(!documents.store(parsed(edited)));
}

#[test]
fn a_tree_hears_of_lines_that_end_with_lf() {
    let rope = Rope::from_str("a\rb\nçd\r\ne");
    let edit = input_edit(&rope, &(ByteOffset(6)..ByteOffset(9)), "x\ny\r");
    assert_eq!(
        (edit.start_byte, edit.old_end_byte, edit.new_end_byte),
        (6, 9, 10)
    );
    assert_eq!(edit.start_position, Point::new(1, 2));
    assert_eq!(edit.old_end_position, Point::new(2, 0));
    assert_eq!(edit.new_end_position, Point::new(2, 2));
}

#[test]
fn a_tree_does_not_follow_a_replace_all() {
    let mut documents = open(&"let x = 1;\n".repeat(45_000));
    let snapshot = documents.snapshot(URI).expect("open");
    documents.store(parsed(snapshot));
    let changes: Vec<_> = (0..20_000)
        .map(|line| edit((line * 2, 4), (line * 2, 5), "yy"))
        .collect();
    let snapshot = documents
        .change(URI, DocVersion(2), &changes, Utf16)
        .expect("applied");
    assert_eq!(snapshot.rope.line(2).to_string(), "let yy = 1;\n");
    assert!(snapshot.tree.is_none() && snapshot.wants_parse());
}

#[test]
fn a_parse_that_failed_ends_parsing_until_the_document_is_opened_again() {
    let mut documents = open("fn main() {}");
    let failed = |snapshot| Parsed {
        snapshot,
        tree: None,
    };
    let first_opening = documents.snapshot(URI).expect("open");
    assert!(documents.store(failed(first_opening.clone())));
    assert!(!documents.snapshot(URI).expect("open").wants_parse());

    let reopened = documents.open(URI, "rust", DocVersion(1), "fn main() {}");
    assert!(reopened.wants_parse());
    assert!(!documents.store(failed(first_opening)));
    assert!(documents.snapshot(URI).expect("open").wants_parse());
}

#[test]
fn a_text_that_grows_too_large_loses_its_tree() {
    let mut documents = open("fn main() {}");
    let snapshot = documents.snapshot(URI).expect("open");
    assert!(documents.store(parsed(snapshot)));
    let long = "x".repeat(syntax::MAX_PARSED_BYTES);
    let large = documents
        .change(URI, DocVersion(2), &[edit((0, 0), (0, 0), &long)], Utf16)
        .expect("applied");
    assert!(large.tree.is_none() && !large.wants_parse());
}

// ---- Properties ----

/// Start and end of every line, terminators left out.
fn naive_lines(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut lines, mut start, mut index) = (Vec::new(), 0, 0);
    while index < bytes.len() {
        let terminator = match &bytes[index..] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        if terminator > 0 {
            lines.push((start, index));
            start = index + terminator;
        }
        index += terminator.max(1);
    }
    lines.push((start, text.len()));
    lines
}

fn naive_offset(text: &str, position: Position, encoding: PositionEncoding) -> usize {
    let Some(&(start, end)) = naive_lines(text).get(position.line as usize) else {
        return text.len();
    };
    let mut column = 0;
    for (index, char) in text[start..end].char_indices() {
        column += match encoding {
            Utf8 => char.len_utf8(),
            Utf16 => char.len_utf16(),
            Utf32 => 1,
        };
        if column > position.character as usize {
            return start + index;
        }
    }
    end
}

fn naive_change(
    text: &mut String,
    change: &TextDocumentContentChangeEvent,
    encoding: PositionEncoding,
) {
    match change {
        TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
            *text = whole.text.clone();
        }
        TextDocumentContentChangeEvent::TextDocumentContentChangePartial(partial) => {
            let start = naive_offset(text, partial.range.start, encoding);
            let end = naive_offset(text, partial.range.end, encoding);
            text.replace_range(start.min(end)..start.max(end), &partial.text);
        }
    }
}

/// Text with everything that positions and line ends can go wrong over.
fn nasty_text(pieces: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = String> {
    let piece = select(vec![
        "a",
        "fn x",
        "{",
        "\"",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "é",
        "漢",
        "😀",
        "\u{feff}",
        "\u{2028}",
        "\u{85}",
        "👩\u{200d}👩\u{200d}👧",
        "e\u{301}",
        "\0",
    ]);
    proptest::collection::vec(piece, pieces).prop_map(|pieces| pieces.concat())
}

fn any_position() -> impl Strategy<Value = (u32, u32)> {
    let number = |limit: u32| prop_oneof![20 => 0..limit, 1 => Just(u32::MAX)];
    (number(60), number(24))
}

fn any_change() -> impl Strategy<Value = TextDocumentContentChangeEvent> {
    prop_oneof![
        20 => (any_position(), any_position(), nasty_text(0..8))
            .prop_map(|(start, end, text)| edit(start, end, &text)),
        // Typing at one place.
        20 => (any_position(), nasty_text(1..3)).prop_map(|(at, text)| edit(at, at, &text)),
        1 => nasty_text(0..600).prop_map(|text| whole(&text)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edits_do_what_they_do_to_a_string(
        encoding in select(vec![Utf8, Utf16, Utf32]),
        mut model in nasty_text(0..1200),
        batches in proptest::collection::vec(proptest::collection::vec(any_change(), 0..6), 1..12),
    ) {
        let mut documents = open(&model);
        for (version, batch) in (2..).zip(&batches) {
            batch.iter().for_each(|change| naive_change(&mut model, change, encoding));
            let snapshot = documents
                .change(URI, DocVersion(version), batch, encoding)
                .expect("the document is open");
            prop_assert_eq!(snapshot.version, DocVersion(version));
            prop_assert_eq!(&snapshot.rope.to_string(), &model);
            snapshot.rope.assert_integrity();
        }
    }

    #[test]
    fn positions_agree_with_a_string(
        encoding in select(vec![Utf8, Utf16, Utf32]),
        text in nasty_text(0..1200),
        positions in proptest::collection::vec(any_position(), 20),
    ) {
        let rope = Rope::from_str(&text);
        for (line, character) in positions {
            let position = Position::new(line, character);
            let offset = encoding.offset(&rope, position);
            prop_assert_eq!(offset.0, naive_offset(&text, position, encoding));
        }
        for (offset, _) in text.char_indices().filter(|&(at, _)| !text[..at].ends_with('\r') || !text[at..].starts_with('\n')) {
            let position = encoding.position(&rope, ByteOffset(offset));
            prop_assert_eq!(encoding.offset(&rope, position), ByteOffset(offset));
        }
    }
}

/// Everything that can be seen of a tree.
fn shape(tree: &Tree) -> Vec<(u16, Range<usize>, Point, Point)> {
    let mut nodes = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        nodes.push((
            node.kind_id(),
            node.byte_range(),
            node.start_position(),
            node.end_position(),
        ));
        if cursor.goto_first_child() || cursor.goto_next_sibling() {
            continue;
        }
        loop {
            if !cursor.goto_parent() {
                return nodes;
            }
            if cursor.goto_next_sibling() {
                break;
            }
        }
    }
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/languages");
    fs::read_to_string(folder.join(name)).expect("a fixture")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Texts with syntax errors are left out: tree-sitter recovers in more than one way, and which one it finds first
    /// depends on the tree that it began with. So every edit is undone at the end, and all of those steps count.
    #[test]
    fn an_edited_tree_equals_a_fresh_one(
        name in select(vec![
            "retry.rs", "cache.ts", "queue.go", "ring.c", "RateLimiter.java", "package.json", "stack.lua",
            "inventory.py", "todo-list.tsx", "settings.toml", "style.css", "markov.rb", "backup.sh", "deploy.yaml",
        ]),
        line_end in select(vec!["\n", "\r\n", "\r"]),
        edits in proptest::collection::vec((0.0..1.0f64, 0..6usize, any_code()), 1..8),
    ) {
        let original = fixture(name).replace('\n', line_end);
        let mut documents = Documents::default();
        let uri = format!("file:///{name}");
        let mut text = documents.open(&uri, "", DocVersion(1), &original).rope;
        let mut change = |start: usize, end: usize, inserted: &str| {
            let before = documents.snapshot(&uri).expect("open");
            documents.store(parsed(before.clone()));
            let position = |byte| Utf8.position(&before.rope, ByteOffset(byte));
            let range = LspRange::new(position(start), position(end));
            let bytes = Utf8.range(&before.rope, range);
            let change = Partial::new(range, None, inserted.into()).into();
            let after = documents.change(&uri, DocVersion(2), &[change], Utf8).expect("open");
            let undo = (
                bytes.start.0,
                bytes.start.0 + inserted.len(),
                before.rope.byte_slice(bytes.start.0..bytes.end.0).to_string(),
            );
            (after, undo)
        };
        let mut undos = Vec::new();
        for (place, deleted, inserted) in edits {
            let start = (place * text.len_bytes() as f64) as usize;
            let inserted = inserted.replace('\n', line_end);
            let (after, undo) = change(start, start + deleted, &inserted);
            undos.push(undo);
            prop_assert!(agrees_with_a_fresh_tree(after.clone()));
            text = after.rope;
        }
        for (start, end, deleted) in undos.into_iter().rev() {
            let (after, _) = change(start, end, &deleted);
            prop_assert!(agrees_with_a_fresh_tree(after.clone()));
            text = after.rope;
        }
        prop_assert_eq!(text.to_string(), original);
    }
}

fn any_code() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,3}",
        "[ \n]{0,3}",
        "[a-z(){}\\[\\];:,.=\"' \n]{0,6}"
    ]
}

fn agrees_with_a_fresh_tree(snapshot: Snapshot) -> bool {
    let mut without_tree = snapshot.clone();
    without_tree.tree = None;
    let fresh = parsed(without_tree).tree.expect("in time");
    let edited = parsed(snapshot).tree.expect("in time");
    fresh.root_node().has_error()
        || (shape(&edited) == shape(&fresh)
            && edited.root_node().to_sexp() == fresh.root_node().to_sexp())
}
