//! What may be a password, and what is a reference, a word of a language or something to be filled in.

use std::ops::RangeInclusive;

use super::{labels::is_about_secrets, random};

/// Shorter ones are rarely passwords, and anything else often.
const MIN_PASSWORD_BYTES: usize = 4;

/// Of what somebody may have chosen, but need not have.
const MIN_CHOSEN_BYTES: usize = 6;

/// What a program has made is longer.
const MIN_MADE_BYTES: usize = 12;

/// Digits of a personal identification number: fewer are the numbers of a circuit's pins.
const PIN_DIGITS: RangeInclusive<usize> = 4..=12;

/// A recovery phrase of BIP 39 has 12 words or more, each of 3 to 8 letters.
const MIN_PHRASE_WORDS: usize = 12;

/// Values that mean no password, or words of a language, whatever the name before them.
const WORDS: &[&str] = &[
    "null",
    "nil",
    "none",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "string",
    "str",
    "text",
    "number",
    "integer",
    "int",
    "boolean",
    "bool",
    "object",
    "any",
    "bytes",
    "required",
    "optional",
    "hidden",
    "include",
    "omit",
    "same-origin",
    "basic",
    "bearer",
    "digest",
    "oauth",
    "oauth2",
    "jwt",
    "bcrypt",
    "scrypt",
    "argon2",
    "argon2i",
    "argon2id",
    "pbkdf2",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "read",
    "write",
    "inherit",
    "username",
    "email",
    "login",
];

/// Parts of paths and patterns, which nobody has in a token.
const IN_CODE: &[&str] = &["::", "(?", "[^", "\\\\", "\\s", "\\d", "\\w", "()"];

/// Something to be filled in, as a whole: `${PASSWORD}`, `{password}`, `<password>`, `%s`, `$PASSWORD`, `***`.
pub fn is_template(value: &str) -> bool {
    let in_signs = |open: char, close: char| value.starts_with(open) && value.ends_with(close);
    let is_variable = value.strip_prefix('$').is_some_and(|name| {
        let is_byte = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        name.bytes().all(is_byte)
    });
    let has_call = ["${", "$(", "{{", "%(", "<%", "#{"].iter().any(|open| {
        let close = if open.ends_with('(') {
            ')'
        } else if open.ends_with('%') {
            '>'
        } else {
            '}'
        };
        value
            .find(open)
            .is_some_and(|at| value[at..].contains(close))
    });
    is_variable
        || has_call
        || ["${", "$(", "{{"]
            .iter()
            .any(|open| value.starts_with(open))
        || in_signs('<', '>')
        || in_signs('{', '}')
        || in_signs('[', ']')
        || value.len() > 2 && (in_signs('%', '%') || in_signs('@', '@'))
        || matches!(value, "%s" | "%d" | "%v" | "%q" | "%@" | "?")
        || value
            .trim_matches(['*', '.', 'x', 'X', '-', '_', ' ', '•', '…'])
            .is_empty()
}

/// A part is to be filled in, as strings of code have it: `Bearer {token}`, `{}`.
pub fn has_hole(value: &str) -> bool {
    value.match_indices('{').any(|(at, _)| {
        value[at + 1..].split_once('}').is_some_and(|(name, _)| {
            !name.starts_with(|c: char| c.is_ascii_digit())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.:".contains(&byte))
        })
    })
}

/// A file or an address.
pub fn is_place(value: &str) -> bool {
    value.contains("://")
        || value.starts_with("./")
        || value.starts_with("../")
        || value.starts_with("~/")
        || value.starts_with('/') && is_path(value)
}

/// A random value in base64 may begin with a slash too.
fn is_path(value: &str) -> bool {
    let is_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    value.bytes().all(is_byte) && random::surprise(value) < random::SURPRISING
}

/// Packages that have to do with passwords have versions.
fn is_version(value: &str) -> bool {
    let number = value.trim_start_matches(['^', '~', '>', '=', '<', ' ', 'v']);
    number.matches('.').count() >= 2
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_word_of_language(value: &str) -> bool {
    WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// A sentence or a caption rather than words that somebody has chosen.
fn is_prose(value: &str) -> bool {
    value.contains(char::is_whitespace)
        && (value.ends_with(['.', ':', '?', '!', '…'])
            || value.starts_with(|c: char| c.is_uppercase())
            || is_about_secrets(value))
}

/// Where there is nothing but values: all that is no reference, no word of the format and no caption.
pub fn is_value(value: &str) -> bool {
    !value.is_empty()
        && !is_template(value)
        && !is_place(value)
        && !is_word_of_language(value)
        && !is_version(value)
        && (!value.contains(char::is_whitespace) || !is_about_secrets(value))
}

/// [`is_value`] behind a name that is none of a password: small numbers and short words say something else there.
pub fn is_long_value(value: &str) -> bool {
    let is_number = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    value.len()
        >= if is_number {
            MIN_CHOSEN_BYTES
        } else {
            MIN_PASSWORD_BYTES
        }
        && is_value(value)
}

/// A literal in quotes behind a password's name in code.
pub fn is_password(value: &str) -> bool {
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    value.len() >= MIN_PASSWORD_BYTES
        && is_value(value)
        && !has_hole(value)
        && !is_prose(value)
        && (has_digit || !is_about_secrets(value))
}

/// A literal that somebody may have chosen for a password, or a program may have made, rather than a word.
pub fn is_chosen(value: &str) -> bool {
    let has = |class: fn(&u8) -> bool| value.as_bytes().iter().any(class);
    value.len() >= MIN_CHOSEN_BYTES
        && is_password(value)
        && !value.contains(char::is_whitespace)
        && !IN_CODE.iter().any(|sign| value.contains(sign))
        && (has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit)
            || value.contains(['!', '#', '^', '*', '~', '@', '$', '%', '&', '+'])
            || is_made(value))
}

/// A personal identification number.
pub fn is_pin(value: &str) -> bool {
    PIN_DIGITS.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// The words from which a wallet's keys are made.
pub fn is_recovery_phrase(value: &str) -> bool {
    let is_word =
        |word: &str| (3..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase());
    value.split_whitespace().count() >= MIN_PHRASE_WORDS && value.split_whitespace().all(is_word)
}

/// A literal that a program has made.
pub fn is_made(value: &str) -> bool {
    value.len() >= MIN_MADE_BYTES && random::is_random(value)
}

/// `user:password` in base64, as `Authorization: Basic` and Docker's `auth` have it.
pub fn is_pair_in_base64(value: &str) -> bool {
    let value = value.trim_end_matches('=');
    let mut bits = 0u32;
    let mut decoded = Vec::with_capacity(value.len());
    for (n, byte) in value.bytes().enumerate() {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        bits = bits << 6 | u32::from(sextet);
        if n % 4 > 0 {
            decoded.push((bits >> (6 - 2 * (n % 4))) as u8);
        }
    }
    let is_text = decoded.iter().all(|byte| (b' '..=b'~').contains(byte));
    let colon = decoded.iter().position(|&byte| byte == b':');
    value.len() >= MIN_CHOSEN_BYTES
        && is_text
        && colon.is_some_and(|at| at > 0 && at + 1 < decoded.len())
}
