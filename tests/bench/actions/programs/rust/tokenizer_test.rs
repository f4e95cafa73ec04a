#[path = "tokenizer.rs"]
mod tokenizer;
use tokenizer::{Token, TokenError, tokenize, words_by_count};

#[test]
fn all_kinds() {
    let tokens = tokenize("let x_1 = 2.5;").unwrap();
    let expected = [Token::Word("let".into()), Token::Word("x_1".into()), Token::Symbol('='), Token::Number(2.5), Token::Symbol(';')];
    assert_eq!(tokens, expected);
}

#[test]
fn quoted_text() {
    assert_eq!(tokenize(r#""a \"b\" c""#), Ok(vec![Token::Text("a \"b\" c".into())]));
}

#[test]
fn open_text() {
    assert_eq!(tokenize("\"abc"), Err(TokenError::OpenText));
}

#[test]
fn bad_number() {
    assert_eq!(tokenize("1.2.3"), Err(TokenError::BadNumber("1.2.3".into())));
}

#[test]
fn nothing() {
    assert_eq!(tokenize("  \n"), Ok(vec![]));
}

#[test]
fn counts() {
    let tokens = tokenize("a b b 1 a b \"b\"").unwrap();
    assert_eq!(words_by_count(&tokens), [("b".to_string(), 3), ("a".to_string(), 2)]);
}
