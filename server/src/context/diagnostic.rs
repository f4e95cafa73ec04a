//! What compilers and linters said of the open documents, as far as we hear of it. Editors publish diagnostics to nobody: they only come with
//! requests for code actions. So what is known is what the editor last asked about, moved along with the text.

use std::{collections::HashMap, ops::RangeInclusive, path::Path};

use grammars::Language;
use tower_lsp::gen_lsp_types::{self as lsp_types, DiagnosticSeverity, Message};

use super::{
    Piece, Source,
    lines::{LineChange, overlap},
};

/// Kept of one document.
const MAX_OF_DOCUMENT: usize = 64;
/// After so many edits of its lines a diagnostic is likely to be mended, and nobody tells us.
const MAX_EDITS: u32 = 40;
/// Characters of a message; what follows is advice and notes.
const MAX_MESSAGE: usize = 160;
/// Low: the text of an error costs as much as a signature and says less, and most errors under the cursor are half-typed lines.
const SCORE: f32 = 0.25;

/// A diagnostic where it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Counted from 1.
    pub lines: RangeInclusive<u32>,
    pub is_error: bool,
    pub message: String,
    edits: u32,
}

/// The diagnostics of the open documents, by URI.
#[derive(Debug, Default)]
pub struct Diagnostics {
    of_documents: HashMap<String, Vec<Diagnostic>>,
}

impl Diagnostics {
    /// Takes what came with a request for code actions on `range`: all that there is now on its lines.
    pub fn seen(
        &mut self,
        uri: &str,
        range: lsp_types::Range,
        diagnostics: &[lsp_types::Diagnostic],
    ) {
        let asked = lines(range);
        let known = self.of_documents.entry(uri.to_owned()).or_default();
        let mut now: Vec<Diagnostic> = diagnostics.iter().filter_map(diagnostic).collect();
        known.retain(|old| {
            !overlap(&old.lines, &asked) && !now.iter().any(|new| new.lines == old.lines)
        });
        now.append(known);
        now.truncate(MAX_OF_DOCUMENT);
        now.sort_by(|a, b| {
            let key = |diagnostic: &Diagnostic| (*diagnostic.lines.start(), !diagnostic.is_error);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        *known = now;
    }

    /// To be called for every change of a document.
    pub fn edited(&mut self, uri: &str, change: LineChange) {
        let Some(known) = self.of_documents.get_mut(uri) else {
            return;
        };
        known.retain_mut(|diagnostic| {
            let touched = change.first..=change.old_last;
            if overlap(&diagnostic.lines, &touched) {
                diagnostic.edits += 1;
            }
            // Lines that were replaced as a whole are other lines now.
            let is_inside = change.first < *diagnostic.lines.start()
                && *diagnostic.lines.end() < change.old_last;
            diagnostic.lines = change.moved(&diagnostic.lines);
            !is_inside && diagnostic.edits <= MAX_EDITS
        });
    }

    pub fn closed(&mut self, uri: &str) {
        self.of_documents.remove(uri);
    }

    /// What is known of a line (counted from 1), errors before warnings.
    pub fn at(&self, uri: &str, line: u32) -> impl Iterator<Item = &Diagnostic> {
        let known = self.of_documents.get(uri).map_or(&[][..], Vec::as_slice);
        let of_line = |is_error: bool| {
            known
                .iter()
                .filter(move |one| one.is_error == is_error && one.lines.contains(&line))
        };
        of_line(true).chain(of_line(false))
    }

    /// The first diagnostic of the cursor's line, as a comment. It is made of no line of the file: `lines` says what it is about.
    pub fn piece(
        &self,
        uri: &str,
        path: &Path,
        language: &Language,
        cursor_line: u32,
    ) -> Option<Piece> {
        let diagnostic = self.at(uri, cursor_line).next()?;
        let kind = if diagnostic.is_error {
            "error"
        } else {
            "warning"
        };
        let text = format!("{kind} at line {cursor_line}: {}", diagnostic.message);
        Some(Piece {
            path: path.to_owned(),
            lines: diagnostic.lines.clone(),
            text: language.comment_line(&text)?,
            source: Source::Diagnostic,
            reason: format!("the {kind} under the cursor"),
            score: SCORE,
        })
    }
}

/// `None` for hints and notes, which are no more than a shade in the editor.
fn diagnostic(diagnostic: &lsp_types::Diagnostic) -> Option<Diagnostic> {
    let is_error = match diagnostic.severity {
        None | Some(DiagnosticSeverity::Error) => true,
        Some(DiagnosticSeverity::Warning) => false,
        Some(_) => return None,
    };
    let message = match &diagnostic.message {
        Message::String(text) => text,
        Message::MarkupContent(markup) => &markup.value,
    };
    let first_line = message.trim().lines().next()?;
    Some(Diagnostic {
        lines: lines(diagnostic.range),
        is_error,
        message: first_line.chars().take(MAX_MESSAGE).collect(),
        edits: 0,
    })
}

fn lines(range: lsp_types::Range) -> RangeInclusive<u32> {
    let (start, end) = (range.start.line, range.end.line);
    start.min(end).saturating_add(1)..=start.max(end).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use tower_lsp::gen_lsp_types::{Position, Range};

    use super::*;

    const URI: &str = "file:///a.py";

    fn on_line(line: u32) -> Range {
        Range::new(Position::new(line - 1, 0), Position::new(line - 1, 3))
    }

    fn said(line: u32, severity: DiagnosticSeverity, message: &str) -> lsp_types::Diagnostic {
        lsp_types::Diagnostic {
            range: on_line(line),
            severity: Some(severity),
            message: Message::String(message.to_owned()),
            ..lsp_types::Diagnostic::default()
        }
    }

    fn piece(diagnostics: &Diagnostics, line: u32) -> Option<String> {
        let python = Language::by_lsp_id("python").unwrap();
        diagnostics
            .piece(URI, Path::new("/a.py"), python, line)
            .map(|piece| piece.text)
    }

    #[test]
    fn the_error_under_the_cursor_comes_before_the_warning_and_moves_with_the_text() {
        let mut diagnostics = Diagnostics::default();
        let seen = [
            said(7, DiagnosticSeverity::Warning, "unused"),
            said(
                7,
                DiagnosticSeverity::Error,
                "undefined name 'total'\nhelp: define it",
            ),
            said(7, DiagnosticSeverity::Hint, "could be shorter"),
        ];
        diagnostics.seen(URI, on_line(7), &seen);
        assert_eq!(
            piece(&diagnostics, 7).unwrap(),
            "# error at line 7: undefined name 'total'"
        );
        diagnostics.edited(
            URI,
            LineChange {
                first: 2,
                old_last: 2,
                new_last: 5,
            },
        );
        assert_eq!(piece(&diagnostics, 7), None);
        assert_eq!(diagnostics.at(URI, 10).count(), 2);
        // The editor asks again, and there is only the warning left.
        diagnostics.seen(
            URI,
            on_line(10),
            &[said(10, DiagnosticSeverity::Warning, "unused")],
        );
        assert_eq!(
            piece(&diagnostics, 10).unwrap(),
            "# warning at line 10: unused"
        );
    }

    #[test]
    fn what_is_likely_mended_is_forgotten() {
        let mut diagnostics = Diagnostics::default();
        let seen = [3, 5, 9].map(|line| said(line, DiagnosticSeverity::Error, "wrong"));
        diagnostics.seen(
            URI,
            Range::new(Position::new(0, 0), Position::new(20, 0)),
            &seen,
        );
        diagnostics.edited(
            URI,
            LineChange {
                first: 4,
                old_last: 6,
                new_last: 4,
            },
        );
        assert_eq!(diagnostics.at(URI, 4).count(), 0, "its line is gone");
        for _ in 0..=MAX_EDITS {
            diagnostics.edited(
                URI,
                LineChange {
                    first: 3,
                    old_last: 3,
                    new_last: 3,
                },
            );
        }
        assert_eq!(diagnostics.at(URI, 3).count(), 0, "its line was worked on");
        assert_eq!(diagnostics.at(URI, 7).count(), 1);
        diagnostics.closed(URI);
        assert_eq!(diagnostics.at(URI, 7).count(), 0);
    }
}
