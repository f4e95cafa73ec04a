//! The boundary to whatever computes logits: llama.cpp, or the toy that tests it against. A back end evaluates tokens and
//! remembers what it evaluated, per sequence; it decides nothing. [`super::slots`] knows what each sequence holds.

use std::{any::Any, ops::Range, path::Path};

use crate::prompt::{Special, chat::ChatTemplate};

/// Index into the model's vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u32);

/// One of the independent token sequences of the KV cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeqId(pub u32);

/// Sizes that the scheduler has to respect; beyond them llama.cpp aborts the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Cells of the KV cache, shared by all sequences.
    pub cells: u32,
    pub sequences: u32,
    /// Tokens that one call of [`Backend::evaluate`] may take.
    pub batch: u32,
}

pub trait Backend {
    fn dimensions(&self) -> Dimensions;

    /// What runs the model, in words for people.
    fn device(&self) -> String;

    fn vocabulary(&self) -> &Vocabulary;

    /// Plain text to tokens; special tokens are not looked for.
    fn tokenize(&self, text: &str) -> Vec<Token>;

    /// A piece of the [`chat_template`](Self::chat_template)'s frame to tokens, special ones among them.
    fn tokenize_frame(&self, frame: &str) -> Vec<Token>;

    /// The frame of conversations; `None` if the model has no template, or none that is understood.
    fn chat_template(&self) -> Option<&ChatTemplate>;

    /// Evaluates `tokens` at positions `start..` of `sequence`, which must hold exactly `start` tokens. The logits of the last
    /// `outputs` of them can be read until the next call; at least one.
    fn evaluate(
        &mut self,
        sequence: SeqId,
        start: u32,
        tokens: &[Token],
        outputs: usize,
    ) -> Result<(), EvaluateError>;

    /// The logits of one of the last evaluation's outputs, counted from 0 in the order of the tokens: one value for each token
    /// of the vocabulary. Empty if there is no such output.
    fn logits(&self, output: usize) -> &[f32];

    /// Forgets what `sequence` holds from position `keep` on.
    fn truncate(&mut self, sequence: SeqId, keep: u32) -> Result<(), EvaluateError>;

    /// Lets `to`, which must be empty, hold the first `len` tokens of `from` too. Both read the same cells, so it costs neither
    /// cells nor time.
    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), EvaluateError>;

    /// A copy of all that `sequence` holds, in ordinary memory.
    fn park(&self, sequence: SeqId) -> Result<Parked, EvaluateError>;

    /// Gives `sequence`, which must be empty, what was parked. It needs as many cells as were parked.
    fn resume(&mut self, sequence: SeqId, parked: &Parked) -> Result<(), EvaluateError>;

    /// Writes what `sequence` holds to a new file.
    fn write(&self, sequence: SeqId, file: &Path) -> Result<(), EvaluateError>;

    /// Gives `sequence`, which must be empty, what [`Self::write`] wrote with the same model: `len` tokens. The caller vouches for
    /// the file's content.
    fn read(&mut self, sequence: SeqId, file: &Path, len: u32) -> Result<(), EvaluateError>;

    /// How many threads compute from now on. What the sequences hold stays.
    fn set_threads(&mut self, threads: u32) -> Result<(), EvaluateError>;
}

/// What a sequence held, outside of the KV cache. Only the back end that made it can read it.
pub struct Parked {
    /// Its size in memory.
    pub bytes: usize,
    /// Tokens in it.
    pub len: u32,
    pub state: Box<dyn Any + Send>,
}

#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// All cells are taken. Nothing was evaluated.
    #[error("the KV cache is full")]
    CacheFull,
    /// The caller broke a bound. Nothing was evaluated.
    #[error("positions {range:?} of sequence {} are out of bounds", sequence.0)]
    OutOfBounds { sequence: SeqId, range: Range<u32> },
    #[error("the model could not be evaluated ({0})")]
    Failed(String),
}

/// Something that loads a back end, runs work on it and unloads it again. A loader rather than a value, because llama.cpp's
/// context borrows its model: both live on the stack of the thread that uses them.
pub trait Loader: Send + 'static {
    /// Loads, then calls `work` once; unloads when `work` returns. `progress` is told the share that has been read, 0 to 1.
    fn load(
        &self,
        progress: &mut dyn FnMut(f32),
        work: &mut dyn FnMut(&mut dyn Backend),
    ) -> Result<(), LoadError>;

    /// The model's name, for people.
    fn model(&self) -> String;

    /// With how many threads it loads: the most that are ever used.
    fn threads(&self) -> u32;
}

/// Why a model cannot be used, in a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LoadError(pub String);

/// The tokens of a model as bytes, with an index for those that begin with, or are the beginning of, given bytes.
pub struct Vocabulary {
    bytes: Vec<Box<[u8]>>,
    /// Tokens that stand for text, ordered by their bytes.
    sorted: Vec<Token>,
    ends: Vec<bool>,
    special: [Option<Token>; 5],
}

impl Vocabulary {
    /// `tokens` in the order of their ids: the bytes of each and whether generation ends at it (end of text, FIM and chat
    /// markers, every control token). `special` finds the markers of the FIM format, where the model has them.
    pub fn new(
        tokens: impl Iterator<Item = (Vec<u8>, bool)>,
        special: impl Fn(Special) -> Option<Token>,
    ) -> Self {
        let (bytes, ends): (Vec<Box<[u8]>>, Vec<bool>) = tokens
            .map(|(bytes, end)| (bytes.into_boxed_slice(), end))
            .unzip();
        let mut sorted: Vec<Token> = (0u32..)
            .zip(bytes.iter().zip(&ends))
            .filter(|(_, (bytes, ends))| !bytes.is_empty() && !**ends)
            .map(|(id, _)| Token(id))
            .collect();
        sorted.sort_by(|a, b| bytes[a.0 as usize].cmp(&bytes[b.0 as usize]));
        Self {
            bytes,
            sorted,
            ends,
            special: Special::ALL.map(special),
        }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes that a token stands for; empty for special tokens. They need not be whole characters.
    pub fn bytes(&self, token: Token) -> &[u8] {
        self.bytes.get(token.0 as usize).map_or(&[], |bytes| bytes)
    }

    pub fn is_end(&self, token: Token) -> bool {
        self.ends.get(token.0 as usize).copied().unwrap_or(true)
    }

    pub fn special(&self, special: Special) -> Option<Token> {
        self.special[special as usize]
    }

    /// Text tokens that agree with `forced` as far as both go: those that begin with it, and those that it begins with.
    pub fn agreeing_with<'a>(
        &'a self,
        forced: &'a [u8],
    ) -> impl Iterator<Item = Token> + Clone + 'a {
        let beginnings = (1..forced.len())
            .flat_map(move |len| self.range(&forced[..len], |bytes, key| bytes == key));
        let continuations = self.range(forced, |bytes, key| bytes.starts_with(key));
        beginnings.chain(continuations).copied()
    }

    /// The sorted tokens from the first that is not less than `key` to the last for which `until` holds.
    fn range(&self, key: &[u8], until: impl Fn(&[u8], &[u8]) -> bool) -> &[Token] {
        let start = self
            .sorted
            .partition_point(|token| self.bytes(*token) < key);
        let tail = &self.sorted[start..];
        &tail[..tail.partition_point(|token| until(self.bytes(*token), key))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreeing_tokens_are_beginnings_and_continuations() {
        let texts = ["", "f", "fo", "foo", "fob", "bar", "g", "e"];
        let vocabulary =
            Vocabulary::new(texts.iter().map(|t| (t.as_bytes().to_vec(), false)), |_| {
                None
            });
        let agreeing = |forced: &str| {
            let mut found: Vec<_> = vocabulary
                .agreeing_with(forced.as_bytes())
                .map(|t| texts[t.0 as usize])
                .collect();
            found.sort();
            found
        };
        assert_eq!(agreeing("fo"), ["f", "fo", "fob", "foo"]);
        assert_eq!(agreeing("foo"), ["f", "fo", "foo"]);
        assert_eq!(agreeing("b"), ["bar"]);
        assert_eq!(agreeing("x"), [""; 0]);
    }
}
