//! Splits the text of a small language into tokens.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    Number(f64),
    Word(String),
    Text(String),
    Symbol(char),
}

#[derive(Debug, PartialEq)]
pub enum TokenError {
    OpenText,
    BadNumber(String),
}

/// The longest head of the text whose characters all fit.
fn take_while(chars: &mut Peekable<Chars<'_>>, fits: impl Fn(char) -> bool) -> String {
    let mut taken = String::new();
    while let Some(&next) = chars.peek() {
        if !fits(next) {
            break;
        }
        taken.push(next);
        chars.next();
    }
    taken
}

fn quoted(chars: &mut Peekable<Chars<'_>>) -> Result<String, TokenError> {
    chars.next();
    let mut text = String::new();
    while let Some(char) = chars.next() {
        match char {
            '"' => return Ok(text),
            '\\' => text.extend(chars.next()),
            other => text.push(other),
        }
    }
    Err(TokenError::OpenText)
}

pub fn tokenize(source: &str) -> Result<Vec<Token>, TokenError> {
    let mut chars = source.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(&char) = chars.peek() {
        if char.is_whitespace() {
            chars.next();
        } else if char.is_ascii_digit() {
            let digits = take_while(&mut chars, |c| c.is_ascii_digit() || c == '.');
            let number = digits.parse().map_err(|_| TokenError::BadNumber(digits.clone()))?;
            tokens.push(Token::Number(number));
        } else if char.is_alphabetic() {
            let word = take_while(&mut chars, |c| c.is_alphanumeric() || c == '_');
            tokens.push(Token::Word(word));
        } else if char == '"' {
            tokens.push(Token::Text(quoted(&mut chars)?));
        } else {
            tokens.push(Token::Symbol(char));
            chars.next();
        }
    }
    Ok(tokens)
}

/// How often each word occurs, the most frequent first.
pub fn words_by_count(tokens: &[Token]) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for token in tokens {
        let Token::Word(word) = token else { continue };
        match counts.iter_mut().find(|(known, _)| known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word.clone(), 1)),
        }
    }
    counts.sort_by(|left, right| right.1.cmp(&left.1));
    counts
}
