//! Guesses what comes next, so that one forward pass can verify several tokens: whoever runs the model evaluates the guess behind the
//! token at hand and keeps as much of it as the model would have chosen anyway. A guess can save passes; it can never change the text.
//!
//! Code repeats itself, so the guess is what followed the last tokens when they came before: in the job's own tokens, in those of
//! other documents, or in what was cut off of them lately (a suggestion that the user left in its middle, lines that he
//! deleted). How often such guesses come true is measured by the number of tokens that match, for all guesses, verified or not:
//! a guess that was not worth its cost still tells whether it would have come true.
//!
//! Pure: this module evaluates nothing. A draft model would stand behind [`Drafts::propose`] too. It would give a [`Proposal`] whose
//! `matched` is a number of its own, beyond those of text that matches, so that its guesses are measured apart from those; what
//! it costs to make them would be added to the pass in [`Drafts::worthwhile`].

use std::{collections::VecDeque, iter};

use super::{backend::Token, costs::PassCosts};

/// Tokens of a guess at most: a pass of so many and one is still far from the cost of as many passes.
const LONGEST_DRAFT: usize = 15;

/// Fewer matching tokens say nothing: a single one, a comma say, is followed by anything.
const SHORTEST_MATCH: usize = 2;

/// Fewer behind a token that differs are a chance.
const SHORTEST_MATCH_BEHIND: usize = 6;

/// Of longer matches only so many tokens are compared.
const LONGEST_MATCH: usize = 16;

/// What was cut off is remembered in so many runs of at most so many tokens: the last ones, because that is where the cursor and
/// the suggestion were.
const RETIRED_RUNS: usize = 16;
const RETIRED_TOKENS: usize = 256;

/// A pass is made longer only if that promises so many tokens for the time of one. Measured rates are noisy: simulated guesses of
/// which a fixed share comes true (the test below) cost up to 4 % with a gain of 1.05 and a weight of 0.1, with these 2 %.
const LEAST_GAIN: f32 = 1.15;

/// Weight of the newest outcome in the measured rate: about forty outcomes count.
const NEWEST_WEIGHT: f32 = 0.05;

/// What is presumed of the tokens that follow a match until it has been measured here. In code as people wrote it (60-token holes
/// in Python's standard library, Rust crates, C headers; 600 tokens before them) 0.37-0.57, 0.47-0.61, 0.58-0.71, 0.65-0.81 and
/// 0.78-0.90 came true. The low ends for short matches, so that code that does not repeat costs nothing: no guess need be
/// verified for its rate to rise.
const PRESUMED: [Acceptance; 5] = [
    Acceptance {
        matched: 2,
        rate: 0.35,
    },
    Acceptance {
        matched: 3,
        rate: 0.5,
    },
    Acceptance {
        matched: 4,
        rate: 0.65,
    },
    Acceptance {
        matched: 6,
        rate: 0.7,
    },
    Acceptance {
        matched: 9,
        rate: 0.85,
    },
];

/// How often the next token of a guess comes true, by the tokens that matched before it.
#[derive(Debug, Clone, Copy)]
struct Acceptance {
    /// The least of the match lengths that are counted together.
    matched: usize,
    rate: f32,
}

/// What may come next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    pub tokens: Vec<Token>,
    /// Tokens before the guess that are the same where it was found.
    pub matched: usize,
}

/// What guesses are made of beside the tokens at hand, and how often they came true.
pub struct Drafts {
    /// The oldest first.
    retired: VecDeque<Vec<Token>>,
    acceptance: [Acceptance; PRESUMED.len()],
}

impl Drafts {
    pub fn new() -> Self {
        Self {
            retired: VecDeque::new(),
            acceptance: PRESUMED,
        }
    }

    /// Remembers what a sequence that holds `tokens` loses when only the first `keep` of them stay.
    pub fn retire(&mut self, tokens: &[Token], keep: usize) {
        if keep >= tokens.len() {
            return;
        }
        // With some tokens before the cut, by which its beginning is found.
        let start = keep.saturating_sub(LONGEST_MATCH);
        let start = start.max(tokens.len().saturating_sub(RETIRED_TOKENS));
        if self.retired.len() >= RETIRED_RUNS {
            self.retired.pop_front();
        }
        self.retired.push_back(tokens[start..].to_vec());
    }

    /// Guesses what follows `own`, a job's tokens: what followed the most of its last tokens before. Of equally good places the
    /// last in `own` wins, then what was cut off last, then `others`, the tokens of other documents, in their order.
    pub fn propose<'a>(
        &'a self,
        own: &'a [Token],
        others: impl Iterator<Item = &'a [Token]>,
    ) -> Proposal {
        let retired = self.retired.iter().rev().map(Vec::as_slice);
        let mut best: (&[Token], usize) = (&[], 0);
        for source in iter::once(own).chain(retired).chain(others) {
            if let Some((end, matched)) = longest_match(own, source, best.1) {
                best = (&source[end..], matched);
            }
        }
        let (rest, matched) = best;
        Proposal {
            tokens: rest[..rest.len().min(LONGEST_DRAFT)].to_vec(),
            matched,
        }
    }

    /// How many tokens of `proposal` to verify in the next pass: those that promise the most tokens for its time, or none.
    pub fn worthwhile(&self, proposal: &Proposal, costs: &PassCosts) -> usize {
        let mut best = (0, LEAST_GAIN);
        // The pass gives one token anyway; each token of the draft one more, if it and all before it come true.
        let (mut expected, mut all_true) = (1.0, 1.0);
        for len in 1..=proposal.tokens.len() {
            all_true *= self.rate(proposal.matched + len - 1);
            expected += all_true;
            let gain = expected / costs.passes(len as u32 + 1);
            if gain > best.1 {
                best = (len, gain);
            }
        }
        best.0
    }

    /// Counts an outcome: whether a token guessed behind `matched` matching ones came true.
    pub fn learn(&mut self, matched: usize, came_true: bool) {
        let bucket = self.bucket(matched);
        let rate = &mut self.acceptance[bucket].rate;
        *rate += NEWEST_WEIGHT * (f32::from(u8::from(came_true)) - *rate);
    }

    fn rate(&self, matched: usize) -> f32 {
        self.acceptance[self.bucket(matched)].rate
    }

    fn bucket(&self, matched: usize) -> usize {
        let beyond = self
            .acceptance
            .partition_point(|bucket| bucket.matched <= matched);
        beyond.saturating_sub(1)
    }
}

/// Where `source` best repeats the last tokens of `own` and goes on: the end of the place and how much alike it is; of equally
/// good places the last. `None` if too little is alike, or no more than `beaten`.
fn longest_match(own: &[Token], source: &[Token], beaten: usize) -> Option<(usize, usize)> {
    let mut most = beaten.max(SHORTEST_MATCH - 1);
    let mut best = None;
    for end in (1..source.len()).rev() {
        let matched = likeness(own, &source[..end]);
        if matched > most {
            most = matched;
            best = Some((end, matched));
        }
    }
    best
}

/// How many of the last tokens match. Where more match behind one that differs, those count a third: code is often repeated with
/// another name in it, and goes on behind the name as it did before.
fn likeness(own: &[Token], place: &[Token]) -> usize {
    let mut pairs = place.iter().rev().zip(own.iter().rev()).take(LONGEST_MATCH);
    // The pair that differs is passed over with them.
    let matched = pairs.by_ref().take_while(|(a, b)| a == b).count();
    let behind = pairs.take_while(|(a, b)| a == b).count();
    if behind < SHORTEST_MATCH_BEHIND {
        matched
    } else {
        matched + behind / 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(ids: &[u32]) -> Vec<Token> {
        ids.iter().copied().map(Token).collect()
    }

    fn proposal(drafts: &Drafts, own: &[u32], others: &[&[u32]]) -> (Vec<u32>, usize) {
        let others: Vec<_> = others.iter().map(|ids| tokens(ids)).collect();
        let proposal = drafts.propose(&tokens(own), others.iter().map(Vec::as_slice));
        let ids = proposal.tokens.iter().map(|token| token.0);
        (ids.collect(), proposal.matched)
    }

    #[test]
    fn what_followed_the_longest_match_is_guessed() {
        let mut drafts = Drafts::new();
        assert_eq!(proposal(&drafts, &[], &[]), (vec![], 0));
        assert_eq!(
            proposal(&drafts, &[1, 2, 3, 2], &[]),
            (vec![], 0),
            "one token is no match"
        );
        let own = [1, 2, 3, 9, 1, 2, 4, 1, 2];
        assert_eq!(
            proposal(&drafts, &own, &[]),
            (vec![4, 1, 2], 2),
            "the last place"
        );
        assert_eq!(proposal(&drafts, &own, &[&[1, 2, 5]]), (vec![4, 1, 2], 2));
        let others: [&[u32]; 2] = [&[7, 4, 1, 2, 5, 6], &[4, 1, 2, 8]];
        assert_eq!(proposal(&drafts, &own, &others), (vec![5, 6], 3));
        drafts.retire(&tokens(&[4, 1, 2, 10]), 3);
        drafts.retire(&tokens(&[4, 1, 2, 11]), 3);
        assert_eq!(
            proposal(&drafts, &own, &others),
            (vec![11], 3),
            "the last one retired"
        );
        let ends_there: [&[u32]; 1] = [&[9, 1, 2, 4, 1, 2]];
        assert_eq!(
            proposal(&drafts, &own, &ends_there),
            (vec![11], 3),
            "nothing follows"
        );
    }

    #[test]
    fn the_rest_of_a_suggestion_still_fits_after_other_words() {
        let mut drafts = Drafts::new();
        // `foo(bar, baz).one` was suggested behind `foo`; the user typed `(qux` instead of `(bar`.
        let suggested = tokens(&[50, 51, 1, 2, 3, 4, 5, 6, 7, 8]);
        drafts.retire(&suggested, 4);
        assert_eq!(
            proposal(&drafts, &[50, 51, 1, 2, 30, 4, 5], &[]),
            (vec![6, 7, 8], 2)
        );
        // He deleted it and typed it again.
        assert_eq!(
            proposal(&drafts, &[50, 51, 1, 2, 3], &[]),
            (vec![4, 5, 6, 7, 8], 5)
        );
    }

    #[test]
    fn code_with_another_name_goes_on_as_before() {
        let drafts = Drafts::new();
        let own = [1, 2, 3, 4, 5, 6, 90, 7, 8, 9, 1, 2, 3, 4, 5, 6, 91];
        assert_eq!(
            proposal(&drafts, &own, &[]),
            (vec![7, 8, 9, 1, 2, 3, 4, 5, 6, 91], 2)
        );
        let short = [2, 3, 4, 5, 6, 90, 7, 8, 9, 2, 3, 4, 5, 6, 91];
        assert_eq!(proposal(&drafts, &short, &[]), (vec![], 0));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut drafts = Drafts::new();
        let long: Vec<Token> = (0..1000).map(Token).collect();
        drafts.retire(&long, 10);
        assert_eq!(proposal(&drafts, &[9, 10, 11], &[]), (vec![], 0));
        assert_eq!(proposal(&drafts, &[996, 997, 998], &[]), (vec![999], 3));
        drafts.retire(&long, 1000);
        for _ in 0..RETIRED_RUNS {
            drafts.retire(&tokens(&[1, 2, 3]), 2);
        }
        assert_eq!(proposal(&drafts, &[996, 997, 998], &[]), (vec![], 0));
        assert_eq!(proposal(&drafts, &[1, 2], &[]), (vec![3], 2));
    }

    fn guess(matched: usize) -> Proposal {
        let tokens = vec![Token(0); LONGEST_DRAFT];
        Proposal { tokens, matched }
    }

    #[test]
    fn the_length_follows_from_what_passes_cost_and_guesses_are_worth() {
        let costs = |ms: &[(u32, f32)]| PassCosts::new(ms.to_vec()).unwrap();
        let drafts = Drafts::new();
        let usual = PassCosts::default();
        let lengths = [2, 3, 4, 6, 9].map(|matched| drafts.worthwhile(&guess(matched), &usual));
        assert_eq!(lengths, [0, 0, 3, 3, 3]);
        let free = costs(&[(1, 1.0), (16, 1.0)]);
        assert_eq!(drafts.worthwhile(&guess(2), &free), LONGEST_DRAFT);
        let dear = costs(&[(1, 1.0), (16, 16.0)]);
        assert_eq!(drafts.worthwhile(&guess(9), &dear), 0);
        assert_eq!(drafts.worthwhile(&Proposal::default(), &free), 0);
    }

    #[test]
    fn outcomes_change_the_length() {
        let mut drafts = Drafts::new();
        let costs = PassCosts::default();
        for _ in 0..80 {
            (0..LONGEST_DRAFT).for_each(|n| drafts.learn(2 + n, true));
        }
        assert_eq!(drafts.worthwhile(&guess(2), &costs), LONGEST_DRAFT);
        for _ in 0..40 {
            drafts.learn(2, false);
        }
        assert_eq!(drafts.worthwhile(&guess(2), &costs), 0);
        assert_eq!(drafts.worthwhile(&guess(3), &costs), LONGEST_DRAFT);
    }

    /// Whatever share of the guesses comes true: no slower than without, and faster where most do.
    #[test]
    fn guesses_never_cost_more_than_they_save() {
        let costs = PassCosts::default();
        let mut random = 1u32;
        let mut chance = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) as f32 / (1u32 << 24) as f32
        };
        for matched in [2, 4, 6, 9] {
            for tenths in 0..=10 {
                let share = tenths as f32 / 10.0;
                let mut drafts = Drafts::new();
                let (mut tokens, mut passes) = (0.0, 0.0);
                for _ in 0..500 {
                    let guess = guess(matched);
                    let len = drafts.worthwhile(&guess, &costs);
                    passes += costs.passes(len as u32 + 1);
                    for output in 0..=len {
                        tokens += 1.0;
                        let came_true = chance() < share;
                        if output < LONGEST_DRAFT {
                            drafts.learn(matched + output, came_true);
                        }
                        if !came_true {
                            break;
                        }
                    }
                }
                let gain = tokens / passes;
                assert!(
                    gain > 0.97,
                    "{matched} tokens match, {share} come true: {gain}"
                );
                assert!(
                    gain > 1.5 || share < 0.9,
                    "{matched} tokens match, {share} come true: {gain}"
                );
            }
        }
    }
}
