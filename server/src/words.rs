//! Which characters make up words and names in source text of any language. What the words mean (keywords, names, numbers) is for
//! those to say who read them.
//!
//! There are two answers, because `$` is part of names in some languages (JavaScript, Java, PHP) and a sign before them in others
//! (shells, Ruby's globals, templates: `"$name"`). Where a word is typed, shown or compared, a `$` before it changes nothing, so it
//! is no part of the word: [`is_word_char`]. Where a name is looked up, it must be whole: [`is_identifier_char`].

/// Whether `c` may stand in a word: a letter or digit of any script, or `_`.
pub fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `c` may stand in a name of some language: what words are made of, or `$`.
pub fn is_identifier_char(c: char) -> bool {
    is_word_char(c) || c == '$'
}

/// Whether a name of some language may begin with `c`.
pub fn is_identifier_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '$')
}
