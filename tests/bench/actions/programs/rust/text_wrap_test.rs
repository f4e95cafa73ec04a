#[path = "text_wrap.rs"]
mod text_wrap;
use text_wrap::{Align, align, boxed, widest, wrap};

#[test]
fn wrap_fills_lines() {
    assert_eq!(wrap("the quick brown fox", 9), ["the quick", "brown fox"]);
    assert_eq!(wrap("the quick brown fox", 8), ["the", "quick", "brown", "fox"]);
}

#[test]
fn a_long_word_stands_alone() {
    assert_eq!(wrap("a incomprehensible b", 5), ["a", "incomprehensible", "b"]);
}

#[test]
fn nothing_has_no_lines() {
    assert!(wrap("  ", 5).is_empty());
}

#[test]
fn characters_count_not_bytes() {
    assert_eq!(wrap("äö üß", 5), ["äö üß"]);
    assert_eq!(widest(&["äöü".to_string(), "ab".to_string()]), 3);
}

#[test]
fn align_pads() {
    let aligned = [Align::Left, Align::Right, Align::Center].map(|alignment| align("ab", 5, alignment));
    assert_eq!(aligned, ["ab   ", "   ab", " ab  "]);
    assert_eq!(align("abcdef", 3, Align::Right), "abcdef");
}

#[test]
fn boxed_text() {
    assert_eq!(boxed("one three", 5, Align::Right), "+-------+\n|   one |\n| three |\n+-------+");
}
