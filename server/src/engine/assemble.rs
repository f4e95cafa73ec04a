//! From a [`Prompt`] to tokens that fit. Pure over the back end's tokenizer.
//!
//! Prompts are planned in characters, so rare text (CJK, base64) can come out longer than planned; then something goes.

use super::backend::{Backend, Token};
use crate::prompt::{Prompt, Segment, Special};

/// The tokens of `prompt`, at most `limit` of them.
///
/// # Errors
/// In words for the user, if the model has no FIM tokens for a prompt that needs them, or if what must not go does not fit.
pub fn assemble(
    prompt: &Prompt,
    backend: &dyn Backend,
    limit: usize,
) -> Result<Vec<Token>, String> {
    let is_frame = |segment: &Segment| matches!(segment, Segment::Template(_));
    if prompt.segments.iter().any(is_frame) {
        conversation(prompt, backend, limit)
    } else {
        fill_in_the_middle(prompt, backend, limit)
    }
}

/// Of what is too long only context goes, the first first: without the instruction, or with half of the code, an answer would do
/// harm.
fn conversation(
    prompt: &Prompt,
    backend: &dyn Backend,
    limit: usize,
) -> Result<Vec<Token>, String> {
    let mut pieces: Vec<(bool, Vec<Token>)> = prompt
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Template(frame) => (false, backend.tokenize_frame(frame)),
            Segment::Text(text) => (false, backend.tokenize(text)),
            Segment::Context(text) => (true, backend.tokenize(text)),
            Segment::Special(special) => {
                let marker = backend.vocabulary().special(*special);
                (false, marker.into_iter().collect())
            }
        })
        .collect();
    let mut needed: usize = pieces.iter().map(|(_, tokens)| tokens.len()).sum();
    for (is_context, tokens) in &mut pieces {
        if *is_context && needed > limit {
            needed -= tokens.len();
            tokens.clear();
        }
    }
    if needed > limit {
        return Err(format!(
            "The code and what is asked of it take {needed} tokens, and beside the answer there is room for {limit}. Select less code, or \
             raise `engine.context_tokens`."
        ));
    }
    Ok(pieces.into_iter().flat_map(|(_, tokens)| tokens).collect())
}

/// What goes first is what lies farthest from the cursor: the context files, the beginning of the text before the anchor, the end of
/// the suffix, and at last the beginning of the text behind it.
fn fill_in_the_middle(
    prompt: &Prompt,
    backend: &dyn Backend,
    limit: usize,
) -> Result<Vec<Token>, String> {
    let vocabulary = backend.vocabulary();
    for needed in [Special::FimPrefix, Special::FimSuffix, Special::FimMiddle] {
        if vocabulary.special(needed).is_none() {
            return Err("This model has no fill-in-the-middle tokens, so it cannot complete code. Choose a Qwen2.5-Coder model: \
                 `tacit models list` shows them."
                .to_owned());
        }
    }

    let mut parts: Vec<Part> = Vec::new();
    for segment in &prompt.segments {
        match segment {
            // A model without repository tokens gets the texts without them.
            Segment::Special(special) => parts.push(Part {
                after: *special,
                head: vocabulary.special(*special),
                text: Vec::new(),
            }),
            Segment::Text(text) | Segment::Context(text) | Segment::Template(text) => {
                if let Some(part) = parts.last_mut() {
                    part.text.extend(backend.tokenize(text));
                }
            }
        }
    }
    let mut excess = parts
        .iter()
        .map(Part::len)
        .sum::<usize>()
        .saturating_sub(limit);
    // All of a context file goes, not half; and its path with it.
    let is_context = |part: &Part| matches!(part.after, Special::FileSep);
    while excess > 0
        && let Some(context) = parts
            .windows(2)
            .position(|pair| is_context(&pair[0]) && is_context(&pair[1]))
    {
        excess = excess.saturating_sub(parts.remove(context).len());
    }
    for (special, end) in [
        (Special::FimPrefix, End::Front),
        (Special::FimSuffix, End::Back),
        (Special::FimMiddle, End::Front),
    ] {
        if let Some(part) = parts.iter_mut().find(|part| part.after == special) {
            let cut = excess.min(part.text.len());
            match end {
                End::Front => drop(part.text.drain(..cut)),
                End::Back => part.text.truncate(part.text.len() - cut),
            }
            excess -= cut;
        }
    }
    if excess > 0 {
        return Err(
            "The context size is too small for a prompt. Raise `engine.context_tokens`.".to_owned(),
        );
    }
    Ok(parts
        .into_iter()
        .flat_map(|part| part.head.into_iter().chain(part.text))
        .collect())
}

/// A special token and the text behind it.
struct Part {
    after: Special,
    head: Option<Token>,
    text: Vec<Token>,
}

impl Part {
    fn len(&self) -> usize {
        self.head.iter().len() + self.text.len()
    }
}

enum End {
    Front,
    Back,
}
