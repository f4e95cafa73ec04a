//! Text from outside on its way to a person. A file of the workspace, a compiler, a model, a server or a path may say anything: signs
//! that steer a terminal or turn the order of the text around, links that run a command when they are clicked, a megabyte.
//!
//! Owns what such a text may look like where it is shown: one line in an editor's message ([`message`], [`line`]), Markdown to read
//! ([`prose`]), a terminal ([`on_terminal`]), and code that is offered for a file ([`is_unfit_for_code`]). Pure; what is shown where is
//! decided by those who show it.

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Characters of a message at most: an editor's notification shows about so many before it has to be unfolded.
pub const MESSAGE_CHARACTERS: usize = 500;

/// Characters of a path at most. Its end tells more than its beginning.
const PATH_CHARACTERS: usize = 120;

/// Signs that turn the order of a text around (Unicode's `Bidi_Control`) or end its line (U+2028, U+2029).
const STEERING: &[RangeInclusive<char>] = &[
    '\u{61c}'..='\u{61c}',
    '\u{200e}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2066}'..='\u{2069}',
];

/// Signs that nobody sees (Unicode's `Default_Ignorable_Code_Point`, and U+FFF9 to U+FFFB), among them the tags that models read and people
/// do not.
const INVISIBLE: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Invisible signs that scripts and emoji are written with: the joiners and the variation selectors.
const JOINING: &[RangeInclusive<char>] = &['\u{200c}'..='\u{200d}', '\u{fe00}'..='\u{fe0f}'];

fn is_among(ranges: &[RangeInclusive<char>], c: char) -> bool {
    ranges.iter().any(|range| range.contains(&c))
}

/// Signs that no person means when he reads a text, and that do something to what shows it.
fn is_hidden(c: char) -> bool {
    // ASCII needs no look into the tables, and nearly all text is.
    c.is_control() || (!c.is_ascii() && (is_among(STEERING, c) || is_among(INVISIBLE, c)))
}

/// Signs that do not belong into code that is offered: whoever reads the offer could not see what he takes over, and a terminal would obey
/// it. Tabs and line ends are fine, and so is what scripts and emoji are written with.
pub fn is_unfit_for_code(c: char) -> bool {
    is_hidden(c) && !matches!(c, '\t' | '\n' | '\r') && !is_among(JOINING, c)
}

/// A text as a message of an editor: one line without hidden signs and without links, [`MESSAGE_CHARACTERS`] at most.
pub fn message(text: &str) -> String {
    line(text, MESSAGE_CHARACTERS)
}

/// A text as one line of at most so many characters: blanks for line ends and tabs, no hidden signs, no links. What is cut ends in `…`.
pub fn line(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(4 * most));
    let mut characters = 0;
    let mut is_after_blank = true;
    // A text that is much too long is not looked at to its end.
    for c in text.chars() {
        let is_blank = c.is_whitespace();
        if is_blank && !is_after_blank {
            line.push(' ');
        } else if is_blank || is_hidden(c) {
            continue;
        } else {
            line.push(c);
        }
        is_after_blank = is_blank;
        characters += 1;
        if characters > most {
            break;
        }
    }
    cut(without_links(line.trim_end()), most)
}

/// The first so many characters, the last of them `…` if there are more.
fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        let last = text[..end].char_indices().next_back();
        text.truncate(last.map_or(0, |(at, _)| at));
        text.truncate(text.trim_end().len());
        text.push('…');
    }
    text
}

/// A path for a sentence: its end, where it is long.
pub fn path(path: &str) -> String {
    let too_many = path.chars().count().saturating_sub(PATH_CHARACTERS);
    match path.char_indices().nth(too_many) {
        Some((start, _)) if too_many > 0 => format!("…{}", &path[start..]),
        _ => path.to_owned(),
    }
}

/// A text in which nobody finds a link. VS Code makes `[text](command:...)` in any message a link that runs the command; Markdown knows
/// addresses between angle brackets, those that are given further down (`[text]: ...`) and elements of HTML beside.
fn without_links(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        broken.push(c);
        let rest = &text[at + c.len_utf8()..];
        let begins_link = match c {
            ']' => {
                let definition = rest.strip_prefix(':').map(str::trim_start);
                rest.starts_with('(')
                    || definition.is_some_and(|to| begins_address(to.trim_start_matches('<')))
            }
            '<' => begins_address(rest) || begins_element(rest),
            _ => false,
        };
        if begins_link {
            broken.push(' ');
        }
    }
    broken
}

/// The letters, digits and signs that names of schemes and elements are made of.
fn name_at_start(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-');
    &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())]
}

/// A scheme, as in `https:`; `std::vector` has none.
fn begins_address(text: &str) -> bool {
    let name = name_at_start(text);
    let behind = &text[name.len()..];
    !name.is_empty() && behind.starts_with(':') && !behind.starts_with("::")
}

/// The name of an element of HTML that leads somewhere or loads something, and an attribute behind it. `List<Object>` is a type.
fn begins_element(text: &str) -> bool {
    let name = name_at_start(text);
    let behind = text[name.len()..].chars().next();
    let is_script = name.eq_ignore_ascii_case("script");
    ELEMENTS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
        && (is_script || behind.is_none_or(|c| c.is_whitespace() || c == '/'))
}

const ELEMENTS: [&str; 14] = [
    "a", "area", "audio", "base", "embed", "form", "iframe", "img", "link", "meta", "object",
    "script", "svg", "video",
];

/// Markdown from a model, to read: without hidden signs, links, images and HTML that loads something. Code in it is not spared, because
/// readers do not agree on what is code.
pub fn prose(markdown: &str) -> String {
    let visible: String = markdown
        .chars()
        .filter(|&c| !is_unfit_for_code(c))
        .collect();
    without_links(&visible)
}

/// A text for a terminal: hidden signs as one would write them in code (`\x1b`, `\u{202e}`), so that the terminal obeys none of them. Tabs and
/// line ends stay.
pub fn on_terminal(text: &str) -> Cow<'_, str> {
    let mut characters = text.chars().peekable();
    if !text.chars().any(is_unfit_for_terminal) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    while let Some(c) = characters.next() {
        let ends_line = c == '\r' && characters.peek() == Some(&'\n');
        match c {
            _ if ends_line || !is_unfit_for_terminal(c) => shown.push(c),
            c if u32::from(c) < 0x100 => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(shown)
}

/// A carriage return writes over what stands in the line.
fn is_unfit_for_terminal(c: char) -> bool {
    c == '\r' || is_unfit_for_code(c)
}

#[cfg(test)]
mod tests;
