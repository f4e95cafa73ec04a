//! A back end without a model, for tests: deterministic, instant, and merciless. Its logits depend on every token of a sequence
//! and its position, so a KV cache that was kept wrongly gives another text; it checks each bound at which llama.cpp would abort; and
//! its vocabulary has long tokens, split characters and control tokens, so that healing has something to heal.

use std::{collections::HashMap, time::Duration};

use super::backend::{
    Backend, Dimensions, EvaluateError, LoadError, Loader, SeqId, Token, Vocabulary,
};
use crate::prompt::{Special, words::words};

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
        }
    }
}

pub struct Toy {
    settings: ToySettings,
    vocabulary: Vocabulary,
    by_bytes: HashMap<Vec<u8>, Token>,
    sequences: Vec<Vec<Token>>,
    logits: Vec<f32>,
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
            logits: vec![0.0; vocabulary.len()],
            vocabulary,
            by_bytes,
            sequences,
        }
    }

    fn held(&self) -> usize {
        self.sequences.iter().map(Vec::len).sum()
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

    fn evaluate(
        &mut self,
        sequence: SeqId,
        start: u32,
        tokens: &[Token],
    ) -> Result<(), EvaluateError> {
        let Dimensions { cells, batch, .. } = self.settings.dimensions;
        let range = start..start + tokens.len() as u32;
        let held = self.sequences.get(sequence.0 as usize).map(Vec::len);
        if tokens.is_empty() || tokens.len() > batch as usize || held != Some(start as usize) {
            return Err(EvaluateError::OutOfBounds { sequence, range });
        }
        if self.held() + tokens.len() > cells as usize {
            return Err(EvaluateError::CacheFull);
        }
        std::thread::sleep(self.settings.token_time * tokens.len() as u32);
        let held = &mut self.sequences[sequence.0 as usize];
        held.extend_from_slice(tokens);
        let seed = held.iter().fold(0xcbf2_9ce4_8422_2325, |hash, token| {
            mix(hash ^ u64::from(token.0))
        });
        for (id, logit) in (0u64..).zip(&mut self.logits) {
            // 24 bits: as many as a float holds exactly.
            *logit = (mix(seed ^ mix(id)) >> 40) as f32 / (1u64 << 24) as f32 * 8.0;
        }
        Ok(())
    }

    fn logits(&self) -> &[f32] {
        &self.logits
    }

    fn truncate(&mut self, sequence: SeqId, keep: u32) -> Result<(), EvaluateError> {
        match self.sequences.get_mut(sequence.0 as usize) {
            Some(held) if keep as usize <= held.len() => {
                held.truncate(keep as usize);
                Ok(())
            }
            _ => Err(EvaluateError::OutOfBounds {
                sequence,
                range: keep..keep,
            }),
        }
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
}
