//! Which brackets a text opens and closes, leaving out comments and quotes. A look at characters, not a parse: it works on the halves
//! of programs that stand before and behind a cursor.

use grammars::Language;

/// How a language writes what is not code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lexis {
    line_comment: Option<&'static str>,
    block_comment: Option<(&'static str, &'static str)>,
    single_quotes: SingleQuotes,
    /// `"""` and `'''` quote several lines.
    triple_quotes: bool,
    /// "`" quotes several lines.
    backticks: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SingleQuotes {
    /// They quote a string.
    Strings,
    /// They quote one character, and mean something else besides: lifetimes, digit separators.
    Characters,
    /// They may be apostrophes: a string only where another ends it in the same line.
    Apostrophes,
}

impl Lexis {
    /// Of text in no known language: everything counts but what is in quotes that end in their line.
    pub const TEXT: Self = Self {
        line_comment: None,
        block_comment: None,
        single_quotes: SingleQuotes::Apostrophes,
        triple_quotes: false,
        backticks: false,
    };

    pub fn of(language: Option<&'static Language>) -> Self {
        let Some(language) = language else {
            return Self::TEXT;
        };
        let id = language.id();
        let single_quotes = match id {
            "rust" | "c" | "cpp" | "csharp" | "java" | "go" | "kotlin" | "swift" | "scala"
            | "zig" | "haskell" | "objective-c" | "cuda-cpp" | "d" => SingleQuotes::Characters,
            "python" | "javascript" | "typescript" | "typescriptreact" | "ruby" | "php" | "lua"
            | "shellscript" | "dart" | "starlark" | "groovy" => SingleQuotes::Strings,
            _ => SingleQuotes::Apostrophes,
        };
        let block_comment = language.block_comment.as_ref();
        Self {
            line_comment: language.line_comment.as_deref(),
            block_comment: block_comment.map(|tokens| (&*tokens.open, &*tokens.close)),
            single_quotes,
            triple_quotes: matches!(
                id,
                "python" | "starlark" | "kotlin" | "swift" | "java" | "scala"
            ),
            backticks: matches!(id, "javascript" | "typescript" | "typescriptreact" | "go"),
        }
    }
}

/// A bracket and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    pub kind: char,
    /// Byte offset.
    pub at: usize,
    /// Blanks before the first other character of its line, in bytes.
    pub indentation: usize,
    /// It is that character.
    pub leads_line: bool,
}

/// The brackets of a text that have no partner in it, and those whose partner stands beyond a boundary.
#[derive(Debug, Default)]
pub struct Brackets {
    /// Never closed, outermost first.
    pub open: Vec<Bracket>,
    /// Close nothing.
    pub unmatched: Vec<Bracket>,
    /// Opened before the boundary and closed behind it.
    pub crossing: Vec<(Bracket, Bracket)>,
    /// The text ends inside of a quote or a comment.
    pub ends_quoted: bool,
}

pub fn closes(open: char, close: char) -> bool {
    matches!((open, close), ('(', ')') | ('[', ']') | ('{', '}'))
}

/// What closes an opening bracket.
pub fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

pub fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '}')
}

/// The brackets of `text`; see [`Brackets::crossing`] for `boundary`, a byte offset.
pub fn scan(text: &str, boundary: usize, lexis: Lexis) -> Brackets {
    let mut found = Brackets::default();
    let mut at = 0;
    let mut line_start = 0;
    while let Some(c) = text[at..].chars().next() {
        if let Some((len, ended)) = quoted(&text[at..], &text[line_start..at], lexis) {
            let end = at + len;
            found.ends_quoted = !ended && end == text.len();
            if let Some(feed) = text[at..end].rfind('\n') {
                line_start = at + feed + 1;
            }
            at = end;
            continue;
        }
        if c == '\n' {
            line_start = at + 1;
        }
        if matches!(c, '(' | '[' | '{') || is_closer(c) {
            let line = &text[line_start..];
            let indentation = line.len() - line.trim_start().len();
            let bracket = Bracket {
                kind: c,
                at,
                indentation,
                leads_line: line_start + indentation == at,
            };
            match found.open.last() {
                _ if !is_closer(c) => found.open.push(bracket),
                Some(open) if closes(open.kind, c) => {
                    if open.at < boundary && at >= boundary {
                        found.crossing.push((*open, bracket));
                    }
                    found.open.pop();
                }
                _ => found.unmatched.push(bracket),
            }
        }
        at += c.len_utf8();
    }
    found
}

/// The text with blanks in place of comments and of what is in quotes, byte for byte; line feeds and the ends of quotes stay.
pub fn blanked(text: &str, lexis: Lexis) -> String {
    let mut blanked = String::with_capacity(text.len());
    let (mut at, mut line_start) = (0, 0);
    while let Some(c) = text[at..].chars().next() {
        let Some((len, _)) = quoted(&text[at..], &text[line_start..at], lexis) else {
            blanked.push(c);
            at += c.len_utf8();
            if c == '\n' {
                line_start = at;
            }
            continue;
        };
        let is_quote = matches!(c, '"' | '\'' | '`');
        for (index, byte) in text[at..at + len].bytes().enumerate() {
            blanked.push(match byte {
                b'\n' => '\n',
                _ if is_quote && (index == 0 || index + 1 == len) => '"',
                _ => ' ',
            });
        }
        if let Some(feed) = text[at..at + len].rfind('\n') {
            line_start = at + feed + 1;
        }
        at += len;
    }
    blanked
}

/// If a comment or a quote begins `text`: how long that is, and whether it has ended. `line` is the line before it.
fn quoted(text: &str, line: &str, lexis: Lexis) -> Option<(usize, bool)> {
    let line_len = || text.find('\n').unwrap_or(text.len());
    let until = |skipped: usize, end: &str| match text[skipped..].find(end) {
        Some(at) => (skipped + at + end.len(), true),
        None => (text.len(), false),
    };
    if lexis.line_comment.is_some_and(|token| {
        // In shells, a number sign inside of a word is none.
        text.starts_with(token) && (token != "#" || !line.ends_with(|c: char| !c.is_whitespace()))
    }) {
        return Some((line_len(), false));
    }
    if let Some((open, close)) = lexis.block_comment
        && text.starts_with(open)
    {
        return Some(until(open.len(), close));
    }
    let quote = text
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\'' | '`'))?;
    if lexis.triple_quotes {
        for triple in ["\"\"\"", "'''"] {
            if text.starts_with(triple) {
                return Some(until(triple.len(), triple));
            }
        }
    }
    let known = lexis != Lexis::TEXT;
    match quote {
        '`' if lexis.backticks => return Some(until(1, "`")),
        '\'' if lexis.single_quotes == SingleQuotes::Characters => {
            return character_len(text).map(|len| (len, true));
        }
        _ => {}
    }
    match closing_quote(&text[1..], quote) {
        Some(len) => Some((1 + len, true)),
        None if known && quote == '"' => Some((line_len(), false)),
        None if lexis.single_quotes == SingleQuotes::Strings && quote == '\'' => {
            Some((line_len(), false))
        }
        None => None,
    }
}

/// Length of a quoted character such as `'a'` or `'\u{41}'` at the beginning of `text`.
fn character_len(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let len = if inside.starts_with('\\') {
        // The longest escapes have ten characters.
        let end = inside.char_indices().skip(2).take(10);
        end.into_iter().find(|(_, c)| *c == '\'')?.0
    } else {
        inside.chars().next().filter(|c| *c != '\'')?.len_utf8()
    };
    inside[len..].starts_with('\'').then_some(len + 2)
}

/// Bytes up to and with the closing quote, if that is in the same line.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_comments_and_quotes_do_not_count() {
        for (language, text, open) in [
            ("python", "f(  # (", "("),
            ("python", "\"\"\"a ( b\n[\"\"\" {", "{"),
            ("python", "x = 'it (", ""),
            ("rust", "fn f<'a>(x: &'a [u8], c: '(') {", "{"),
            ("rust", "// it's (\n/* ( */ g(", "("),
            ("typescript", "`a ${b} (\n{` + [", "["),
            ("go", "s := `(\n`; f(\"\\\"(\"", "("),
            ("java", "char c = '\\''; if (x) {", "{"),
            ("cpp", "auto n = 1'000'000; f({", "({"),
            ("shellscript", "if (( $# > 1 )); then f=(", "("),
            ("", "it's (a", "("),
            ("", "'(' + x", ""),
        ] {
            let lexis = Lexis::of(Language::by_lsp_id(language));
            let found = scan(text, 0, lexis);
            let kinds: String = found.open.iter().map(|bracket| bracket.kind).collect();
            assert_eq!(kinds, open, "{language}: {text}");
        }
    }

    #[test]
    fn blanks_stand_in_for_comments_and_quotes() {
        let lexis = Lexis::of(Language::by_lsp_id("kotlin"));
        let text = "a(\"é{\") // it's {\n/* {\n*/ \"\"\"\n{\"\"\"";
        let code = blanked(text, lexis);
        assert_eq!(code.len(), text.len());
        assert_eq!(code, "a(\"   \")          \n    \n   \"  \n   \"");
    }

    #[test]
    fn pairs_across_the_boundary_are_told() {
        let text = "if (a) {\n    b();\n} )";
        let found = scan(text, 9, Lexis::TEXT);
        let (open, close) = found.crossing[0];
        assert_eq!((open.at, close.at, close.leads_line), (7, 18, true));
        assert_eq!(found.crossing.len(), 1);
        assert_eq!(found.unmatched.len(), 1);
    }
}
