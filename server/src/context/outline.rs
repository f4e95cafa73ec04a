//! The parts of the current file that the window does not show, in few words: its imports, the head of what encloses the cursor, the other
//! members of the class, and what else the file defines. Takes outlines from the symbols of the file and makes none itself.

use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use ropey::Rope;

use super::{
    Piece, Source,
    lines::{line_at, lines_of, text_of},
};
use crate::documents::Snapshot;
use crate::index::symbols::{Definition, DefinitionKind, FileSymbols};
use crate::words::is_word_char;

/// Imports tell which names there are, exactly and in few tokens.
const IMPORTS_SCORE: f32 = 0.75;
/// The function that the cursor is in, when its signature is above the window; the class, when its head is.
const ENCLOSING_SCORE: f32 = 0.8;
/// Something that the code near the cursor names.
const NAMED_SCORE: f32 = 0.65;
/// Another member of the class.
const MEMBER_SCORE: f32 = 0.45;
/// Anything else.
const OTHER_SCORE: f32 = 0.25;
/// Part of the score that goes with the distance, at most.
const DISTANCE_COST: f32 = 0.2;
/// At this distance half of that part is gone.
const HALF_DISTANCE: f32 = 200.0;
/// Lines before and behind the cursor whose names count.
const NEAR_LINES: (u32, u32) = (20, 5);
const MAX_PIECES: usize = 24;
/// Imports end where so many lines of code without any follow...
const MAX_LINES_BETWEEN_IMPORTS: u32 = 30;
/// ...and one has at most so many lines.
const MAX_IMPORT_LINES: u32 = 40;
/// Import lines that are shown; files with more name most of them far away.
const MAX_IMPORTS: usize = 60;

/// What the window (bytes) does not show of the document, the best first.
pub fn pieces(
    snapshot: &Snapshot,
    symbols: &FileSymbols,
    cursor: usize,
    window: &Range<usize>,
) -> Vec<Piece> {
    let rope = &snapshot.rope;
    let path = snapshot
        .path
        .as_deref()
        .unwrap_or(Path::new(&*snapshot.uri));
    let window = lines_of(rope, window);
    let cursor_line = *lines_of(rope, &(cursor..cursor)).start();
    // Only what the window shows: the definitions around it name themselves.
    let near = cursor_line
        .saturating_sub(NEAR_LINES.0)
        .max(*window.start())..=(cursor_line + NEAR_LINES.1).min(*window.end());
    let near = text_of(rope, &near);
    let near = words(&near);

    let encloses = |definition: &&Definition| definition.lines.contains(&cursor_line);
    let container = (symbols.definitions.iter())
        .filter(encloses)
        .filter_map(|definition| match definition.kind {
            DefinitionKind::Type => Some(definition.name.as_str()),
            _ => definition.container.as_deref(),
        })
        .next_back();
    let is_hidden = |definition: &&Definition| {
        !window.contains(definition.lines.start()) && definition.kind != DefinitionKind::Module
    };
    // The outline of a type holds its members, if it is shown at all.
    let hidden_types: Vec<&Definition> = (symbols.definitions.iter())
        .filter(is_hidden)
        .filter(|definition| definition.kind == DefinitionKind::Type)
        .collect();
    let relation = |definition: &Definition| {
        let is_container =
            definition.kind == DefinitionKind::Type && container == Some(definition.name.as_str());
        if encloses(&definition) || is_container {
            Some(Relation::Encloses)
        } else if is_member_of_any(definition, hidden_types.iter().copied()) {
            None
        } else if near.contains(definition.name.as_str()) {
            Some(Relation::IsNamed)
        } else if container.is_some() && definition.container.as_deref() == container {
            Some(Relation::IsMember)
        } else {
            Some(Relation::None)
        }
    };
    let mut found: Vec<(f32, &Definition, Relation)> = (symbols.definitions.iter())
        .filter(is_hidden)
        .filter(|definition| !definition.outline.trim().is_empty())
        .filter_map(|definition| {
            let relation = relation(definition)?;
            let distance = distance(&definition.lines, cursor_line) as f32;
            let nearness = 1.0 - DISTANCE_COST * distance / (distance + HALF_DISTANCE);
            Some((relation.score() * nearness, definition, relation))
        })
        .collect();
    found.sort_by(|a, b| {
        (b.0.total_cmp(&a.0)).then_with(|| a.1.lines.start().cmp(b.1.lines.start()))
    });
    found.truncate(MAX_PIECES);

    let outlines = found
        .into_iter()
        .map(|(score, definition, relation)| Piece {
            path: path.to_owned(),
            lines: definition.lines.clone(),
            text: definition.outline.clone(),
            source: Source::Outline,
            reason: relation.reason(&definition.name),
            score,
        });
    let mut pieces: Vec<Piece> = imports(rope, path, &window)
        .into_iter()
        .chain(outlines)
        .collect();
    pieces.sort_by(|a, b| b.score.total_cmp(&a.score));
    pieces
}

/// What a definition has to do with the place of the cursor.
#[derive(Clone, Copy)]
enum Relation {
    Encloses,
    IsNamed,
    /// Of the type that the cursor is in.
    IsMember,
    None,
}

impl Relation {
    fn score(self) -> f32 {
        match self {
            Self::Encloses => ENCLOSING_SCORE,
            Self::IsNamed => NAMED_SCORE,
            Self::IsMember => MEMBER_SCORE,
            Self::None => OTHER_SCORE,
        }
    }

    fn reason(self, name: &str) -> String {
        match self {
            Self::Encloses => format!("the cursor is in `{name}`"),
            Self::IsNamed => format!("`{name}` is used near the cursor"),
            Self::IsMember => format!("`{name}` is a member of the type that the cursor is in"),
            Self::None => format!("`{name}` is in this file"),
        }
    }
}

fn distance(lines: &RangeInclusive<u32>, line: u32) -> u32 {
    if lines.contains(&line) {
        0
    } else {
        lines.start().abs_diff(line).min(lines.end().abs_diff(line))
    }
}

/// Whether a definition is a member of one of these types, so that the type's outline holds it.
pub(super) fn is_member_of_any<'a>(
    definition: &Definition,
    types: impl IntoIterator<Item = &'a Definition>,
) -> bool {
    types.into_iter().any(|outer| {
        outer.kind == DefinitionKind::Type
            && outer.lines != definition.lines
            && outer.lines.contains(definition.lines.start())
            && outer.lines.contains(definition.lines.end())
    })
}

/// The words of a text, names among them.
pub(super) fn words(text: &str) -> HashSet<&str> {
    text.split(|c| !is_word_char(c)).collect()
}

/// The imports above the window, as they are written. Found by how lines begin, because that is the same in most languages, and is known
/// before a file is parsed.
fn imports(rope: &Rope, path: &Path, window: &RangeInclusive<u32>) -> Option<Piece> {
    let mut shown: Vec<(u32, String)> = Vec::new();
    let mut lines_between = 0;
    let mut line = 1;
    while line < *window.start()
        && lines_between <= MAX_LINES_BETWEEN_IMPORTS
        && shown.len() < MAX_IMPORTS
    {
        let text = line_at(rope, line)?;
        let end = import_end(rope, line, &text, *window.start() - 1);
        match end {
            Some(end) => {
                shown.extend((line..=end).filter_map(|line| Some((line, line_at(rope, line)?))));
                lines_between = 0;
                line = end + 1;
            }
            None => {
                lines_between += u32::from(!text.trim().is_empty() && !is_comment(&text));
                line += 1;
            }
        }
    }
    let (first, last) = (shown.first()?.0, shown.last()?.0);
    let text: Vec<String> = (shown.into_iter().map(|(_, text)| text))
        .filter(|text| !text.trim().is_empty())
        .collect();
    Some(Piece {
        path: PathBuf::from(path),
        lines: first..=last,
        text: text.join("\n"),
        source: Source::Outline,
        reason: "the imports of this file".to_owned(),
        score: IMPORTS_SCORE,
    })
}

fn is_comment(line: &str) -> bool {
    ["//", "#", "/*", "*", "--"]
        .iter()
        .any(|start| line.trim_start().starts_with(start))
}

/// The last line of the import that begins in this line. `None` if none does, or if it is not whole before `last`.
fn import_end(rope: &Rope, line: u32, text: &str, last: u32) -> Option<u32> {
    let text = text.trim_end();
    if text.starts_with("if ") && text.contains("TYPE_CHECKING") {
        let is_inside =
            |line: &u32| line_at(rope, *line).is_some_and(|text| text.starts_with([' ', '\t']));
        return (line + 1..=last).take_while(is_inside).last();
    }
    if !is_import(text) {
        return None;
    }
    // It goes on while a bracket is open, after a backslash, and where the module's name is still to come.
    let mut depth = 0_i32;
    for next in line..=last.min(line + MAX_IMPORT_LINES) {
        let text = line_at(rope, next)?;
        for byte in text.bytes() {
            depth += match byte {
                b'(' | b'{' | b'[' => 1,
                b')' | b'}' | b']' => -1,
                _ => 0,
            };
        }
        if depth <= 0 && !text.trim_end().ends_with('\\') {
            return Some(next);
        }
    }
    None
}

/// Whether a line begins an import of any language. Indented ones belong to a function.
pub fn is_import(line: &str) -> bool {
    let starts = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    if starts(&["from "]) {
        // In a docstring, prose may begin like this.
        return line.contains(" import");
    }
    if starts(&["const ", "let ", "var ", "local "]) {
        return line.contains("require(") || line.contains("require ");
    }
    starts(&[
        "import ",
        "import(",
        "import{",
        "import\"",
        "use ",
        "pub use ",
        "pub(crate) use ",
        "extern crate ",
        "#include",
        "#import",
        "using ",
        "global using ",
        "package ",
        "require ",
        "require_relative ",
        "require_once ",
        "library(",
    ])
}

#[cfg(test)]
mod tests {
    use grammars::Language;

    use super::*;
    use crate::documents::{DocVersion, Documents};

    /// The snapshot of a file with `[` and `]` around the window and `$0` at the cursor, the offset of the cursor, and the window.
    fn opened(name: &str, text: &str) -> (Snapshot, usize, Range<usize>) {
        let start = text.find('⟦').unwrap();
        let text = text.replacen('⟦', "", 1);
        let cursor = text.find("$0").unwrap();
        let text = text.replacen("$0", "", 1);
        let end = text.find('⟧').unwrap();
        let text = text.replacen('⟧', "", 1);
        let snapshot =
            Documents::default().open(&format!("file:///w/{name}"), "", DocVersion(1), &text);
        (snapshot, cursor, start..end)
    }

    fn definition(
        name: &str,
        kind: DefinitionKind,
        container: Option<&str>,
        lines: (u32, u32),
    ) -> Definition {
        Definition {
            name: name.to_owned(),
            kind,
            container: container.map(str::to_owned),
            lines: lines.0..=lines.1,
            outline: format!("{name}: ..."),
        }
    }

    fn symbols(definitions: Vec<Definition>) -> FileSymbols {
        let language = Language::by_lsp_id("python").unwrap();
        FileSymbols {
            definitions,
            ..FileSymbols::empty(language)
        }
    }

    fn imported(name: &str, head: &str) -> Option<String> {
        let (snapshot, cursor, window) = opened(name, &format!("{head}\n⟦body$0\n⟧"));
        let pieces = pieces(&snapshot, &symbols(Vec::new()), cursor, &window);
        pieces.into_iter().next().map(|piece| piece.text)
    }

    #[test]
    fn imports_of_every_language_are_shown_as_they_are_written() {
        for (name, imports) in [
            (
                "a.py",
                "import os\nfrom .models import (\n    Order,\n    Item,\n)\nfrom a import b, \\\n    c\nif TYPE_CHECKING:\n    from d import E",
            ),
            (
                "a.ts",
                "import { a, b } from './a';\nimport {\n  c,\n} from \"./c\";\nconst d = require('d');",
            ),
            (
                "a.rs",
                "use std::{\n    fs,\n    io,\n};\npub use crate::item::Item;",
            ),
            ("a.go", "package main\nimport (\n\t\"fmt\"\n\t\"os\"\n)"),
            (
                "A.java",
                "package org.a;\nimport java.util.List;\nimport static org.b.C.d;",
            ),
            ("A.cs", "using System;\nglobal using Foo.Bar;"),
            (
                "a.cc",
                "#include <vector>\n#include \"a.h\"\nusing std::string;",
            ),
        ] {
            assert_eq!(imported(name, imports).as_deref(), Some(imports), "{name}");
        }
    }

    #[test]
    fn other_lines_are_no_imports() {
        let head = "\"\"\"Reads files\nfrom the disk.\n\"\"\"\n\n# import this\nimport os\n\n\ndef f():\n    import json\n";
        assert_eq!(imported("a.py", head).unwrap(), "import os");
        assert_eq!(imported("a.py", "x = 1\n"), None);
        assert_eq!(
            imported("a.py", "from a import (\n    b,\n"),
            None,
            "it ends in the window"
        );
        let far = format!(
            "{}import os\n",
            "x = 1\n".repeat(MAX_LINES_BETWEEN_IMPORTS as usize + 1)
        );
        assert_eq!(imported("a.py", &far), None);
    }

    #[test]
    fn what_encloses_the_cursor_comes_first_then_what_it_names() {
        use DefinitionKind::{Function, Method, Type};
        let text = "import os\ndef helper(): ...\ndef other(): ...\nclass A:\n    def first(self): ...\n    def long(self):\n        1\n⟦        2\n        helper($0)\n\
            class B:\n    def shown(self): ...\n⟧    def hidden(self): ...\n";
        let (snapshot, cursor, window) = opened("a.py", text);
        let symbols = symbols(vec![
            definition("helper", Function, None, (2, 2)),
            definition("other", Function, None, (3, 3)),
            definition("A", Type, None, (4, 9)),
            definition("first", Method, Some("A"), (5, 5)),
            definition("long", Method, Some("A"), (6, 9)),
            definition("B", Type, None, (10, 12)),
            definition("shown", Method, Some("B"), (11, 11)),
            definition("hidden", Method, Some("B"), (12, 12)),
        ]);
        let pieces = pieces(&snapshot, &symbols, cursor, &window);
        let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "A: ...",
                "long: ...",
                "import os",
                "helper: ...",
                "hidden: ...",
                "other: ..."
            ]
        );
        assert_eq!(pieces[3].reason, "`helper` is used near the cursor");
        assert!(pieces.is_sorted_by(|a, b| a.score >= b.score));
    }

    #[test]
    fn members_of_a_type_whose_head_is_shown_are_shown_on_their_own() {
        use DefinitionKind::{Method, Type};
        let text = "struct A;\nimpl A {\n    fn first() {}\n⟦    fn second() { $0 }⟧\n}\n";
        let (snapshot, cursor, window) = opened("a.rs", text);
        let symbols = symbols(vec![
            definition("A", Type, None, (1, 1)),
            definition("first", Method, Some("A"), (3, 3)),
            definition("second", Method, Some("A"), (4, 4)),
        ]);
        let pieces = pieces(&snapshot, &symbols, cursor, &window);
        let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(texts, ["A: ...", "first: ..."]);
    }
}
