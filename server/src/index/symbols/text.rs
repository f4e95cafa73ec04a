//! Source text made shorter: types without their parameters, signatures on one line, outlines within their limits. And where its
//! lines begin.

use crate::text::floor_char_boundary;

/// The longest outline. What is longer costs more of the prompt than one definition is worth.
pub const MAX_OUTLINE_LINES: usize = 25;
/// The same in bytes: about 300 tokens.
pub const MAX_OUTLINE_BYTES: usize = 1200;
/// Values, attributes and signatures up to this length stand on one line.
pub const MAX_LINE_BYTES: usize = 100;

/// `ns::Foo<T>` and `run` of `ns::Foo<T>::run`; an empty scope if there is none.
pub fn unqualified(name: &str) -> (&str, &str) {
    let mut depth = 0;
    for (at, c) in name.char_indices().rev() {
        match c {
            '>' => depth += 1,
            '<' => depth -= 1,
            ':' if depth == 0 && at > 0 && name[..at].ends_with(':') => {
                return (&name[..at - 1], &name[at + 1..]);
            }
            _ => {}
        }
    }
    ("", name)
}

/// The name of a type without references, parameters and the path before it: `Foo` of `&'a mut crate::x::Foo<T>`.
pub fn base_name(ty: &str) -> &str {
    let mut name = ty.trim();
    loop {
        let before = name;
        name = name.trim_start_matches(['&', '*', '(', ' ']);
        if name.starts_with('\'') {
            name = name.split_once(' ').map_or("", |(_, rest)| rest);
        }
        for word in ["mut ", "dyn ", "const ", "impl "] {
            name = name.strip_prefix(word).unwrap_or(name);
        }
        if name == before {
            break;
        }
    }
    let name = name
        .split(['<', '[', '(', ' ', ')'])
        .next()
        .unwrap_or_default();
    name.rsplit([':', '.']).next().unwrap_or_default()
}

/// On one line, if that is short enough and no comment would swallow the rest.
pub fn joined(text: &str) -> String {
    let has_comment = || {
        text.contains("//") || text.contains("/*") || text.lines().any(|line| line.contains('#'))
    };
    if !text.contains('\n') || has_comment() {
        return text.to_owned();
    }
    let mut line = String::new();
    let mut braces = 0;
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        // In braces a line end may be what separates: `{ a: A⏎ b: B }`.
        let is_separated = braces == 0
            || line.ends_with([',', ';', '{', '(', '[', '<', '|', '&', ':', '='])
            || part.starts_with(['}', ')', ']', '>', '|', '&', '?', ':', '.']);
        if !is_separated {
            return text.to_owned();
        }
        braces += part.matches('{').count();
        braces = braces.saturating_sub(part.matches('}').count());
        if part.starts_with([')', ']', '>']) {
            line.truncate(line.trim_end_matches(',').len());
        } else if !line.is_empty()
            && !line.ends_with(['(', '[', '<'])
            && !part.starts_with(['.', ',', '?'])
        {
            line.push(' ');
        }
        line.push_str(part);
        if line.len() > MAX_LINE_BYTES {
            return text.to_owned();
        }
    }
    line
}

/// `text`, which stands behind `before` in the file, without the indentation that its first line has there.
pub fn dedented(before: &str, text: &str) -> String {
    let line = &before[before.rfind('\n').map_or(0, |feed| feed + 1)..];
    let indent = &line[..line.len() - line.trim_start().len()];
    let mut lines = text.lines();
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let line = line.strip_prefix(indent).unwrap_or(line.trim_start());
        out.push('\n');
        out.push_str(line.trim_end());
    }
    out
}

/// What a long value begins with: `new Map(...)`, `{...}`, `lazy(...)`.
pub fn shortened(value: &str) -> String {
    let first = value.lines().next().unwrap_or_default();
    let Some(open) = first
        .find(['(', '[', '{'])
        .filter(|&open| open < MAX_LINE_BYTES / 2)
    else {
        return "...".to_owned();
    };
    let close = match first.as_bytes()[open] {
        b'(' => ')',
        b'[' => ']',
        _ => '}',
    };
    format!("{}...{close}", &first[..=open])
}

/// At most as many lines and bytes as an outline may have; `mark` says that there is more.
pub fn clip(text: &str, mark: &str) -> String {
    if text.len() <= MAX_OUTLINE_BYTES && text.matches('\n').count() < MAX_OUTLINE_LINES {
        return text.to_owned();
    }
    let mut out = String::new();
    for line in text.lines().take(MAX_OUTLINE_LINES - 1) {
        if out.len() + line.len() + mark.len() + 2 > MAX_OUTLINE_BYTES {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    if out.is_empty() {
        let room = MAX_OUTLINE_BYTES - mark.len() - 1;
        return format!(
            "{} {mark}",
            &text[..floor_char_boundary(text, room)].trim_end()
        );
    }
    out + mark
}

/// Where the lines of a text begin, in bytes.
pub struct LineStarts(Vec<usize>);

impl LineStarts {
    pub fn of(text: &str) -> Self {
        let behind_line_feeds = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(behind_line_feeds).collect())
    }

    /// The line that the byte at `offset` stands in, counted from 1.
    pub fn line_of(&self, offset: usize) -> u32 {
        self.0.partition_point(|&start| start <= offset) as u32
    }
}
