//! Where a text may be cut. What its pieces mean is for others to say.

/// The last place at or before `at`, in bytes, where a character begins; the end of the text, where `at` lies behind it. As
/// `str::floor_char_boundary`, which needs Rust 1.91.
pub fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first such place at or behind `at`; the end of the text, where `at` lies behind it.
pub fn ceil_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_never_goes_through_a_character() {
        let text = "aé漢\u{1f600}";
        for (at, floor, ceil) in [
            (0, 0, 0),
            (1, 1, 1),
            (2, 1, 3),
            (4, 3, 6),
            (5, 3, 6),
            (9, 6, 10),
            (10, 10, 10),
            (usize::MAX, 10, 10),
        ] {
            assert_eq!(floor_char_boundary(text, at), floor, "{at}");
            assert_eq!(ceil_char_boundary(text, at), ceil, "{at}");
        }
        assert_eq!(
            (floor_char_boundary("", 3), ceil_char_boundary("", 3)),
            (0, 0)
        );
    }
}
