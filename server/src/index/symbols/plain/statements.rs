//! Where the statements of a text begin and end, as its brackets and its indentation say. Knows no words of any language.

use std::ops::Range;

use grammars::Language;

use super::head;
use crate::completion::brackets::{self, Lexis, closes, is_closer};
use crate::index::symbols::notation::Blocks;

/// Attributes and modifiers that stand on lines before what they belong to, in bytes.
const MAX_PREFIX_BYTES: usize = 2000;

/// A text, and which of its brackets belong together.
pub struct Code<'a> {
    pub text: &'a str,
    /// Of the same length, without comments and without what is in quotes.
    pub code: String,
    pub language: &'static Language,
    blocks: Blocks,
    /// Opening and closing brackets, by the place of the first.
    pairs: Vec<(usize, usize)>,
}

/// One statement, in bytes.
#[derive(Debug)]
pub struct Statement {
    /// With its attributes.
    pub start: usize,
    /// Where its signature ends at the latest: before its body, or before what belongs to it on further lines.
    pub head_end: usize,
    pub end: usize,
    /// Of the `=` before its value.
    pub value: Option<usize>,
    /// Without its braces.
    pub body: Option<Range<usize>>,
}

impl<'a> Code<'a> {
    pub fn new(text: &'a str, language: &'static Language, blocks: Blocks) -> Self {
        let code = brackets::blanked(text, Lexis::of(Some(language)));
        let mut pairs = Vec::new();
        let mut open: Vec<(usize, char)> = Vec::new();
        for (at, c) in code.char_indices() {
            if matches!(c, '(' | '[' | '{') {
                open.push((at, c));
            } else if is_closer(c) {
                // A brace closes what was left open within its block; nothing else does.
                let last_brace = open.iter().rposition(|&(_, kind)| kind == '{');
                if c == '}' {
                    open.truncate(last_brace.map_or(0, |last| last + 1));
                }
                if let Some(&(start, kind)) = open.last()
                    && closes(kind, c)
                {
                    pairs.push((start, at));
                    open.pop();
                }
            }
        }
        pairs.sort_unstable();
        Self {
            text,
            code,
            language,
            blocks,
            pairs,
        }
    }

    /// The text of a range.
    pub fn of(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// Where the bracket at `open` is closed.
    pub fn partner(&self, open: usize) -> Option<usize> {
        let at = self
            .pairs
            .binary_search_by_key(&open, |&(start, _)| start)
            .ok()?;
        Some(self.pairs[at].1)
    }

    /// The statements in a range, without those in the bodies of others.
    pub fn statements(&self, range: Range<usize>) -> impl Iterator<Item = Statement> {
        let mut from = range.start;
        std::iter::from_fn(move || {
            let is_separator = |c: &u8| {
                c.is_ascii_whitespace() || matches!(c, b';' | b',') || is_closer(*c as char)
            };
            let rest = self.code.as_bytes().get(from..range.end)?;
            let start = from + rest.iter().position(|byte| !is_separator(byte))?;
            let statement = self.statement(start, range.end);
            from = statement.end.max(start + 1);
            while !self.code.is_char_boundary(from) {
                from += 1;
            }
            Some(statement)
        })
    }

    fn statement(&self, start: usize, limit: usize) -> Statement {
        let bytes = self.code.as_bytes();
        let mut value = None;
        let mut head_end = None;
        let mut at = start;
        while at < limit {
            match bytes[at] {
                b'{' if value.is_none() && self.blocks == Blocks::Braces => {
                    let close = self.partner(at).unwrap_or(limit).min(limit);
                    return Statement {
                        start,
                        head_end: head_end.unwrap_or(at),
                        end: (close + 1).min(limit),
                        value,
                        body: Some(at + 1..close),
                    };
                }
                b'(' | b'[' | b'{' => {
                    at = self
                        .partner(at)
                        .filter(|&close| close < limit)
                        .unwrap_or(at);
                }
                b';' | b'}' => break,
                b'=' if self.assigns(at) => value = value.or(Some(at)),
                b'\n' if self.begins_block(start, at, limit) => {
                    let end = self.end_of_block(start, at, limit);
                    return Statement {
                        start,
                        head_end: head_end.unwrap_or(at),
                        end: self.with_end_word(start, end, limit),
                        value,
                        body: Some(at..end),
                    };
                }
                b'\n' => {
                    let Some(next) = self.continuation(start, at, limit, value.is_some()) else {
                        break;
                    };
                    let is_accessor = ["get", "set"].iter().any(|word| {
                        self.code[next..].starts_with(word)
                            && self.code[next + 3..].starts_with(['(', ' '])
                    });
                    if is_accessor {
                        head_end = head_end.or(Some(at));
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Statement {
            start,
            head_end: head_end.unwrap_or(at),
            end: at,
            value,
            body: None,
        }
    }

    /// Not a comparison, an arrow or part of another operator.
    fn assigns(&self, at: usize) -> bool {
        let bytes = self.code.as_bytes();
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 1);
        !before.is_some_and(|byte| b"=!<>+-*/%&|^~?:".contains(byte))
            && !after.is_some_and(|byte| b"=>~".contains(byte))
    }

    /// Blanks before the line of `at`.
    fn indentation(&self, at: usize) -> usize {
        let line = self.code[..at].rfind('\n').map_or(0, |feed| feed + 1);
        let blanks = self.code[line..]
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t'));
        blanks.count()
    }

    fn next_word(&self, from: usize, limit: usize) -> Option<usize> {
        let rest = self.code.get(from..limit)?;
        let at = rest.bytes().position(|byte| !byte.is_ascii_whitespace())?;
        Some(from + at)
    }

    /// Whether the lines below the line feed at `at` are the body of the statement because they stand deeper.
    fn begins_block(&self, start: usize, at: usize, limit: usize) -> bool {
        let line = self.code[start..at].trim_end();
        let may_begin = match self.blocks {
            Blocks::Indentation => !line.ends_with([',', '\\', '=', '|', '&', '.']),
            Blocks::Braces => self.language.id() == "scala" && line.ends_with(':'),
        };
        let next = self.next_word(at, limit).filter(|_| may_begin);
        next.is_some_and(|next| self.indentation(next) > self.indentation(start))
    }

    fn end_of_block(&self, start: usize, at: usize, limit: usize) -> usize {
        let indentation = self.indentation(start);
        let mut end = at;
        while let Some(next) = self.next_word(end, limit) {
            if self.indentation(next) <= indentation {
                break;
            }
            end = self.code[next..limit]
                .find('\n')
                .map_or(limit, |feed| next + feed);
        }
        end
    }

    fn with_end_word(&self, start: usize, end: usize, limit: usize) -> usize {
        let next = self.next_word(end, limit);
        let closes = |next: &usize| {
            self.code[*next..limit].starts_with("end")
                && self.indentation(*next) == self.indentation(start)
        };
        next.filter(closes).map_or(end, |next| next + "end".len())
    }

    /// Where the statement goes on behind the line feed at `at`, if it does.
    fn continuation(
        &self,
        start: usize,
        at: usize,
        limit: usize,
        has_value: bool,
    ) -> Option<usize> {
        let line = self.code[start..at].trim_end();
        // Directives of compilers, and `<?php`.
        let is_directive =
            line.starts_with('#') && !line.starts_with("#[") || line.starts_with("<?");
        let next = self.next_word(at, limit).filter(|_| !is_directive)?;
        let goes_on = line.ends_with([',', '=', '&', '|', '\\']);
        if self.blocks == Blocks::Indentation {
            return goes_on.then_some(next);
        }
        let rest = &self.code[next..limit];
        let is_begun = rest.starts_with('{') && !has_value
            || [".", "?.", "?:", "&&", "||", "->", ": ", "where "]
                .iter()
                .any(|start| rest.starts_with(start));
        let is_prefix = || at - start < MAX_PREFIX_BYTES && head::is_prefix(self, start..at);
        let is_deeper = || self.indentation(next) > self.indentation(start);
        (goes_on || is_begun || is_deeper() || is_prefix()).then_some(next)
    }
}
