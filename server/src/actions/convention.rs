//! How each language documents: which comments count, where they stand, and how prose becomes one. Pure text.

use std::ops::Range;

use super::TargetKind;
use super::offer::Source;

/// The columns that a line of documentation keeps to, its indentation included.
pub const MAX_COLUMNS: usize = 100;
/// Less is no room for prose, however deep the code stands.
const MIN_WIDTH: usize = 40;

/// Comment lines above a declaration that are read.
const MAX_DOC_LINES: usize = 400;

/// How a declaration is documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convention {
    pub form: Form,
    /// What ends the lines of the file.
    pub newline: &'static str,
    /// The documentation begins with this name, as Go has it.
    pub leading_name: Option<String>,
}

/// What documentation looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Comments that each take the rest of a line, above the declaration: `///`, `//`, `#`.
    Lines(&'static str),
    /// `///` with the tags of C#.
    Xml,
    /// `/** ... */` above the declaration.
    Block,
    /// `/** @file ... */`, at the head of a file.
    FileBlock(&'static str),
    /// A string that begins the body, with these quotes.
    Docstring(&'static str),
}

impl Convention {
    /// Of a declaration called `name`. `None` where the language has no documentation that tools read.
    pub fn of(source: &Source, kind: TargetKind, name: Option<&str>) -> Option<Self> {
        let form = match source.language_id() {
            "rust" if name.is_none() => Form::Lines("//!"),
            "rust" | "swift" | "dart" | "zig" => Form::Lines("///"),
            "fsharp" => Form::Lines("///"),
            "csharp" | "vb" if name.is_some() => Form::Xml,
            "go" => Form::Lines("//"),
            "python" => Form::Docstring(docstring_quotes(&source.text)),
            "ruby" | "shellscript" | "perl" | "elixir" | "nim" | "julia" => Form::Lines("#"),
            "r" => Form::Lines("#'"),
            "lua" => Form::Lines("---"),
            "haskell" => Form::Lines("-- |"),
            "sql" => Form::Lines("--"),
            "javascript" | "typescript" | "typescriptreact" if name.is_none() => {
                Form::FileBlock("@fileoverview ")
            }
            "c" | "cpp" | "cuda-cpp" | "objective-c" if name.is_none() => {
                Form::FileBlock("@file\n")
            }
            "php" if name.is_none() => Form::FileBlock(""),
            "javascript" | "typescript" | "typescriptreact" | "java" | "kotlin" | "scala"
            | "groovy" | "php" | "c" | "cpp" | "cuda-cpp" | "objective-c"
                if name.is_some() =>
            {
                if uses_triple_slashes(source) {
                    Form::Lines("///")
                } else {
                    Form::Block
                }
            }
            _ => return None,
        };
        let has_file_docs = matches!(
            form,
            Form::Lines("//!" | "//" | "#") | Form::FileBlock(_) | Form::Docstring(_)
        );
        if name.is_none() && !has_file_docs {
            return None;
        }
        let leading_name = match (source.language_id(), kind) {
            ("go", TargetKind::Module) => name.map(|name| format!("Package {name}")),
            ("go", _) => name.map(str::to_owned),
            _ => None,
        };
        Some(Self {
            form,
            newline: source.newline,
            leading_name,
        })
    }

    /// It stands in the body, not above the declaration.
    pub fn is_inside(&self) -> bool {
        matches!(self.form, Form::Docstring(_))
    }

    /// `text`, prose whose lines end in line feeds, as documentation. Lines are wrapped at [`MAX_COLUMNS`]; lists, code and tags keep
    /// theirs. The first line comes without `indent`, the last one without a line end: the place has both. Nothing in `text` ends
    /// the comment early.
    pub fn render(&self, text: &str, indent: &str) -> String {
        let text = match &self.leading_name {
            Some(name) => with_leading_name(text.trim(), name),
            None => text.trim().to_owned(),
        };
        let text = self.harmless(&text);
        let lines = wrapped(&text, self.width(indent));
        let rendered = match &self.form {
            Form::Lines(mark) => marked(&lines, mark),
            Form::Xml => marked(&with_summary(lines), "///"),
            Form::Block => block(&lines, ""),
            Form::FileBlock(tag) => block(&lines, tag),
            Form::Docstring(quotes) => docstring(&lines, quotes),
        };
        let mut out = String::new();
        for (index, line) in rendered.iter().enumerate() {
            if index > 0 {
                out.push_str(self.newline);
                if !line.is_empty() {
                    out.push_str(indent);
                }
            }
            out.push_str(line);
        }
        out
    }

    /// Columns for prose. A tab counts as four.
    fn width(&self, indent: &str) -> usize {
        let columns: usize = indent.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum();
        let mark = match &self.form {
            Form::Lines(mark) => mark.len() + 1,
            Form::Xml => 4,
            Form::Block | Form::FileBlock(_) => 3,
            Form::Docstring(_) => 0,
        };
        MAX_COLUMNS.saturating_sub(columns + mark).max(MIN_WIDTH)
    }

    /// Without what would end the comment, or mean something else in it.
    fn harmless(&self, text: &str) -> String {
        let text = text
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\t', "    ");
        match &self.form {
            Form::Lines(_) => text,
            Form::Xml if has_xml_tags(&text) => text,
            Form::Xml => text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;"),
            Form::Block | Form::FileBlock(_) => text.replace("*/", "* /").replace("/*", "/ *"),
            Form::Docstring(quotes) => {
                let other = if *quotes == "'''" { "\"\"\"" } else { "'''" };
                text.replace(quotes, other)
            }
        }
    }
}

fn marked(lines: &[String], mark: &str) -> Vec<String> {
    let line = |line: &String| format!("{mark} {line}").trim_end().to_owned();
    // Only the first line of Haddock has the bar.
    let rest = mark.strip_suffix(" |").unwrap_or(mark);
    let (first, more) = lines.split_at(lines.len().min(1));
    let more = more
        .iter()
        .map(|line| format!("{rest} {line}").trim_end().to_owned());
    first.iter().map(line).chain(more).collect()
}

fn block(lines: &[String], tag: &str) -> Vec<String> {
    let tagged = format!("{tag}{}", lines.join("\n"));
    let inside = tagged
        .lines()
        .map(|line| format!(" * {line}").trim_end().to_owned());
    let mut out = vec!["/**".to_owned()];
    out.extend(inside);
    out.push(" */".to_owned());
    out
}

fn docstring(lines: &[String], quotes: &str) -> Vec<String> {
    // Nothing in a raw string is an escape.
    let prefix = if lines.iter().any(|line| line.contains('\\')) {
        "r"
    } else {
        ""
    };
    let mut out = lines.to_vec();
    let Some(first) = out.first_mut() else {
        return vec![format!("{quotes}{quotes}")];
    };
    let quote = quotes.chars().next().unwrap_or('"');
    *first = format!("{prefix}{quotes}{first}");
    let is_one_line = out.len() == 1;
    match out.last_mut() {
        // A quote or backslash before the closing quotes would be read with them.
        Some(only) if is_one_line && !only.ends_with([quote, '\\']) => only.push_str(quotes),
        Some(only) if is_one_line => *only += &format!(" {quotes}"),
        _ => out.push(quotes.to_owned()),
    }
    out
}

const XML_TAGS: [&str; 6] = [
    "<summary>",
    "<param",
    "<returns>",
    "<remarks>",
    "<exception",
    "<inheritdoc",
];

fn has_xml_tags(text: &str) -> bool {
    XML_TAGS.iter().any(|tag| text.contains(tag))
}

fn with_summary(mut lines: Vec<String>) -> Vec<String> {
    if !lines.iter().any(|line| has_xml_tags(line)) {
        lines.insert(0, "<summary>".to_owned());
        lines.push("</summary>".to_owned());
    }
    lines
}

/// The lines of a text, those that are too long broken between words. Blank lines between paragraphs stay, one at a time.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut in_fence = false;
    for line in text.lines() {
        let line = line.trim_end();
        in_fence ^= line.trim_start().starts_with("```");
        if line.is_empty() && out.last().is_none_or(String::is_empty) {
            continue;
        }
        let is_prose = !in_fence && !line.starts_with("    ");
        if !is_prose || line.chars().count() <= width {
            out.push(line.to_owned());
            continue;
        }
        let body = line.trim_start();
        let hanging = line.len() - body.len()
            + if body.starts_with(['-', '*', '@', ':']) {
                2
            } else {
                0
            };
        let mut current = line[..line.len() - body.len()].to_owned();
        let mut columns = current.len();
        let mut is_first = true;
        for word in body.split_whitespace() {
            let len = word.chars().count();
            if !is_first && columns + 1 + len > width {
                out.push(std::mem::replace(&mut current, " ".repeat(hanging)));
                columns = hanging;
            } else if !is_first {
                current.push(' ');
                columns += 1;
            }
            is_first = false;
            current.push_str(word);
            columns += len;
        }
        out.push(current);
    }
    out
}

/// `Add returns the sum.` of `Returns the sum.`, as Go wants it.
fn with_leading_name(text: &str, name: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let is_named = text
        .strip_prefix(name)
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    let has_article = ["A ", "An ", "The "].iter().any(|article| {
        text.strip_prefix(article)
            .is_some_and(|rest| rest.starts_with(name))
    });
    if text.is_empty() || is_named || has_article || word.starts_with("Deprecated") {
        return text.to_owned();
    }
    let is_verb = word.ends_with('s') && !matches!(word, "This" | "Is" | "Has" | "Its" | "Class");
    let Some(first) = text.chars().next().filter(|_| is_verb) else {
        return format!("{name}: {text}");
    };
    format!(
        "{name} {}{}",
        first.to_lowercase(),
        &text[first.len_utf8()..]
    )
}

/// The quotes of the docstrings of a file.
fn docstring_quotes(text: &str) -> &'static str {
    let apostrophes = text.find("'''");
    let quotes = text.find("\"\"\"");
    match (apostrophes, quotes) {
        (Some(_), None) => "'''",
        (Some(apostrophes), Some(quotes)) if apostrophes < quotes => "'''",
        _ => "\"\"\"",
    }
}

/// A file of C that documents with `///`.
fn uses_triple_slashes(source: &Source) -> bool {
    matches!(source.language_id(), "c" | "cpp" | "cuda-cpp")
        && source.text.contains("\n/// ")
        && !source.text.contains("/**")
}

/// The comments directly above `at` that document what begins there: any that touch it where the language has no form of its own, else
/// only those of that form. From the first mark to the end of the last line.
pub fn doc_above(source: &Source, at: usize) -> Option<Range<usize>> {
    let marks: &[&str] = match source.language_id() {
        "rust" | "swift" | "dart" | "zig" | "fsharp" | "csharp" => &["///", "/**"],
        "javascript" | "typescript" | "typescriptreact" | "java" | "kotlin" | "scala"
        | "groovy" | "php" => &["/**"],
        "c" | "cpp" | "cuda-cpp" | "objective-c" => &["/**", "/*!", "///", "//!"],
        "lua" => &["---", "--"],
        "r" => &["#'"],
        "python" => return None,
        _ => &["//", "#", "--"],
    };
    let begins = |line: &str| {
        let is_directive =
            line.starts_with("//go:") || line.starts_with("#!") || line.starts_with("# frozen_");
        !is_directive && marks.iter().any(|mark| line.starts_with(mark))
    };
    let mut doc: Option<Range<usize>> = None;
    let mut from = at;
    if !source.leads_line(at) {
        return None;
    }
    for _ in 0..MAX_DOC_LINES {
        let Some(line) = source.line_above(from) else {
            break;
        };
        let range = source.trimmed(line.clone());
        let text = source.slice(range.clone());
        if text.ends_with("*/") && doc.is_none() {
            let open = source.text[..range.end].rfind("/*")?;
            let is_doc = begins(source.slice(open..range.end)) && source.leads_line(open);
            return is_doc.then_some(open..range.end);
        }
        if text.is_empty() || !begins(text) || text.contains("/*") {
            break;
        }
        doc = Some(range.start..doc.map_or(range.end, |doc| doc.end));
        from = line.start;
    }
    doc
}

#[cfg(test)]
mod tests;
