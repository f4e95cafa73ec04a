//! What fits into the time that the user is promised: sizes and waits that follow from what passes cost on this machine. Pure.
//!
//! Every number is a share of the latency target, so that one setting moves them all. The shares are chosen so that two cores with the
//! 0.5B model and a target of 150 ms get what serves a typist there best (`server/docs/typing.md`).

use super::costs::PassCosts;
use crate::prompt::layout::Layout;

/// See [module docs](self).
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// How much of a document the model sees.
    pub layout: Layout,
    /// Bytes of other files that a prompt shows before it.
    pub related_bytes: usize,
    /// Tokens evaluated between two looks for something more urgent.
    pub chunk_tokens: u32,
    /// The same while a key may come at any moment, for what has nothing to do with it.
    pub short_chunk_tokens: u32,
    /// Size of a KV cache that holds five prompts of this layout with their answers: advice, since the user may set it.
    pub context_tokens: u32,
    /// A longer line comes too late to be of use.
    pub max_line_tokens: u32,
    /// Wait after a key before the model is asked.
    pub debounce_ms: u32,
}

/// Reading a window that the model has not seen at all may take so many targets, 3.9 s: it happens once for each place in each file,
/// and until then there is no suggestion; but what is suggested from then on is right more often.
const COLD_WINDOW_TARGETS: f32 = 26.0;
/// One chunk may take so many targets: the longest that a key waits for work that nobody needs any more. Not less, because a chunk of
/// 32 tokens has two thirds of the speed of one of 64.
const CHUNK_TARGETS: f32 = 4.0;
/// And so many, where slowness costs less than a late suggestion.
const SHORT_CHUNK_TARGETS: f32 = 1.0;
/// A line may take so many targets.
const LINE_TARGETS: f32 = 10.0;

/// Bytes of source code to a token of Qwen2.5-Coder's vocabulary, roughly; of other vocabularies of this size too.
const BYTES_PER_TOKEN: f32 = 3.5;

/// Windows are the default layout times one of these. Steps of two, because a new measurement that differs a little must not move
/// the windows: moving them costs what was evaluated.
const WINDOW_SCALES: [f32; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];

/// Below, the start of each chunk costs more than its tokens; above, nothing is gained.
const CHUNK_SIZES: [u32; 6] = [16, 32, 64, 128, 256, 512];

const LINE_TOKENS: (f32, f32) = (16.0, 128.0);

/// Documents that keep their place in the KV cache.
const DOCUMENTS: u32 = 5;
/// Tokens of the longest answer, as `completion.max_tokens` has it by default.
const ANSWER_TOKENS: f32 = 256.0;
const CONTEXT_STEP: u32 = 2048;

/// A person who types has the next key after some 170 ms; waiting for longer than two of them is no waiting for a pause any more.
const LONGEST_DEBOUNCE_MS: f32 = 300.0;

impl Budget {
    pub fn new(costs: &PassCosts, latency_target_ms: u32) -> Self {
        let target_ms = latency_target_ms as f32;
        let one_token_ms = costs.pass_ms(1);
        let layout = layout(costs, target_ms);
        let held_bytes = 2 * layout.prefix_bytes + layout.suffix_bytes + layout.middle_bytes;
        let document_tokens = held_bytes as f32 / BYTES_PER_TOKEN + ANSWER_TOKENS;
        let chunk_tokens = |targets: f32| {
            let fits = |tokens: &u32| costs.pass_ms(*tokens) <= targets * target_ms;
            CHUNK_SIZES
                .into_iter()
                .rfind(fits)
                .unwrap_or(CHUNK_SIZES[0])
        };
        Self {
            related_bytes: layout.prefix_bytes,
            layout,
            chunk_tokens: chunk_tokens(CHUNK_TARGETS),
            short_chunk_tokens: chunk_tokens(SHORT_CHUNK_TARGETS),
            context_tokens: (DOCUMENTS * document_tokens as u32).next_multiple_of(CONTEXT_STEP),
            max_line_tokens: (LINE_TARGETS * target_ms / one_token_ms)
                .clamp(LINE_TOKENS.0, LINE_TOKENS.1) as u32,
            // An answer whose first pass is there in time is worth each key's pass. Where it is not, a pass for a key
            // that is followed by another only delays that one's.
            debounce_ms: (one_token_ms - target_ms).clamp(0.0, LONGEST_DEBOUNCE_MS) as u32,
        }
    }

    /// Bytes around the cursor that the model sees of a file that is just opened.
    pub fn window_bytes(&self) -> usize {
        self.layout.prefix_bytes + self.layout.suffix_bytes
    }

    /// Milliseconds to read such a window from nothing.
    pub fn cold_window_ms(&self, costs: &PassCosts) -> f32 {
        self.window_bytes() as f32 / BYTES_PER_TOKEN * prefill_token_ms(costs)
    }
}

/// The default layout, scaled by the step that is nearest to what may be read in [`COLD_WINDOW_TARGETS`].
fn layout(costs: &PassCosts, target_ms: f32) -> Layout {
    let default = Layout::default();
    let default_window = (default.prefix_bytes + default.suffix_bytes) as f32;
    let bytes = COLD_WINDOW_TARGETS * target_ms / prefill_token_ms(costs) * BYTES_PER_TOKEN;
    let distance = |scale: &f32| (bytes / default_window / scale).ln().abs();
    let nearest = WINDOW_SCALES
        .into_iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let scaled = |bytes: usize| (bytes as f32 * nearest.unwrap_or(1.0)) as usize;
    Layout {
        prefix_bytes: scaled(default.prefix_bytes),
        suffix_bytes: scaled(default.suffix_bytes),
        // Costs nothing as it grows, and each move of the anchor costs a suffix.
        middle_bytes: scaled(default.middle_bytes).max(default.middle_bytes),
        ..default
    }
}

/// Milliseconds for one token of a long prompt.
fn prefill_token_ms(costs: &PassCosts) -> f32 {
    costs.pass_ms(64) / 64.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(one: f32, sixty_four: f32) -> PassCosts {
        PassCosts::new(vec![(1, one), (64, sixty_four)]).unwrap()
    }

    #[test]
    fn the_measured_machine_gets_what_was_measured_to_be_good() {
        let budget = Budget::new(&PassCosts::default(), 150);
        let expected = Budget {
            layout: Layout {
                prefix_bytes: 2048,
                suffix_bytes: 768,
                ..Layout::default()
            },
            related_bytes: 2048,
            chunk_tokens: 64,
            short_chunk_tokens: 16,
            context_tokens: 12288,
            max_line_tokens: 57,
            debounce_ms: 0,
        };
        assert_eq!(budget, expected);
        let seconds = budget.cold_window_ms(&PassCosts::default()) / 1000.0;
        assert!((3.5..5.0).contains(&seconds), "{seconds}");
    }

    #[test]
    fn quick_machines_see_more_and_slow_ones_less() {
        let quick = Budget::new(&costs(3.0, 10.0), 150);
        let sizes = |budget: &Budget| {
            let Layout {
                prefix_bytes,
                suffix_bytes,
                middle_bytes,
                ..
            } = budget.layout;
            [prefix_bytes, suffix_bytes, middle_bytes]
        };
        assert_eq!(sizes(&quick), [8192, 3072, 6144]);
        assert_eq!(
            (quick.chunk_tokens, quick.max_line_tokens, quick.debounce_ms),
            (512, 128, 0)
        );
        let slow = Budget::new(&costs(400.0, 5000.0), 150);
        assert_eq!(sizes(&slow), [512, 192, 1536]);
        assert_eq!(
            (slow.chunk_tokens, slow.max_line_tokens, slow.debounce_ms),
            (16, 16, 250)
        );
        assert_eq!(Budget::new(&costs(2000.0, 9000.0), 150).debounce_ms, 300);
    }

    #[test]
    fn a_measurement_that_differs_a_little_moves_nothing() {
        let layout = |factor: f32| Budget::new(&costs(26.0 * factor, 370.0 * factor), 150).layout;
        for factor in [0.7, 0.8, 0.9, 1.1, 1.15] {
            assert_eq!(layout(factor), layout(1.0), "{factor}");
        }
    }

    #[test]
    fn more_patience_gives_the_model_more() {
        let costs = PassCosts::default();
        let mut before = Budget::new(&costs, 20);
        for target in [50, 100, 150, 300, 600, 2000, 10_000] {
            let budget = Budget::new(&costs, target);
            assert!(budget.window_bytes() >= before.window_bytes());
            assert!(budget.chunk_tokens >= before.chunk_tokens);
            assert!(budget.context_tokens >= before.context_tokens);
            assert!(budget.max_line_tokens >= before.max_line_tokens);
            assert!(budget.debounce_ms <= before.debounce_ms);
            before = budget;
        }
    }
}
