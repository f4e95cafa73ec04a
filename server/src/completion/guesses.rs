//! The lines that are tried at one place, until one is taken. The model's likeliest line is the first; if it cannot stand there, or if the
//! code below goes on from it badly, it is compared with others. Owns which line is tried next and which is taken; generates nothing.

use super::{
    below::{self, CERTAIN, Weighing, weighing},
    generation::{Progress, TokenEnd},
    misfit::misfit,
    rules::{Rule, Rules},
    site::Site,
};

/// Lines that are tried at one place, those among them that cannot stand there.
const TRIES: usize = 5;
/// Lines that are compared by the code below.
const COMPARED: usize = 3;

/// See [module docs](self).
#[derive(Debug)]
pub struct Guesses {
    attempts: Vec<Attempt>,
    /// A line was taken.
    settled: bool,
}

/// What to do about a line that has come to its end.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// It is taken, and so is what has been generated behind it.
    Keep,
    /// Another one is tried.
    Guess(Parting),
    /// The engine shall tell how likely the code below is behind it: [`Guesses::weighed`].
    Weigh(Weighing),
    /// `progress` is a line that was tried before, and nothing behind it. `is_over`: the model had ended its answer there.
    Take { is_over: bool },
}

impl Guesses {
    pub fn new(rules: Rules) -> Self {
        let compares = [Rule::SecondGuess, Rule::NeededName, Rule::CodeBelow];
        Self {
            attempts: Vec::new(),
            settled: !compares.into_iter().any(|rule| rules.contains(rule)),
        }
    }

    /// Whether nothing is compared any more.
    pub fn are_settled(&self) -> bool {
        self.settled
    }

    /// What to do about the first `end` bytes of `progress`, a line with what closes its brackets. `is_over`: the model has ended its
    /// answer. Where the line is not kept, nothing behind it is either.
    pub fn look(
        &mut self,
        site: &Site,
        progress: &mut Progress,
        end: usize,
        is_over: bool,
    ) -> Next {
        let line = &progress.text[..end];
        let says_something = !line.trim().is_empty();
        let misfit = if says_something {
            misfit(site, line)
        } else if self.attempts.is_empty() {
            // A model that has nothing to say is right more often than not.
            self.settled = true;
            return Next::Keep;
        } else {
            Some(end)
        };
        let attempt = Attempt {
            parts_before: misfit.unwrap_or(end),
            is_over,
            ..Attempt::of(progress, end)
        };
        let is_certain = attempt.probability() >= CERTAIN;
        let weighing = weighing(site, line).filter(|_| misfit.is_none() && !is_certain);
        let is_compared = self.best().is_some();
        if weighing.is_some() {
            attempt.show(progress);
        }
        self.attempts.push(attempt);
        match weighing {
            Some(weighing) => Next::Weigh(weighing),
            None if misfit.is_some() || is_compared => self.next(site, progress),
            None => {
                self.settled = true;
                Next::Keep
            }
        }
    }

    /// Whether lines are compared: at least one was tried, and none is taken.
    pub fn are_open(&self) -> bool {
        !self.settled && !self.attempts.is_empty()
    }

    /// What to do about `progress`, which is the beginning of a line of which nothing may be shown.
    pub fn reject(&mut self, site: &Site, progress: &mut Progress) -> Next {
        let end = progress.text.len();
        self.attempts.push(Attempt::of(progress, end));
        self.next(site, progress)
    }

    /// What to do now that the code below is known to have `log_probability` behind the last line.
    pub fn weighed(&mut self, site: &Site, progress: &mut Progress, log_probability: f32) -> Next {
        if let Some(last) = self.attempts.last_mut() {
            last.score = Some(below::score(last.probability(), log_probability));
        }
        self.next(site, progress)
    }

    /// The line with the highest score.
    fn best(&self) -> Option<(&Attempt, f32)> {
        let scored = self.attempts.iter();
        let scored = scored.filter_map(|attempt| Some((attempt, attempt.score?)));
        // Of equals the first one, which is likelier.
        scored.rev().max_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    fn next(&mut self, site: &Site, progress: &mut Progress) -> Next {
        let best = self.best();
        let next = match (best, self.attempts.as_slice()) {
            (None, [first]) => needed_guess(site, first),
            _ => None,
        };
        let rule = match best {
            Some(_) => Rule::CodeBelow,
            None => Rule::SecondGuess,
        };
        let next = next.or_else(|| {
            let likeliest = next_guess(&self.attempts, rule);
            likeliest.filter(|_| site.rules.contains(rule))
        });
        // The code below cannot be likelier than certain.
        let may_win = |parting: &Parting| best.is_none_or(|(_, score)| parting.likely.ln() > score);
        let compared = self
            .attempts
            .iter()
            .filter(|attempt| attempt.score.is_some());
        let has_more = self.attempts.len() < TRIES && compared.count() < COMPARED;
        if let Some(parting) = next.filter(|parting| has_more && may_win(parting)) {
            progress.text.clone_from(&parting.kept);
            progress.tokens.clone_from(&parting.tokens);
            progress.guessed_again = Some(parting.rule);
            return Next::Guess(parting);
        }
        // If none may stand, the likeliest.
        let taken = best.map(|(attempt, _)| attempt).or(self.attempts.first());
        let is_over = taken.is_some_and(|attempt| {
            attempt.show(progress);
            attempt.is_over
        });
        self.settled = true;
        Next::Take { is_over }
    }
}

/// A line that was generated, from the place on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    pub text: String,
    /// Where the tokens end in `text`.
    pub tokens: Vec<TokenEnd>,
    /// Another line parts from it before this byte.
    pub parts_before: usize,
    /// The model ended its answer with it.
    pub is_over: bool,
    /// The rule that led to it.
    pub rule: Option<Rule>,
    /// Of one that may stand, once the code below was weighed behind it: see [`below::score`].
    pub score: Option<f32>,
}

impl Attempt {
    /// The first `end` bytes of `progress`, as far as they are known.
    fn of(progress: &Progress, end: usize) -> Self {
        let tokens = progress.tokens.iter().copied();
        Self {
            text: progress.text[..end].to_owned(),
            tokens: tokens.filter(|token| token.at <= end).collect(),
            parts_before: end,
            is_over: false,
            rule: progress.guessed_again,
            score: None,
        }
    }

    fn probability(&self) -> f32 {
        self.tokens.iter().map(|token| token.probability).product()
    }

    /// Makes it all there is.
    fn show(&self, progress: &mut Progress) {
        progress.text.clone_from(&self.text);
        progress.tokens.clone_from(&self.tokens);
        progress.guessed_again = self.rule;
    }

    /// The token that follows `kept`, if it begins with that.
    fn next_token(&self, kept: &str) -> Option<(&str, f32)> {
        let start = kept.len();
        let is_boundary = start == 0 || self.tokens.iter().any(|token| token.at == start);
        let next = self.tokens.iter().find(|token| token.at > start)?;
        (is_boundary && self.text.starts_with(kept))
            .then(|| (&self.text[start..next.at], next.probability))
    }
}

/// Where the next guess parts from the attempts before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parting {
    /// What it begins with, and where the tokens end in that.
    pub kept: String,
    pub tokens: Vec<TokenEnd>,
    /// How the attempts go on that begin with that; of those that go on with blanks, only these.
    pub avoided: Vec<String>,
    /// The next guess is no likelier.
    pub likely: f32,
    /// What led to it.
    pub rule: Rule,
}

/// The line to try that defines a name which the code below needs, if `first`, the model's own one, misses it.
fn needed_guess(site: &Site, first: &Attempt) -> Option<Parting> {
    let misses = site.rules.contains(Rule::NeededName) && site.needs.are_missed_by(&first.text);
    let kept = misses.then(|| site.needs.opening_line(site, &first.text))??;
    // At most what the model did not give the word that it would rather have begun with.
    let word = first
        .tokens
        .iter()
        .find(|token| !first.text[..token.at].trim().is_empty());
    let probability = word.map_or(1.0, |word| 1.0 - word.probability);
    Some(Parting {
        tokens: vec![TokenEnd {
            at: kept.len(),
            probability,
        }],
        kept,
        avoided: Vec::new(),
        likely: probability,
        rule: Rule::NeededName,
    })
}

/// Where another line most likely parts from `attempts`: where what they begin with, times what is left for other tokens there, is greatest.
/// `rule` says why there is to be another one.
fn next_guess(attempts: &[Attempt], rule: Rule) -> Option<Parting> {
    let mut best: Option<(f32, &Attempt, usize)> = None;
    for attempt in attempts {
        let (mut start, mut before) = (0, 1.0);
        for token in &attempt.tokens {
            let kept = &attempt.text[..start];
            if start < attempt.parts_before {
                let score = before * (1.0 - taken(attempts, kept));
                if best.is_none_or(|(best, ..)| score > best) {
                    best = Some((score, attempt, start));
                }
            }
            before *= token.probability;
            start = token.at;
        }
    }
    let (likely, attempt, start) = best?;
    let kept = &attempt.text[..start];
    let tokens = attempt.tokens.iter().take_while(|token| token.at <= start);
    let avoided = attempts.iter().filter_map(|other| {
        let (token, _) = other.next_token(kept)?;
        // Another line may part in its indentation: then it stands in another block, and may say the same.
        Some(match token.trim().is_empty() {
            true => token,
            false => &other.text[start..],
        })
    });
    Some(Parting {
        avoided: avoided.map(str::to_owned).collect(),
        tokens: tokens.copied().collect(),
        kept: kept.to_owned(),
        likely,
        rule,
    })
}

/// How likely it was that one of the attempts goes on behind `kept`.
fn taken(attempts: &[Attempt], kept: &str) -> f32 {
    let mut next: Vec<(&str, f32)> = attempts
        .iter()
        .filter_map(|attempt| attempt.next_token(kept))
        .collect();
    next.sort_by_key(|(text, _)| *text);
    next.dedup_by_key(|(text, _)| *text);
    next.iter().map(|(_, probability)| probability).sum()
}

#[cfg(test)]
mod tests {
    use grammars::Language;

    use super::*;
    use crate::completion::{cache::Surroundings, needs::Needs};

    #[test]
    fn after_a_line_that_lacks_a_name_comes_one_that_defines_it() {
        let next = |marked: &str, tokens: &[(&str, f32)], rules| {
            let language = Language::by_lsp_id("python");
            let grammar = language.and_then(Language::parser);
            let mut site = Site::new(&Surroundings::of_cursor(marked), language, grammar, rules);
            site.needs = Needs::of_cursor("python", marked);
            let mut attempt = attempt(tokens);
            let misfit = misfit(&site, &attempt.text);
            attempt.parts_before = misfit?;
            let mut guesses = Guesses::new(rules);
            guesses.attempts.push(attempt);
            match guesses.next(&site, &mut Progress::default()) {
                Next::Guess(parting) => Some((parting.kept, parting.rule)),
                _ => None,
            }
        };
        let all = Rules::default();
        let needed = |kept: &str| Some((kept.to_owned(), Rule::NeededName));
        let at_start = "def f(a):\n$0    for b in a:\n        c += b\n    return c\n";
        let returns = [("    return", 0.6), (" a", 0.9)];
        assert_eq!(next(at_start, &returns, all), needed("    c"));
        assert_eq!(next(at_start, &[("    c", 0.6), (" = 0", 0.9)], all), None);
        assert_eq!(
            next(
                &at_start.replace("$0    ", "    $0\n    "),
                &[("return", 0.6), (" a", 0.9)],
                all
            ),
            needed("c")
        );
        // What the lines below belong to.
        let loops = "def f(a):\n$0        g(b)\n    return a\n";
        assert_eq!(next(loops, &returns, all), needed("    for b"));
        // Where they stand, not where the model is.
        let outer = "def f(a):\n    while a:\n        g(a)\n$0    return b\n";
        assert_eq!(
            next(outer, &[("        g", 0.6), ("(1)", 0.9)], all),
            needed("    b")
        );
        let without = all.without(Rule::NeededName);
        let other = next(at_start, &returns, without).map(|(_, rule)| rule);
        assert_eq!(other, Some(Rule::SecondGuess));
        assert_eq!(
            next(at_start, &returns, without.without(Rule::SecondGuess)),
            None
        );
    }

    fn attempt(tokens: &[(&str, f32)]) -> Attempt {
        let mut attempt = Attempt::default();
        for (text, probability) in tokens {
            attempt.text += text;
            attempt.tokens.push(TokenEnd {
                at: attempt.text.len(),
                probability: *probability,
            });
        }
        attempt.parts_before = attempt.text.len();
        attempt
    }

    #[test]
    fn another_line_parts_where_it_is_likeliest_to() {
        let first = attempt(&[("    ", 0.9), ("return", 0.8), (" a", 0.5), (" + b", 0.6)]);
        let parting_of = |attempts: &[Attempt]| {
            let Parting {
                kept,
                tokens,
                avoided,
                ..
            } = next_guess(attempts, Rule::SecondGuess).unwrap();
            (kept, tokens.len(), avoided)
        };
        // 0.8 * 0.5 is left at `a`, more than 0.2 at `return` and 0.8 * 0.5 * 0.4 at `+ b`; all of it times the indentation's 0.9.
        let at_a = ("    return".to_owned(), 2);
        let (kept, tokens, avoided) = parting_of(std::slice::from_ref(&first));
        assert_eq!(
            (kept, tokens, avoided),
            (at_a.0.clone(), at_a.1, vec![" a + b".to_owned()])
        );
        // Now 0.8 * 0.1 is left at `a`, and 0.2 at `return`.
        let second = attempt(&[("    ", 0.9), ("return", 0.8), (" c", 0.4)]);
        let (kept, tokens, avoided) = parting_of(&[first.clone(), second]);
        assert_eq!((kept.as_str(), tokens), ("    ", 1));
        assert_eq!(avoided, ["return a + b", "return c"]);
        assert_eq!(next_guess(&[], Rule::SecondGuess), None);
        // Most is left for other indentations.
        let inner = attempt(&[("        ", 0.6), ("return", 0.9)]);
        let (kept, tokens, avoided) = parting_of(&[inner]);
        assert_eq!((kept.as_str(), tokens), ("", 0));
        assert_eq!(avoided, ["        "]);
        // Whatever follows the word, it is no better.
        let mut first = first;
        first.parts_before = "    return".len();
        let (kept, ..) = parting_of(&[first]);
        assert_eq!(kept, "    ");
    }

    /// The texts that are tried where `answers` tells how the model goes on behind what is kept, and how likely the code below is then;
    /// at last the one that is taken.
    fn tried(answers: &[(&[(&str, f32)], f32)]) -> (Vec<String>, String, Option<Rule>) {
        let language = Language::by_lsp_id("python");
        let around = Surroundings::of_cursor("def f(a):\n    $0\n    b += 1\n");
        let site = Site::new(&around, language, None, Rules::default());
        let mut guesses = Guesses::new(site.rules);
        let mut progress = Progress::default();
        let mut tried = Vec::new();
        for (tokens, below) in answers {
            for (text, probability) in *tokens {
                progress.push(text, *probability);
            }
            tried.push(progress.text.clone());
            let end = progress.text.len();
            let next = match guesses.look(&site, &mut progress, end, false) {
                Next::Weigh(_) => guesses.weighed(&site, &mut progress, *below),
                next => next,
            };
            if !matches!(next, Next::Guess(_)) {
                assert!(guesses.are_settled());
                break;
            }
        }
        (tried, progress.text, progress.guessed_again)
    }

    #[test]
    fn the_line_is_taken_that_the_code_below_goes_on_from() {
        let first: &[(&str, f32)] = &[("c", 0.6), (" = 1", 0.9)];
        let second: &[(&str, f32)] = &[("b", 0.3), (" = a", 0.9)];
        let third: &[(&str, f32)] = &[("d", 0.1), (" = 2", 0.9)];
        let taken = |answers: &[(&[(&str, f32)], f32)]| {
            let (tried, taken, rule) = tried(answers);
            (tried.len(), taken, rule)
        };
        let below = Some(Rule::CodeBelow);
        // No other line can be better than the first.
        assert_eq!(
            taken(&[(first, -0.1), (second, 0.0)]),
            (1, "c = 1".to_owned(), None)
        );
        assert_eq!(
            taken(&[(first, -9.0), (second, -0.1), (third, 0.0)]),
            (2, "b = a".to_owned(), below)
        );
        // Three lines are tried, and the best of them need not be the last.
        assert_eq!(
            taken(&[(first, -9.0), (second, -4.0), (third, -9.0)]),
            (3, "b = a".to_owned(), below)
        );
        // Nobody asks about what is certain, or about a line that cannot stand.
        let certain: &[(&str, f32)] = &[("c", 0.95), (" = 1", 0.95)];
        assert_eq!(taken(&[(certain, -9.0)]), (1, "c = 1".to_owned(), None));
        // Nor does that one count among the three.
        let repeated: &[(&str, f32)] = &[("b", 0.5), (" += 1", 0.9)];
        let fourth: &[(&str, f32)] = &[("e", 0.1), (" = 3", 0.9)];
        assert_eq!(
            taken(&[
                (repeated, 0.0),
                (first, -9.0),
                (third, -30.0),
                (fourth, -30.0)
            ]),
            (4, "c = 1".to_owned(), Some(Rule::SecondGuess))
        );
    }
}
