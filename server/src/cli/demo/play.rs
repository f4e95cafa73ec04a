//! The person at the keyboard: types what the trace says, as fast as it says, sees suggestions as an editor shows them, and
//! accepts some that are right. Each key drops the running request, as editors do.

use std::{io, ops::Range, time::Duration};

use anyhow::{Result, bail};
use futures::future::BoxFuture;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::trace::{Buffer, Change, Trace};
use crate::{
    cli::complete,
    completion::{Complete, Completion, Request, Trigger},
    engine::{PromptUsage, Status},
};

/// What can be seen now.
pub struct Scene<'a> {
    pub buffer: &'a Buffer,
    pub ghost: &'a str,
    /// Characters that were just accepted.
    pub accepted: Option<Range<usize>>,
    /// What the last answer cost, or what is being waited for.
    pub status: &'a str,
}

/// Why the scene changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Waited,
    Typed,
    Suggested,
    Accepted,
}

/// What there was to see, in numbers.
#[derive(Debug, Default, PartialEq)]
pub struct Summary {
    /// Those of the user, Tab included.
    pub keys: usize,
    /// Answers that came before the next key.
    pub suggestions: usize,
    pub accepted: usize,
    pub accepted_characters: usize,
    /// Median over the suggestions.
    pub first_token_ms: f64,
    /// Of all suggestions while typing; the first one, which reads all of the text, is not counted.
    pub prompt: PromptUsage,
}

/// A gap as long as this is a pause: the person looks at the screen, and waits for the suggestion within [`PATIENCE`].
const PAUSE: Duration = Duration::from_millis(550);
const PATIENCE: Duration = Duration::from_secs(3);
/// All pauses together wait no longer, so that the demo stays short on a slow machine.
const ALL_PATIENCE: Duration = Duration::from_secs(12);
/// After so many keys with no suggestion in sight the person pauses, too: on a slow machine there would be little to see.
const KEYS_WITHOUT_SUGGESTION: usize = 8;
/// Longer gaps of the trace bore.
const LONGEST_GAP: Duration = Duration::from_secs(2);
/// A suggestion can be seen this long before it is accepted or typed over, in a pause.
const READING: Duration = Duration::from_millis(900);
/// Accepted text is marked this long.
const FLASH: Duration = Duration::from_millis(600);
/// Shorter suggestions are typed, not accepted.
const WORTH_A_TAB: usize = 4;
/// After accepting, the person types at least so many keys: typing is what the demo shows.
const KEYS_BETWEEN_TABS: usize = 6;
/// Requests for the first answer.
const TRIES: u32 = 3;
/// How often the loading of the model is looked at.
const TICK: Duration = Duration::from_millis(200);

/// Plays the trace once and calls `show` whenever something can be seen.
///
/// # Errors
/// If the engine cannot work, or `show` fails.
pub async fn play(
    trace: &Trace,
    completer: &dyn Complete,
    speed: f64,
    show: &mut (dyn FnMut(&Scene<'_>, Moment) -> io::Result<()> + Send),
) -> Result<Summary> {
    let mut person = Person {
        trace,
        completer,
        show,
        buffer: trace.start.clone(),
        ghost: String::new(),
        status: String::new(),
        device: String::new(),
        summary: Summary::default(),
        first_token_ms: Vec::new(),
    };
    person.wait_for_the_model().await?;
    person.type_all(speed).await?;
    person.first_token_ms.sort_by(f64::total_cmp);
    let middle = person.first_token_ms.len() / 2;
    person.summary.first_token_ms = person.first_token_ms.get(middle).copied().unwrap_or(0.0);
    Ok(person.summary)
}

struct Person<'a> {
    trace: &'a Trace,
    completer: &'a dyn Complete,
    show: &'a mut (dyn FnMut(&Scene<'_>, Moment) -> io::Result<()> + Send),
    buffer: Buffer,
    ghost: String,
    status: String,
    device: String,
    summary: Summary,
    first_token_ms: Vec<f64>,
}

impl Person<'_> {
    async fn wait_for_the_model(&mut self) -> Result<()> {
        let mut tries = 0;
        let completion = loop {
            let completion = self.first_answer().await?;
            if let Status::Failed(reason) = &*self.completer.status().borrow() {
                bail!("{reason}");
            }
            let read = completion.metrics.prompt_tokens_evaluated
                + completion.metrics.prompt_tokens_reused;
            tries += 1;
            match read {
                // An engine that was just going away has another one behind it.
                0 if tries < TRIES => continue,
                0 => bail!("{}", completion.reason),
                _ => break completion,
            }
        };
        if let Status::Ready(info) = &*self.completer.status().borrow() {
            self.device = without_instruction_sets(&info.device);
        }
        self.see(completion)?;
        // This answer waited for the weights and read the whole file: it is no measure of typing.
        self.summary.prompt = PromptUsage::default();
        self.first_token_ms.clear();
        Ok(())
    }

    async fn first_answer(&mut self) -> Result<Completion> {
        let mut asked = self.ask()?;
        loop {
            if let Ok(completion) = timeout(TICK, &mut asked).await {
                return Ok(completion);
            }
            self.status = match &*self.completer.status().borrow() {
                Status::Ready(_) => "reading the file".to_owned(),
                Status::Loading { progress } => {
                    format!("loading the model: {:.0} %", progress * 100.0)
                }
                _ => "starting the engine".to_owned(),
            };
            self.look(None, Moment::Waited)?;
        }
    }

    async fn type_all(&mut self, speed: f64) -> Result<()> {
        let at_speed = |time: Duration| time.div_f64(speed);
        let mut asked: Option<BoxFuture<'static, Completion>> = None;
        let mut patience = ALL_PATIENCE;
        let mut keys_since_tab = KEYS_BETWEEN_TABS;
        let mut keys_without_suggestion = 0;
        let mut next = 0;
        while let Some((gap, change)) = self.trace.events.get(next) {
            let pause =
                *gap >= PAUSE || next == 0 || keys_without_suggestion >= KEYS_WITHOUT_SUGGESTION;
            let started = Instant::now();
            let mut due = started + at_speed((*gap).min(LONGEST_GAP));
            if let Some(answer) = asked.take() {
                let at_most = if pause {
                    due.max(started + PATIENCE.min(patience))
                } else {
                    due
                };
                if let Ok(completion) = timeout_at(at_most, answer).await {
                    self.see(completion)?;
                }
                patience = patience.saturating_sub(Instant::now().saturating_duration_since(due));
            }
            if !self.ghost.is_empty() || pause {
                keys_without_suggestion = 0;
            }
            if pause && !self.ghost.is_empty() {
                due = due.max(Instant::now() + at_speed(READING));
            }
            sleep_until(due).await;

            let skip_to = (keys_since_tab >= KEYS_BETWEEN_TABS)
                .then(|| self.acceptable(next))
                .flatten();
            match skip_to {
                Some(end) => {
                    self.accept()?;
                    next = end;
                    keys_since_tab = 0;
                    asked = Some(self.ask()?);
                    tokio::time::sleep(at_speed(FLASH)).await;
                    self.look(None, Moment::Waited)?;
                }
                None => {
                    self.press(change)?;
                    next += 1;
                    keys_since_tab += 1;
                    keys_without_suggestion += 1;
                    asked = Some(self.ask()?);
                }
            }
            self.summary.keys += 1;
        }
        tokio::time::sleep(at_speed(READING)).await;
        Ok(())
    }

    /// A key: what was suggested stays in sight as long as it agrees with what is typed.
    fn press(&mut self, change: &Change) -> Result<()> {
        self.ghost = match change {
            Change::Insert { at, text } if *at == self.buffer.cursor => self
                .ghost
                .strip_prefix(text.as_str())
                .unwrap_or_default()
                .to_owned(),
            _ => String::new(),
        };
        self.buffer.apply(change);
        self.look(None, Moment::Typed)
    }

    /// The event that comes after the suggestion's first line, if that line is what the person was about to type.
    fn acceptable(&self, next: usize) -> Option<usize> {
        let line = first_line(&self.ghost);
        (line.trim().chars().count() >= WORTH_A_TAB)
            .then(|| self.trace.skip_to(&self.buffer, next, line))
            .flatten()
    }

    fn accept(&mut self) -> Result<()> {
        let text = first_line(&self.ghost).to_owned();
        let at = self.buffer.cursor;
        self.ghost.clear();
        self.buffer.apply(&Change::Insert { at, text });
        let accepted = at..self.buffer.cursor;
        self.summary.accepted += 1;
        self.summary.accepted_characters += accepted.len();
        self.look(Some(accepted), Moment::Accepted)
    }

    /// Asks for a completion at the cursor. Dropping the answer cancels the request.
    fn ask(&self) -> Result<BoxFuture<'static, Completion>> {
        // The project lies nowhere: its files are in the trace.
        let workspace = std::env::temp_dir().join(&self.trace.project);
        let text = self.buffer.text.to_string();
        Ok(self.completer.complete(Request {
            snapshot: complete::snapshot(&workspace.join(&self.trace.path), &text)?,
            cursor: self.buffer.text.char_to_byte(self.buffer.cursor),
            trigger: Trigger::Line,
            selected: None,
            workspace: Some(workspace),
        }))
    }

    fn see(&mut self, completion: Completion) -> Result<()> {
        let metrics = &completion.metrics;
        self.status = format!(
            "first token {:.0} ms · prompt tokens {} evaluated, {} reused · {} · {}",
            metrics.first_token_ms,
            metrics.prompt_tokens_evaluated,
            metrics.prompt_tokens_reused,
            metrics.model,
            self.device,
        );
        self.ghost.clear();
        if completion.shown {
            self.ghost = completion.text;
            self.summary.suggestions += 1;
            self.first_token_ms.push(metrics.first_token_ms);
            self.summary.prompt.evaluated += metrics.prompt_tokens_evaluated;
            self.summary.prompt.reused += metrics.prompt_tokens_reused;
        }
        self.look(None, Moment::Suggested)
    }

    fn look(&mut self, accepted: Option<Range<usize>>, moment: Moment) -> Result<()> {
        let scene = Scene {
            buffer: &self.buffer,
            ghost: &self.ghost,
            accepted,
            status: &self.status,
        };
        Ok((self.show)(&scene, moment)?)
    }
}

/// "CPU (icelake: AVX-512, VNNI), 2 threads" in fewer words, for one line of the terminal.
fn without_instruction_sets(device: &str) -> String {
    let cut = device.find(':').zip(device.rfind(')'));
    match cut.filter(|(colon, bracket)| colon < bracket) {
        Some((colon, bracket)) => format!("{}{}", &device[..colon], &device[bracket..]),
        None => device.to_owned(),
    }
}

fn first_line(text: &str) -> &str {
    text.split(['\n', '\r']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        completion::Metrics,
        models::pull::{Mirror, PullFailure},
        stats::Stats,
    };
    use futures::FutureExt;
    use tokio::sync::watch;

    /// Answers with the rest of this line, wherever the cursor is in it.
    struct Knows(&'static str, Status);

    impl Complete for Knows {
        fn complete(&self, request: Request) -> BoxFuture<'static, Completion> {
            let before = request
                .snapshot
                .rope
                .byte_slice(..request.cursor)
                .to_string();
            let line = before.lines().last().unwrap_or_default().to_owned();
            let rest = self.0.strip_prefix(line.as_str()).unwrap_or_default();
            let completion = Completion {
                text: rest.to_owned(),
                shown: !rest.is_empty(),
                metrics: Metrics {
                    prompt_tokens_evaluated: u32::from(!self.0.is_empty()),
                    ..Metrics::default()
                },
                ..Completion::hidden(request.cursor, "no answer")
            };
            async move { completion }.boxed()
        }

        fn status(&self) -> watch::Receiver<Status> {
            watch::channel(self.1.clone()).1
        }

        fn pull_model(&self, _mirror: Mirror) -> BoxFuture<'static, Result<(), PullFailure>> {
            async { Ok(()) }.boxed()
        }

        fn stats(&self) -> Stats {
            Stats::default()
        }

        fn closed(&self, _: &str) {}
    }

    const TYPED: &str = r#"{"repo":"r","path":"a.py","text":"\n","cursor":0}
{"t":10,"op":"insert","at":0,"text":"t"}
{"t":20,"op":"insert","at":1,"text":"o"}
{"t":30,"op":"insert","at":2,"text":"t"}
{"t":40,"op":"insert","at":3,"text":"a"}
{"t":50,"op":"insert","at":4,"text":"l"}
{"t":60,"op":"insert","at":5,"text":"s"}
{"t":70,"op":"insert","at":6,"text":"\n"}"#;

    async fn played(knows: Knows) -> (Result<Summary>, Vec<(Moment, String)>) {
        let trace = Trace::parse(TYPED).unwrap();
        let mut seen = Vec::new();
        let mut show = |scene: &Scene<'_>, moment| {
            let before = scene.buffer.line_before_cursor();
            seen.push((moment, format!("{before}|{}", scene.ghost)));
            Ok(())
        };
        let summary = play(&trace, &knows, 1000.0, &mut show).await;
        (summary, seen)
    }

    #[tokio::test]
    async fn a_suggestion_that_is_right_is_accepted_and_what_it_covers_is_not_typed() {
        let (summary, seen) = played(Knows("totals", Status::Stopped)).await;
        let summary = summary.unwrap();
        assert_eq!(
            (summary.keys, summary.accepted, summary.accepted_characters),
            (2, 1, 6)
        );
        assert_eq!(seen[0], (Moment::Suggested, "|totals".to_owned()));
        assert_eq!(seen[1], (Moment::Accepted, "totals|".to_owned()));
    }

    #[tokio::test]
    async fn a_suggestion_that_is_wrong_is_typed_over() {
        let (summary, seen) = played(Knows("tots = 3", Status::Stopped)).await;
        let summary = summary.unwrap();
        assert_eq!((summary.keys, summary.accepted), (7, 0));
        assert_eq!(seen[1], (Moment::Typed, "t|ots = 3".to_owned()));
        assert!(
            seen.contains(&(Moment::Typed, "tota|".to_owned())),
            "{seen:?}"
        );
        assert_eq!(seen.last().unwrap(), &(Moment::Typed, "|".to_owned()));
    }

    #[tokio::test]
    async fn an_engine_without_an_answer_is_not_waited_for() {
        let (summary, seen) = played(Knows("", Status::Stopped)).await;
        assert_eq!(summary.unwrap_err().to_string(), "no answer");
        assert_eq!(seen, []);
    }

    #[test]
    fn the_status_has_room_for_the_device() {
        let told = |device| without_instruction_sets(device);
        assert_eq!(
            told("CPU (zen4: AVX, BF16), 2 threads"),
            "CPU (zen4), 2 threads"
        );
        assert_eq!(told("toy"), "toy");
        assert_eq!(told("): ("), "): (");
    }

    #[tokio::test]
    async fn an_engine_that_cannot_work_is_told_at_once() {
        let failed = Status::Failed("There is no memory.".to_owned());
        let (summary, _) = played(Knows("", failed)).await;
        assert_eq!(summary.unwrap_err().to_string(), "There is no memory.");
    }
}
