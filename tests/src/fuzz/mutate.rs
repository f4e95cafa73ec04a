//! Changes to good inputs: of bytes without knowing what they mean, and of JSON values.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::dice::Dice;

/// A word that is in nothing that is no fuzzer's: whoever repeats it repeats what he was sent.
pub const MARK: &str = "zebrafish";

/// What parsers of one kind or another have stumbled over.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\x7f",
    b"\x1b]0;t\x07",
    b"\r",
    b"\n",
    b"\r\n",
    b"\t",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf0\x9f\xa6",
    b"\xef\xbb\xbf",
    "é".as_bytes(),
    "—".as_bytes(),
    "日本".as_bytes(),
    "👩‍👩‍👧".as_bytes(),
    "e\u{301}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{a0}".as_bytes(),
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\\u0000",
    b"\\",
    b"\"",
    b"'",
    b"`",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b"<",
    b">",
    b":",
    b",",
    b";",
    b"=",
    b"#",
    b"%",
    b"$",
    b"/",
    b"../",
    b"*/",
    b"/*",
    b"null",
    b"true",
    b"1e999",
    b"<|fim_middle|>",
    b"<|im_end|>",
    MARK.as_bytes(),
];

/// Numbers at the edges of the types that hold them.
pub const EDGES: &[u64] = &[
    0,
    1,
    2,
    127,
    128,
    255,
    256,
    511,
    1023,
    1024,
    4096,
    65_535,
    65_536,
    1 << 20,
    (1 << 24) - 1,
    i32::MAX as u64,
    i32::MAX as u64 + 1,
    u32::MAX as u64,
    u32::MAX as u64 + 1,
    (1 << 53) + 1,
    i64::MAX as u64,
    i64::MAX as u64 + 1,
    u64::MAX - 7,
    u64::MAX,
];

/// How often something is repeated: mostly a little, at times around the sizes of counters and buffers, rarely much.
pub fn repeats(dice: &mut Dice) -> usize {
    match dice.below(20) {
        0..12 => 1 + dice.below(8),
        12..19 => *dice.pick(&[31, 127, 128, 255, 256, 511, 512, 1023, 1025]),
        _ => *dice.pick(&[4096, 20_000]),
    }
}

/// Changes `input` in one place; `other` is what parts may be taken from.
pub fn bytes(dice: &mut Dice, input: &mut Vec<u8>, other: &[u8]) {
    let at = dice.below(input.len() + 1);
    let end = (at + 1 + dice.below(24)).min(input.len());
    let part = at..end.max(at);
    match dice.below(12) {
        0 if !part.is_empty() => input[at] ^= 1 << dice.below(8),
        1 if !part.is_empty() => input[at] = dice.number() as u8,
        2 => drop(input.splice(part, dice.pick(PIECES).iter().copied())),
        3 => drop(input.splice(at..at, dice.pick(PIECES).iter().copied())),
        4 => drop(input.drain(part)),
        5 => input.truncate(at),
        6 => {
            let again = input[part].repeat(repeats(dice));
            input.splice(at..at, again);
        }
        7 => {
            let piece = dice.pick(PIECES).repeat(repeats(dice));
            input.splice(at..at, piece);
        }
        8 => {
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(200)).min(other.len());
            input.splice(part, other[from..to].iter().copied());
        }
        9 => {
            let edge = dice.pick(EDGES).to_le_bytes();
            let width = *dice.pick(&[2, 4, 8]);
            let width = width.min(input.len() - at);
            input[at..at + width].copy_from_slice(&edge[..width]);
        }
        10 => replace_digits(dice, input, at),
        _ => {
            let (one, two) = (dice.below(input.len()), dice.below(input.len()));
            if !input.is_empty() {
                input.swap(one, two);
            }
        }
    }
}

/// Puts another number in the place of the next one in decimal digits.
fn replace_digits(dice: &mut Dice, input: &mut Vec<u8>, from: usize) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = input[from..].iter().position(is_digit) else {
        return;
    };
    let start = from + start;
    let end = input[start..].iter().position(|byte| !is_digit(byte));
    let end = end.map_or(input.len(), |length| start + length);
    let sign = if dice.one_in(4) { "-" } else { "" };
    let number = format!("{sign}{}", dice.pick(EDGES));
    input.splice(start..end, number.into_bytes());
}

/// The same for text: what is no UTF-8 afterwards is replaced.
pub fn text(dice: &mut Dice, text: &str, other: &str) -> String {
    let mut changed = text.as_bytes().to_vec();
    bytes(dice, &mut changed, other.as_bytes());
    String::from_utf8_lossy(&changed).into_owned()
}

/// Changes `value` in one place.
pub fn json(dice: &mut Dice, value: &mut Value) {
    // Stops on the way down, so that every depth is changed.
    let goes_on = !dice.one_in(6);
    match value {
        Value::Object(fields) if goes_on && !fields.is_empty() => {
            let at = dice.below(fields.len());
            let name = fields.keys().nth(at).cloned().unwrap_or_default();
            match dice.below(12) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(MARK.to_owned(), hostile(dice))),
                2 => {
                    let moved = fields.remove(&name).unwrap_or_default();
                    fields.insert(piece(dice).into_owned(), moved);
                }
                _ => fields
                    .values_mut()
                    .nth(at)
                    .into_iter()
                    .for_each(|value| json(dice, value)),
            }
        }
        Value::Array(items) if goes_on && !items.is_empty() => {
            let at = dice.below(items.len());
            match dice.below(12) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, hostile(dice)),
                2 => {
                    let again = vec![items[at].clone(); repeats(dice).min(300)];
                    items.extend(again);
                }
                _ => json(dice, &mut items[at]),
            }
        }
        Value::String(old) if !dice.one_in(4) => *old = text(dice, old, MARK),
        other => *other = hostile(dice),
    }
}

fn piece(dice: &mut Dice) -> Cow<'static, str> {
    let piece: &'static [u8] = PIECES[dice.below(PIECES.len())];
    String::from_utf8_lossy(piece)
}

/// A value that nobody expects there.
pub fn hostile(dice: &mut Dice) -> Value {
    match dice.below(10) {
        0 => Value::Null,
        1 => json!(dice.one_in(2)),
        2..5 => json!(dice.pick(EDGES)),
        5 => json!(-(*dice.pick(EDGES) as i64).saturating_abs()),
        6 => json!(*dice.pick(&[0.5, -0.0, 1e300, -1e-300])),
        7 => json!(piece(dice).repeat(repeats(dice))),
        8 => {
            // One level below the limit of serde_json, with those around it.
            let depth = dice.below(120);
            (0..depth).fold(json!(MARK), |inner, level| match level % 2 {
                0 => json!([inner]),
                _ => json!({ "": inner }),
            })
        }
        _ => json!({ MARK: [1, "a", null], "range": {}, "uri": MARK }),
    }
}
