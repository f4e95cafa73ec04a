//! A back end without a model, for tests: deterministic, instant, and merciless. Its logits depend on every token of a sequence
//! and its position, so a KV cache that was kept wrongly gives another text; it checks each bound at which llama.cpp would abort; and
//! its vocabulary has long tokens, split characters and control tokens, so that healing has something to heal.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    time::Duration,
};

use super::{
    backend::{
        Backend, Dimensions, EvaluateError, LoadError, Loader, Parked, SeqId, Token, Vocabulary,
    },
    verified::{CheckedFile, FileLoader},
};
use crate::prompt::{Special, chat::ChatTemplate, words::words};

/// Tokens beyond the 256 bytes. Some overlap, so that a word has many spellings.
const MERGES: &[&str] = &[
    "  ", "    ", "\n    ", " =", " (", "()", "):", "fo", "foo", " fo", " foo", "bar", " bar",
    "let", " let", "def ", "return", " return", "self", ".self", "self.", "no", "node", "on",
    "one", " one", "ne", "é", "日本", "\n\n", " +", "==",
];

/// How the toy behaves; tests turn the knobs that they need.
#[derive(Debug, Clone, Copy)]
pub struct ToySettings {
    pub dimensions: Dimensions,
    /// Time that evaluating one token takes.
    pub token_time: Duration,
    /// Added to the logit of the token that followed the last two tokens when they came before, most recently. Logits are from 0
    /// to 8: with 0 the toy never repeats itself but by chance, with 8 it always does.
    pub copying: f32,
}

impl Default for ToySettings {
    fn default() -> Self {
        Self {
            dimensions: Dimensions {
                cells: 4096,
                sequences: 4,
                batch: 512,
            },
            token_time: Duration::ZERO,
            copying: 0.0,
        }
    }
}

/// A token in its cell of the KV cache.
#[derive(Clone, Copy)]
struct Entry {
    token: Token,
    cell: u64,
}

pub struct Toy {
    settings: ToySettings,
    vocabulary: Vocabulary,
    chat_template: ChatTemplate,
    by_bytes: HashMap<Vec<u8>, Token>,
    sequences: Vec<Vec<Entry>>,
    /// Logits of the last evaluation's outputs.
    logits: Vec<Vec<f32>>,
    cells_ever: u64,
    passes: u64,
}

impl Toy {
    pub fn new(settings: ToySettings) -> Self {
        let texts: Vec<Vec<u8>> = (0..=255u8)
            .map(|byte| vec![byte])
            .chain(MERGES.iter().map(|text| text.as_bytes().to_vec()))
            .collect();
        let by_bytes = (0u32..)
            .zip(&texts)
            .map(|(id, bytes)| (bytes.clone(), Token(id)))
            .collect();
        let first_special = texts.len() as u32;
        // One more than the FIM markers: the end of text.
        let specials = (0..=Special::ALL.len()).map(|_| (Vec::new(), true));
        let vocabulary = Vocabulary::new(
            texts
                .into_iter()
                .map(|bytes| (bytes, false))
                .chain(specials),
            |special| Some(Token(first_special + special as u32)),
        );
        let sequences = vec![Vec::new(); settings.dimensions.sequences as usize];
        Self {
            settings,
            logits: Vec::new(),
            cells_ever: 0,
            passes: 0,
            vocabulary,
            chat_template: chat_template(),
            by_bytes,
            sequences,
        }
    }

    /// Successful calls of [`Backend::evaluate`] so far.
    pub fn passes(&self) -> u64 {
        self.passes
    }

    /// Cells in use; those that sequences share count once.
    fn held(&self) -> usize {
        let cells: HashSet<u64> = self.sequences.iter().flatten().map(|e| e.cell).collect();
        cells.len()
    }

    /// Adds tokens in cells of their own.
    fn append(&mut self, sequence: SeqId, tokens: &[Token]) -> Result<(), EvaluateError> {
        if self.held() + tokens.len() > self.settings.dimensions.cells as usize {
            return Err(EvaluateError::CacheFull);
        }
        for token in tokens {
            self.cells_ever += 1;
            self.sequences[sequence.0 as usize].push(Entry {
                token: *token,
                cell: self.cells_ever,
            });
        }
        Ok(())
    }

    fn tokens(&self, sequence: SeqId) -> Result<Vec<Token>, EvaluateError> {
        let held = self.sequences.get(sequence.0 as usize);
        let held = held.ok_or_else(|| out_of_bounds(sequence, 0))?;
        Ok(held.iter().map(|entry| entry.token).collect())
    }

    fn check_empty(&self, sequence: SeqId) -> Result<(), EvaluateError> {
        match self.sequences.get(sequence.0 as usize) {
            Some(held) if held.is_empty() => Ok(()),
            _ => Err(out_of_bounds(sequence, 0)),
        }
    }
}

impl Backend for Toy {
    fn dimensions(&self) -> Dimensions {
        self.settings.dimensions
    }

    fn device(&self) -> String {
        "toy".to_owned()
    }

    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn tokenize(&self, text: &str) -> Vec<Token> {
        let longest = MERGES.iter().map(|merge| merge.len()).max().unwrap_or(1);
        let mut tokens = Vec::new();
        for word in words(text) {
            let mut rest = word.as_bytes();
            while !rest.is_empty() {
                let fits = (1..=longest.min(rest.len()))
                    .rev()
                    .find_map(|len| Some((len, *self.by_bytes.get(&rest[..len])?)));
                let Some((len, token)) = fits else { break };
                tokens.push(token);
                rest = &rest[len..];
            }
        }
        tokens
    }

    fn tokenize_frame(&self, frame: &str) -> Vec<Token> {
        let first_marker = |text: &str| {
            let places = Special::ALL.into_iter().filter_map(|special| {
                let marker = special.to_string();
                Some((
                    text.find(&marker)?,
                    marker.len(),
                    self.vocabulary.special(special)?,
                ))
            });
            places.min_by_key(|(at, ..)| *at)
        };
        let mut tokens = Vec::new();
        let mut rest = frame;
        while let Some((at, len, marker)) = first_marker(rest) {
            tokens.extend(self.tokenize(&rest[..at]));
            tokens.push(marker);
            rest = &rest[at + len..];
        }
        tokens.extend(self.tokenize(rest));
        tokens
    }

    fn chat_template(&self) -> Option<&ChatTemplate> {
        Some(&self.chat_template)
    }

    fn evaluate(
        &mut self,
        sequence: SeqId,
        start: u32,
        tokens: &[Token],
        outputs: usize,
    ) -> Result<(), EvaluateError> {
        let Dimensions { cells, batch, .. } = self.settings.dimensions;
        let end = start + tokens.len() as u32;
        let held = self.sequences.get(sequence.0 as usize).map(Vec::len);
        let fits = tokens.len() <= batch as usize && end <= cells;
        if !fits || held != Some(start as usize) || !(1..=tokens.len()).contains(&outputs) {
            return Err(out_of_bounds(sequence, end));
        }
        self.append(sequence, tokens)?;
        self.passes += 1;
        std::thread::sleep(self.settings.token_time * tokens.len() as u32);
        let held = self.tokens(sequence)?;
        self.logits = (held.len() - outputs + 1..=held.len())
            .map(|len| logits(&held[..len], self.vocabulary.len(), self.settings.copying))
            .collect();
        Ok(())
    }

    fn logits(&self, output: usize) -> &[f32] {
        self.logits.get(output).map_or(&[], |logits| logits)
    }

    fn truncate(&mut self, sequence: SeqId, keep: u32) -> Result<(), EvaluateError> {
        match self.sequences.get_mut(sequence.0 as usize) {
            Some(held) if keep as usize <= held.len() => {
                held.truncate(keep as usize);
                Ok(())
            }
            _ => Err(out_of_bounds(sequence, keep)),
        }
    }

    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), EvaluateError> {
        self.check_empty(to)?;
        let head = self
            .sequences
            .get(from.0 as usize)
            .and_then(|held| held.get(..len as usize))
            .ok_or_else(|| out_of_bounds(from, len))?;
        self.sequences[to.0 as usize] = head.to_vec();
        Ok(())
    }

    fn park(&self, sequence: SeqId) -> Result<Parked, EvaluateError> {
        let tokens = self.tokens(sequence)?;
        Ok(Parked {
            bytes: size_of_val(tokens.as_slice()),
            len: tokens.len() as u32,
            state: Box::new(tokens),
        })
    }

    fn resume(&mut self, sequence: SeqId, parked: &Parked) -> Result<(), EvaluateError> {
        self.check_empty(sequence)?;
        let tokens = parked.state.downcast_ref::<Vec<Token>>();
        self.append(
            sequence,
            tokens.ok_or_else(|| out_of_bounds(sequence, parked.len))?,
        )
    }

    fn write(&self, sequence: SeqId, file: &Path) -> Result<(), EvaluateError> {
        let ids = self.tokens(sequence)?.into_iter().map(|token| token.0);
        let bytes: Vec<u8> = ids.flat_map(u32::to_le_bytes).collect();
        std::fs::write(file, bytes).map_err(|error| EvaluateError::Failed(error.to_string()))
    }

    fn read(&mut self, sequence: SeqId, file: &Path, len: u32) -> Result<(), EvaluateError> {
        self.check_empty(sequence)?;
        let bytes =
            std::fs::read(file).map_err(|error| EvaluateError::Failed(error.to_string()))?;
        let (ids, rest) = bytes.as_chunks();
        if ids.len() != len as usize || !rest.is_empty() {
            return Err(EvaluateError::Failed("the state has another length".into()));
        }
        let tokens: Vec<Token> = ids
            .iter()
            .map(|id| Token(u32::from_le_bytes(*id)))
            .collect();
        self.append(sequence, &tokens)
    }

    fn set_threads(&mut self, _threads: u32) -> Result<(), EvaluateError> {
        Ok(())
    }
}

/// In the form of ChatML, with two of the FIM format's markers: what begins a turn, and what ends it.
fn chat_template() -> ChatTemplate {
    let [begin, end] = [Special::FileSep, Special::RepoName];
    let next = |role: &str| format!("{end}\n{begin}{role}\n");
    ChatTemplate {
        before_system: format!("{begin}system\n"),
        before_user: next("user"),
        before_answer: next("assistant"),
        after_answer: next("user"),
    }
}

/// What follows `tokens`: values from 0 to 8 that depend on each of them and its place, and `copying` more for a repetition.
fn logits(tokens: &[Token], vocabulary: usize, copying: f32) -> Vec<f32> {
    let seed = tokens.iter().fold(0xcbf2_9ce4_8422_2325, |hash, token| {
        mix(hash ^ u64::from(token.0))
    });
    // 24 bits: as many as a float holds exactly.
    let mut logits: Vec<f32> = (0..vocabulary as u64)
        .map(|id| (mix(seed ^ mix(id)) >> 40) as f32 / (1u64 << 24) as f32 * 8.0)
        .collect();
    if let [before @ .., last] = tokens
        && let Some(second_last) = before.last()
        && let Some(earlier) = tokens
            .windows(3)
            .rev()
            .find(|three| three[..2] == [*second_last, *last])
    {
        logits[earlier[2].0 as usize] += copying;
    }
    logits
}

fn out_of_bounds(sequence: SeqId, end: u32) -> EvaluateError {
    EvaluateError::OutOfBounds {
        sequence,
        range: 0..end,
    }
}

/// The finaliser of SplitMix64: spreads each bit of the input over all bits of the output.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// "Loads" the toy.
pub struct ToyLoader(pub ToySettings);

impl Loader for ToyLoader {
    fn load(
        &self,
        progress: &mut dyn FnMut(f32),
        work: &mut dyn FnMut(&mut dyn Backend),
    ) -> Result<(), LoadError> {
        progress(1.0);
        work(&mut Toy::new(self.0));
        Ok(())
    }

    fn model(&self) -> String {
        "toy".to_owned()
    }

    fn threads(&self) -> u32 {
        1
    }
}

/// The toy has no weights to read, but a file that may not be loaded stops it as it stops a model.
impl FileLoader for ToyLoader {
    fn load_file(
        &self,
        _file: &CheckedFile,
        progress: &mut dyn FnMut(f32),
        work: &mut dyn FnMut(&mut dyn Backend),
    ) -> Result<(), LoadError> {
        self.load(progress, work)
    }
}
