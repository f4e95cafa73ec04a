#[path = "trie.rs"]
mod trie;
use trie::Trie;

fn trie(words: &[&str]) -> Trie {
    let mut trie = Trie::default();
    for word in words {
        trie.insert(word);
    }
    trie
}

#[test]
fn insert_tells_what_is_new() {
    let mut trie = trie(&["car"]);
    assert!(trie.insert("ca"));
    assert!(!trie.insert("car"));
}

#[test]
fn contains() {
    let trie = trie(&["car", "cart", "dog"]);
    assert_eq!(["car", "ca", "cart", "do", "dogs"].map(|word| trie.contains(word)), [true, false, true, false, false]);
}

#[test]
fn complete() {
    let trie = trie(&["cart", "care", "car", "dog", "cat"]);
    assert_eq!(trie.complete("car", 9), ["car", "care", "cart"]);
    assert_eq!(trie.complete("ca", 2), ["car", "care"]);
    assert!(trie.complete("x", 5).is_empty());
}

#[test]
fn len() {
    assert_eq!(trie(&["a", "ab", "b", "ab"]).len(), 3);
}

#[test]
fn common_prefix() {
    assert_eq!(trie(&["interval", "internal", "inter"]).common_prefix(), "inter");
    assert_eq!(trie(&["interval", "internal"]).common_prefix(), "inter");
    assert_eq!(trie(&["a", "b"]).common_prefix(), "");
}
