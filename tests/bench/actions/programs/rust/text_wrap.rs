//! Breaks text into lines of a width, and lays lines out.

use std::cmp::max;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    Center,
}

/// Lines of at most `width` characters; a word that is longer has a line of its own.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += word_length;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

pub fn align(line: &str, width: usize, align: Align) -> String {
    let length = line.chars().count();
    let missing = width.saturating_sub(length);
    let left = match align {
        Align::Left => 0,
        Align::Right => missing,
        Align::Center => missing / 2,
    };
    let right = missing - left;
    format!("{}{}{}", " ".repeat(left), line, " ".repeat(right))
}

pub fn widest(lines: &[String]) -> usize {
    let mut width = 0;
    for line in lines {
        width = max(width, line.chars().count());
    }
    width
}

/// The text in a frame.
pub fn boxed(text: &str, width: usize, alignment: Align) -> String {
    let lines = wrap(text, width);
    let inner = widest(&lines);
    let border = format!("+{}+", "-".repeat(inner + 2));
    let mut result = vec![border.clone()];
    for line in &lines {
        result.push(format!("| {} |", align(line, inner, alignment)));
    }
    result.push(border);
    result.join("\n")
}
