//! Values that nobody has chosen: keys and tokens without a known form, told by how random their characters are.

use std::ops::Range;

/// Shorter values can't be told from names.
const MIN_BYTES: usize = 20;

/// A part of the value without separators has to be this long: names, versions and targets are made of shorter ones.
const MIN_PART_BYTES: usize = 12;

/// Bits per character that a value has at least, over its own characters. Of 20 random hexadecimal digits 99 % have more than 2.8 bits,
/// of 20 random characters of base64 more than 3.6; English words have about as much, which is why they are looked for as well.
const MIN_HEX_ENTROPY: f32 = 2.8;
const MIN_ENTROPY: f32 = 3.5;

/// No more of the value may read like words.
pub const MAX_WORDS: f32 = 0.4;

/// A line that is nothing but one value of this length belongs to a key that was broken into lines.
const MIN_LINE_BYTES: usize = 40;

/// Random values by their bytes in the line: whole strings, and what follows an equals sign, a colon, or the name of a scheme of
/// authorization.
pub fn values(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line.as_bytes()[at..];
        let Some(skipped) = rest.iter().position(|&byte| is_value_byte(byte)) else {
            break;
        };
        let start = at + skipped;
        let len = line.as_bytes()[start..]
            .iter()
            .position(|&byte| !is_value_byte(byte))
            .unwrap_or(line.len() - start);
        at = start + len;
        if len < MIN_BYTES {
            continue;
        }
        // `key=value` is one run, as `=` may also end a value.
        let run = &line[start..at];
        let name = run
            .trim_end_matches('=')
            .rfind('=')
            .map_or(0, |sign| sign + 1);
        let value = start + name..at;
        let stands_alone = name > 0 || is_introduced(&line[..start]);
        let fills_line = len >= MIN_LINE_BYTES
            && line[..start]
                .trim_matches([' ', '\t', '"', '\'', '+', '#', '*', '/'])
                .is_empty()
            && line[at..]
                .trim_start_matches("\\n")
                .trim_matches([' ', '\t', '"', '\'', '+', ',', ';', ')', '\r', '\n', '\\'])
                .is_empty();
        if (stands_alone || fills_line) && is_ended(&line[at..]) && is_random(&line[value.clone()])
        {
            found.push(value);
        }
    }
    found
}

fn is_value_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-')
}

/// What stands before says that a value follows.
fn is_introduced(before: &str) -> bool {
    let trimmed = before.trim_end_matches(' ');
    before.ends_with(['"', '\'', '`', ':', '>'])
        || trimmed.len() < before.len()
            && (trimmed.ends_with([':', '='])
                || trimmed.ends_with("Bearer")
                || trimmed.ends_with("Basic"))
}

fn is_ended(after: &str) -> bool {
    after.is_empty()
        || after.starts_with([
            '"', '\'', '`', ' ', '\r', '\n', '\t', ',', ';', ')', '&', '\\', '<', '@',
        ])
}

/// Nobody would write it.
fn is_random(value: &str) -> bool {
    let count = |class: fn(&u8) -> bool| value.as_bytes().iter().filter(|byte| class(byte)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    if value.len() < MIN_BYTES
        || digits < 2
        || letters < 2
        || is_literal_number(value)
        || is_sequence(value)
    {
        return false;
    }
    let hexadecimal = value
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if hexadecimal {
        return digits >= 4 && entropy(value) >= MIN_HEX_ENTROPY;
    }
    let longest_part = value
        .split(['-', '_', '/', '+', '='])
        .max_by_key(|part| part.len())
        .unwrap_or_default();
    longest_part.len() >= MIN_PART_BYTES
        && entropy(value) >= MIN_ENTROPY
        && wordiness(value) <= MAX_WORDS
        && wordiness(longest_part) <= MAX_WORDS
        && longest_part.bytes().any(|byte| byte.is_ascii_digit())
}

/// `0x...` is a number of the program.
fn is_literal_number(value: &str) -> bool {
    value.starts_with("0x") || value.starts_with("0X")
}

/// Alphabets and their likes: every third character or more is the one after the character before it.
fn is_sequence(value: &str) -> bool {
    let steps = value
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[0].checked_add(1) == Some(pair[1]))
        .count();
    steps * 3 >= value.len()
}

/// Shannon entropy of the characters, in bits per character.
fn entropy(value: &str) -> f32 {
    let mut counts = [0u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let len = value.len() as f32;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = count as f32 / len;
            -share * share.log2()
        })
        .sum()
}

/// The share of characters in runs of three or more letters of one case, with a capital before them or not, of which a sixth or more
/// are vowels: of random values about a tenth, of names nearly all.
pub fn wordiness(value: &str) -> f32 {
    let bytes = value.as_bytes();
    let is_vowel = |byte: &&u8| b"aeiouyAEIOUY".contains(byte);
    let (mut in_words, mut at) = (0, 0);
    while at < bytes.len() {
        let capital = usize::from(bytes[at].is_ascii_uppercase());
        let class = if bytes.get(at + capital).is_some_and(u8::is_ascii_lowercase) {
            u8::is_ascii_lowercase
        } else {
            u8::is_ascii_uppercase
        };
        let run = bytes[at + capital..]
            .iter()
            .take_while(|byte| class(byte))
            .count();
        let len = capital + run;
        let vowels = bytes[at..at + len].iter().filter(is_vowel).count();
        if len >= 3 && vowels * 6 >= len {
            in_words += len;
        }
        at += len.max(1);
    }
    in_words as f32 / bytes.len().max(1) as f32
}
