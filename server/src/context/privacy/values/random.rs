//! Values that nobody has chosen: keys and tokens without a known form, told by how random their characters are.

use std::ops::Range;

/// Shorter values can't be told from names.
const MIN_BYTES: usize = 20;

/// A part of the value without separators has to be this long, unless the value is [`VERY_SURPRISING`]: names, versions and targets are
/// made of shorter ones.
const MIN_PART_BYTES: usize = 12;

/// Bits per character that a value has at least, over its own characters: fewer repeat themselves. Of 20 random hexadecimal digits 99 %
/// have more than 2.8.
const MIN_ENTROPY: f32 = 2.8;

/// Bits per character that a reader of code needs for the value, by [`surprise`]. Of 20 random letters and digits 99 % have more than 5.2
/// (of one case 4.9), of 14,000 strings of that length in public code 100 have more than 4.9.
pub const SURPRISING: f32 = 4.9;

/// Behind the name of its issuer less is enough.
const SURPRISING_IN_PLACE: f32 = 4.4;

/// What stands between other words, without quotes or a sign before it, is most often a name.
const VERY_SURPRISING: f32 = 5.2;

/// A line that is nothing but one value of this length belongs to a key that was broken into lines.
const MIN_LINE_BYTES: usize = 40;

/// How surprising a letter is behind another, in bits, 9 for 9 and more: a row for each first letter, in the order of the alphabet.
/// Counted over the words of 5,571 files of public packages in Python, JavaScript, TypeScript, Rust, Go, C, Swift and Kotlin.
const LETTER_PAIRS: [&[u8; 26]; 26] = [
    b"84448759596343959342567768",
    b"36563789358278378447389959",
    b"39573793594478279463589979",
    b"46752777289577479547578869",
    b"57436568799453757334867579",
    b"48763369298476388455499969",
    b"49772855399564479346498979",
    b"28872998398767379464599969",
    b"56455559998452359543959795",
    b"38782997586889277938386989",
    b"47761768398575669636575779",
    b"37752689398388379855579949",
    b"25772889398657439856499969",
    b"48433538496686479833668979",
    b"66458669686442549345455799",
    b"39773876497388349354599969",
    b"67676899899376779658187999",
    b"38552769396655379544568959",
    b"59472774396677447742487959",
    b"39672794299678479345588859",
    b"54564669599343749333999899",
    b"29781889399858579867779999",
    b"28763784397693379347896799",
    b"47363686399768629762789559",
    b"55564768488443529634776877",
    b"38791898399767489869699955",
];

/// Random values by their bytes in the line: whole strings, what follows an equals sign, a colon or the name of a scheme of
/// authorization, and words that are no words.
pub fn values(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|&&byte| is_value_byte(byte));
        let mut value = at..at + run.count();
        at = value.end + 1;
        // The letter of an escape: `\n`.
        if bytes[..value.start].ends_with(b"\\") {
            value.start = (value.start + 1).min(value.end);
        }
        while value.len() > MIN_BYTES && bytes[value.end - 1] == b'.' {
            value.end -= 1;
        }
        if value.len() < MIN_BYTES {
            continue;
        }
        // The parts of an address: of its own name nothing is random.
        if bytes[value.clone()].starts_with(b"//") {
            found.extend(in_address(line, value));
            continue;
        }
        let padding = bytes[value.end..].iter().take_while(|&&byte| byte == b'=');
        let end = value.end + padding.count();
        let (before, after) = (&line[..value.start], &line[end..]);
        let text = &line[value.clone()];
        let is_value = is_ended(after)
            && (is_introduced(before) && !is_digest(before) && is_random(text)
                || is_word(before) && surprise(text) >= VERY_SURPRISING && is_random(text))
            || fills_line(before, text, after) && is_random(text);
        if is_value {
            found.push(value.start..end);
        }
    }
    found
}

fn in_address(line: &str, address: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut end = address.start;
    line[address].split('/').filter_map(move |part| {
        let start = end;
        end += part.len() + 1;
        // Commits are in addresses, and public.
        let is_hexadecimal = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_value = !is_hexadecimal
            && part.len() >= MIN_BYTES
            && surprise(part) >= VERY_SURPRISING
            && is_random(part);
        is_value.then(|| start..start + part.len())
    })
}

/// What is made by programs has no other bytes, apart from the equals signs at its end.
pub fn is_value_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'.' | b'%' | b'~')
}

/// What stands before says that a value follows.
fn is_introduced(before: &str) -> bool {
    let trimmed = before.trim_end_matches(' ');
    before.ends_with(['"', '\'', '`', ':', '>', '=', '\\'])
        || trimmed.len() < before.len()
            && (trimmed.ends_with([':', '='])
                || trimmed.ends_with("Bearer")
                || trimmed.ends_with("Basic"))
}

/// Names of what is as random as a secret, and public.
const DIGESTS: &[&str] = &[
    "sha1",
    "sha256",
    "sha512",
    "sha224",
    "sha384",
    "sha",
    "md5",
    "digest",
    "checksum",
    "integrity",
    "commit",
    "revision",
    "rev",
    "fingerprint",
    "etag",
    "uuid",
    "guid",
    "hash",
];

/// What stands before says that it is the digest of something public.
fn is_digest(before: &str) -> bool {
    let name = before.trim_end_matches([' ', '"', '\'', '`', ':', '=', '-']);
    let is_end = |word: &&str| {
        let at = name.len().checked_sub(word.len());
        at.is_some_and(|at| name.as_bytes()[at..].eq_ignore_ascii_case(word.as_bytes()))
    };
    name.len() < before.len() && DIGESTS.iter().any(is_end)
}

/// It stands alone.
fn is_word(before: &str) -> bool {
    before.is_empty() || before.ends_with([' ', '\t', '(', ',', '[', '|', '<', '*'])
}

fn is_ended(after: &str) -> bool {
    // The full stop of a sentence.
    let after = after.trim_start_matches('.');
    after.is_empty()
        || after.starts_with([
            '"', '\'', '`', ' ', '\r', '\n', '\t', ',', ';', ')', '&', '\\', '<', '>', '@', ']',
            '}', '|', '*',
        ])
}

fn fills_line(before: &str, value: &str, after: &str) -> bool {
    value.len() >= MIN_LINE_BYTES
        && before
            .trim_matches([' ', '\t', '"', '\'', '+', '#', '*', '/'])
            .is_empty()
        && after
            .trim_start_matches("\\n")
            .trim_matches([' ', '\t', '"', '\'', '+', ',', ';', ')', '\r', '\n', '\\'])
            .is_empty()
}

/// Nobody would write it. Of short values this is said too often: the caller asks for a length.
pub fn is_random(value: &str) -> bool {
    let count = |class: fn(&u8) -> bool| value.bytes().filter(class).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    if letters < 2 || is_literal_number(value) || is_sequence(value) {
        return false;
    }
    if entropy(value) < MIN_ENTROPY {
        return false;
    }
    let hexadecimal = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    if value.bytes().all(hexadecimal) {
        return digits >= 4;
    }
    let longest_part = value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .max_by_key(|part| part.len())
        .unwrap_or_default();
    let is_one = longest_part.len() >= MIN_PART_BYTES && surprise(longest_part) >= SURPRISING;
    let needed = if digits > 0 && is_one {
        SURPRISING
    } else {
        VERY_SURPRISING
    };
    surprise(value) >= needed
}

/// It looks random enough for a token where something says that one follows.
pub fn may_be_random(value: &str) -> bool {
    let parts = value.split(['-', '_', '=']);
    let longest = parts.max_by_key(|part| part.len()).unwrap_or_default();
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    is_random(value)
        || has_digit
            && surprise(value).max(surprise(longest)) >= SURPRISING_IN_PLACE
            && !is_literal_number(value)
}

/// Bits per character that somebody needs for the value who expects words, in `snake_case`, `camelCase` or with digits behind them: few
/// for names, as many as there are for what is random.
pub fn surprise(value: &str) -> f32 {
    let mut bits = 0.0;
    let mut before = b' ';
    for byte in value.bytes() {
        bits += match (before, byte) {
            (b'0'..=b'9', b'0'..=b'9') => 3.8,
            (_, b'0'..=b'9') => 5.8,
            (b'0'..=b'9', b'a'..=b'z' | b'A'..=b'Z') => 6.0,
            (b'a'..=b'z', b'A'..=b'Z') => 6.5,
            (b'A'..=b'Z', b'a'..=b'z') => letter_pair(before, byte) + 0.5,
            (b'a'..=b'z' | b'A'..=b'Z', b'a'..=b'z' | b'A'..=b'Z') => letter_pair(before, byte),
            (_, b'a'..=b'z' | b'A'..=b'Z') => 4.5,
            _ => 3.0,
        };
        before = byte;
    }
    bits / value.len().max(1) as f32
}

fn letter_pair(first: u8, second: u8) -> f32 {
    let place = |letter: u8| usize::from(letter.to_ascii_lowercase() - b'a');
    f32::from(LETTER_PAIRS[place(first)][place(second)] - b'0')
}

/// `0x...` is a number of the program.
fn is_literal_number(value: &str) -> bool {
    let digits = value.strip_prefix("0x").or(value.strip_prefix("0X"));
    digits.is_some_and(|digits| {
        let is_of_number = |byte: u8| byte.is_ascii_hexdigit() || b"_uil".contains(&byte);
        digits.bytes().all(is_of_number)
    })
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
