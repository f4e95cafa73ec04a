//! What stands around the place where an answer begins, worked out once, so that each token of the answer can be judged quickly.
//! Pure text; owns what the rules of `stop` and `scope` know of the document.

use grammars::Language;

use super::{
    brackets::{self, Bracket, Brackets, Lexis},
    cache::Surroundings,
    needs::Needs,
    rules::Rules,
};

/// Lines below the next ones that an answer must not say.
const FURTHER_LINES: usize = 12;

/// How a language shows where blocks begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockStyle {
    /// By indentation alone.
    Indentation,
    /// By brackets; indentation goes with them.
    Brackets,
    /// By words such as `end`; indentation goes with them.
    Words,
    /// Prose, markup and what is not known: no blocks.
    None,
}

impl BlockStyle {
    pub fn of(language: Option<&'static Language>) -> Self {
        match language.map_or("plaintext", Language::id) {
            "python" | "starlark" | "yaml" | "nim" | "fsharp" | "haskell" | "elm" | "pug"
            | "sass" => Self::Indentation,
            "ruby" | "lua" | "elixir" | "shellscript" | "julia" | "fish" | "vhdl" | "verilog"
            | "pascal" | "vb" | "fortran" | "makefile" => Self::Words,
            "plaintext" | "markdown" | "mdx" | "latex" | "typst" | "restructuredtext" | "html"
            | "xml" | "vue" | "svelte" | "astro" | "handlebars" | "ini" | "dockerfile" | "sql"
            | "clojure" | "emacs-lisp" | "lisp" | "scheme" | "vim" => Self::None,
            _ => Self::Brackets,
        }
    }
}

/// See [module docs](self). All text has line feeds alone.
#[derive(Debug, Clone)]
pub struct Site {
    pub style: BlockStyle,
    pub lexis: Lexis,
    /// Parses this language.
    pub grammar: Option<tree_sitter::Language>,
    /// From the beginning of the outermost block that is not too far above, up to the place. Mostly a function.
    pub before: String,
    /// The next lines with something in them, below the line that the answer goes on with; two at most.
    pub next_lines: Vec<String>,
    /// The lines below them with something in them, some of them.
    pub further_lines: Vec<String>,
    /// From the place to the end of its line.
    pub rest_of_line: String,
    /// What is known of the text below that line.
    pub below: String,
    pub rules: Rules,
    /// Nothing, unless somebody has looked at the whole document.
    pub needs: Needs,
    /// The lines of `before` that the blocks around the place begin with, without indentation; innermost first.
    pub headers: Vec<String>,
    /// The open brackets of `before`, innermost first, and whether the text behind the place closes each.
    openers: Vec<(Bracket, bool)>,
}

impl Site {
    pub fn new(
        around: &Surroundings,
        language: Option<&'static Language>,
        grammar: Option<tree_sitter::Language>,
        rules: Rules,
    ) -> Self {
        let lexis = Lexis::of(language);
        let (start, headers) = enclosing(&around.before);
        let before = around.before[start..].to_owned();
        let rest_of_line = around.after.lines().next().unwrap_or_default();
        let line_before = last_line(&before);
        let is_above_line = line_before.trim().is_empty() && !rest_of_line.trim().is_empty();
        let mut below = around
            .after
            .lines()
            .skip(usize::from(!is_above_line))
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.trim_end().to_owned());
        let next_lines = below.by_ref().take(2).collect();
        let further_lines = below.take(FURTHER_LINES).collect();
        let openers = openers(&before, around, lexis);
        Self {
            style: BlockStyle::of(language),
            lexis,
            grammar,
            next_lines,
            further_lines,
            rest_of_line: rest_of_line.to_owned(),
            below: around.after[rest_of_line.len()..].to_owned(),
            rules,
            needs: Needs::default(),
            headers,
            openers,
            before,
        }
    }

    /// The place's line up to the place.
    pub fn line_before(&self) -> &str {
        last_line(&self.before)
    }

    /// The line above that one.
    pub fn line_above(&self) -> Option<&str> {
        let above = self.before.strip_suffix(self.line_before())?;
        Some(last_line(above.strip_suffix('\n')?))
    }

    /// There is text on both sides, so no room for more lines.
    pub fn is_inside_line(&self) -> bool {
        !self.line_before().trim().is_empty() && !self.rest_of_line.trim().is_empty()
    }

    /// The text behind the place closes a bracket that was opened at byte `at` of `before`.
    pub fn is_closed_behind(&self, at: usize) -> bool {
        self.openers
            .iter()
            .any(|(opener, closed)| opener.at == at && *closed)
    }

    /// The brackets of `before` with `text` behind it; byte offsets count from the beginning of `before`.
    pub fn brackets(&self, text: &str) -> Brackets {
        brackets::scan(&(self.before.clone() + text), self.before.len(), self.lexis)
    }
}

/// The text behind the last line feed.
pub fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

/// Blanks at the beginning of a line, in bytes; tabs and spaces are not mixed where that matters.
pub fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Characters of a line that are no blanks.
pub fn significant(line: &str) -> usize {
    line.chars().filter(|c| !c.is_whitespace()).count()
}

/// Whether two lines say the same, whatever their blanks and whether they end in a comma or a semicolon.
pub fn says_the_same(a: &str, b: &str) -> bool {
    let plain = |line| {
        let line: &str = line;
        let end = line.trim_end().trim_end_matches([',', ';']);
        end.chars().filter(|c| !c.is_whitespace())
    };
    plain(a).eq(plain(b))
}

/// Where the outermost block around the end of `text` begins, and the lines that such blocks begin with, innermost first: going up,
/// each line that is less indented than all below.
fn enclosing(text: &str) -> (usize, Vec<String>) {
    let mut start = text.len() - last_line(text).len();
    let mut headers = Vec::new();
    let mut level = Some(indentation(last_line(text)));
    if last_line(text).trim().is_empty() {
        // The line may be yet to be indented: what it belongs to begins above the line above.
        level = None;
    }
    while start > 0 && level != Some(0) {
        let end = start - 1;
        let line = last_line(&text[..end]);
        start = end - line.len();
        let body = line.trim();
        if body.is_empty() {
            continue;
        }
        let here = indentation(line);
        let is_closer = body.starts_with(brackets::is_closer);
        if level.is_none_or(|level| here < level) && !is_closer {
            level = Some(here);
            headers.push(body.to_owned());
        }
    }
    (start, headers)
}

/// The brackets that `before` leaves open, innermost first, and whether the text behind the place closes each. A bracket that begins
/// a line closes one whose line is as much indented. What is not in view is taken to be closed.
fn openers(before: &str, around: &Surroundings, lexis: Lexis) -> Vec<(Bracket, bool)> {
    let open = brackets::scan(before, 0, lexis).open;
    let line_start = before.len() - last_line(before).len();
    let closers = brackets::scan(&around.after, 0, lexis).unmatched;
    let mut closers = closers.iter().peekable();
    let mut matched = Vec::with_capacity(open.len());
    for opener in open.into_iter().rev() {
        let closed = match closers.peek() {
            Some(closer) => {
                let fits = brackets::closes(opener.kind, closer.kind)
                    && (!closer.leads_line
                        || closer.at < first_line_len(&around.after)
                        || closer.indentation == opener.indentation);
                if fits {
                    closers.next();
                }
                fits
            }
            // Except for calls that begin in this line: there nobody goes on for so long.
            None => !around.to_end && (opener.kind == '{' || opener.at < line_start),
        };
        matched.push((opener, closed));
    }
    matched
}

fn first_line_len(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}
