//! Words by their beginnings.

use std::collections::BTreeMap;

#[derive(Default)]
pub struct Trie {
    children: BTreeMap<char, Trie>,
    is_word: bool,
}

impl Trie {
    pub fn insert(&mut self, word: &str) -> bool {
        let mut node = self;
        for char in word.chars() {
            node = node.children.entry(char).or_default();
        }
        let is_new = !node.is_word;
        node.is_word = true;
        is_new
    }

    fn find(&self, prefix: &str) -> Option<&Trie> {
        let mut node = self;
        for char in prefix.chars() {
            node = node.children.get(&char)?;
        }
        Some(node)
    }

    pub fn contains(&self, word: &str) -> bool {
        self.find(word).is_some_and(|node| node.is_word)
    }

    /// Words that begin with `prefix`, in order, at most `limit`.
    pub fn complete(&self, prefix: &str, limit: usize) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(node) = self.find(prefix) {
            let mut word = prefix.to_string();
            node.collect(&mut word, limit, &mut words);
        }
        words
    }

    fn collect(&self, word: &mut String, limit: usize, words: &mut Vec<String>) {
        if words.len() == limit {
            return;
        }
        if self.is_word {
            words.push(word.clone());
        }
        for (char, child) in &self.children {
            word.push(*char);
            child.collect(word, limit, words);
            word.pop();
        }
    }

    pub fn len(&self) -> usize {
        let below: usize = self.children.values().map(|child| child.len()).sum();
        below + usize::from(self.is_word)
    }

    /// The longest beginning that all words have in common.
    pub fn common_prefix(&self) -> String {
        let mut prefix = String::new();
        let mut node = self;
        while !node.is_word && node.children.len() == 1 {
            let Some((char, child)) = node.children.iter().next() else { break };
            prefix.push(*char);
            node = child;
        }
        prefix
    }
}
