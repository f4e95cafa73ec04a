//! Where the tokenizer may cut. Byte-pair encoding works inside *words* that a fixed pattern splits off first, so tokens never
//! span a word boundary, and text that grows at its end changes the tokens of its last word only. That makes the start of the
//! last word the one safe place to stop the prompt and let the model finish the word: see [`split_last_word`]. (A line end after
//! indentation changes the blanks before it too; that costs a token or two, never the result.)

/// Longest tail that is left to healing, in bytes. A longer last "word" (base64, a rule of dashes) would cost a pass for every
/// few characters of it, and its end is no sensible boundary anyway: it is tokenised as it stands.
pub const MAX_HEALED_BYTES: usize = 48;

/// Splits `text` at the start of its last word: what may be tokenised now, and what the answer has to begin with. Where blanks
/// before that word would be tokenised differently without it (they leave one blank to the word that follows), the last blank goes with it.
///
/// ```
/// use tacit::prompt::words::split_last_word;
/// assert_eq!(split_last_word("let total = coun"), ("let total =", " coun"));
/// assert_eq!(split_last_word("if x {\n    "), ("if x {\n", "    "));
/// assert_eq!(split_last_word("\t\t}"), ("\t", "\t}"));
/// ```
pub fn split_last_word(text: &str) -> (&str, &str) {
    let words_of_all: Vec<&str> = words(text).collect();
    let mut start = text.len();
    for (before, word) in words_of_all.iter().enumerate().rev() {
        start -= word.len();
        if words(&text[..start]).eq(words_of_all[..before].iter().copied()) {
            break;
        }
    }
    if text.len() - start > MAX_HEALED_BYTES {
        (text, "")
    } else {
        text.split_at(start)
    }
}

/// The words of `text` in order; together they are the text.
///
/// The pattern is the one that Qwen2.5's tokenizer declares:
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
/// with `char::is_alphabetic` for `\p{L}`: where the two disagree (some combining marks) a token or two is evaluated again.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, tail) = rest.split_at(word_len(rest));
        rest = tail;
        Some(word)
    })
}

/// Length in bytes of the first word of a text that is not empty.
fn word_len(text: &str) -> usize {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or_default();
    let after_first = chars.as_str();

    if first == '\''
        && let Some(len) = contraction_len(after_first)
    {
        return 1 + len;
    }
    if first.is_alphabetic() {
        return run_len(text, char::is_alphabetic);
    }
    if !first.is_numeric()
        && !matches!(first, '\r' | '\n')
        && after_first.starts_with(char::is_alphabetic)
    {
        return first.len_utf8() + run_len(after_first, char::is_alphabetic);
    }
    if first.is_numeric() {
        return first.len_utf8();
    }
    let blank = if first == ' ' { 1 } else { 0 };
    let symbols = run_len(&text[blank..], is_symbol);
    if symbols > 0 {
        let end = blank + symbols;
        return end + run_len(&text[end..], |c| matches!(c, '\r' | '\n'));
    }
    // Only blanks are left: up to the last line end among them; else all but the one that goes with the next word.
    let blanks = run_len(text, char::is_whitespace);
    if let Some(newline) = text[..blanks].rfind(['\r', '\n']) {
        return newline + 1;
    }
    let last = text[..blanks].chars().next_back().map_or(0, char::len_utf8);
    if blanks == text.len() || blanks == last {
        blanks
    } else {
        blanks - last
    }
}

fn contraction_len(after_quote: &str) -> Option<usize> {
    ["s", "t", "re", "ve", "m", "ll", "d"]
        .into_iter()
        .find(|c| {
            after_quote
                .get(..c.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(c))
        })
        .map(str::len)
}

fn is_symbol(c: char) -> bool {
    !c.is_whitespace() && !c.is_alphabetic() && !c.is_numeric()
}

fn run_len(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_follow_the_pattern() {
        let cases: &[(&str, &[&str])] = &[
            ("let fo", &["let", " fo"]),
            ("self.fo", &["self", ".fo"]),
            ("foo(", &["foo", "("]),
            ("foo(ba", &["foo", "(ba"]),
            ("it's", &["it", "'s"]),
            ("x42", &["x", "4", "2"]),
            ("a == b", &["a", " ==", " b"]),
            ("if x {\n    y", &["if", " x", " {\n", "   ", " y"]),
            ("x   \n\n  y", &["x", "   \n\n", " ", " y"]),
            ("größe_ß", &["größe", "_ß"]),
            ("名前 = ", &["名前", " =", " "]),
            ("end   ", &["end", "   "]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text).collect::<Vec<_>>(), *expected, "{text:?}");
        }
    }

    #[test]
    fn very_long_words_are_not_healed() {
        let text = format!("x {}", "=".repeat(MAX_HEALED_BYTES + 1));
        assert_eq!(split_last_word(&text), (text.as_str(), ""));
    }

    proptest! {
        #[test]
        fn words_cover_the_text(text in ".*") {
            prop_assert_eq!(words(&text).collect::<String>(), text);
        }

        /// The reason for all this: what stands before the last word keeps its words, whatever is typed next.
        #[test]
        fn typing_changes_only_the_last_word(text in "[a-z_'.(){ \n\t\r0-9é]{0,40}", typed in "[a-z_'.(){ \n\t0-9é]{1,5}") {
            let (stable, _) = split_last_word(&text);
            let before: Vec<_> = words(stable).collect();
            let grown = format!("{text}{typed}");
            let after: Vec<_> = words(&grown).collect();
            // Blanks between two line ends are one word with them: the one case in which more than the last word changes.
            let blank_line = typed.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']);
            let settled = match before.iter().rposition(|word| !blank_line || !word.trim().is_empty()) {
                Some(last) => &before[..=last],
                None => &[],
            };
            prop_assert!(after.starts_with(settled), "{:?} then {:?}", before, after);
        }
    }
}
