//! The way of one action: is it still good, what does the model see, what does it say, does that pass, and what is edited. Holds no state
//! of its own; dropping the future ends the model's work.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use ropey::Rope;
use thiserror::Error;

use super::{
    Action, Offer, Problem,
    answer::{self, Fault, Said, TestCode},
    edit::{self, Edit, smallest},
    names::Renaming,
    offer::{self, Place, Stale},
    prompt::{End, Matter, Question, Tests},
    signs,
    slip::{self, Mended, Retyping, Typed},
    test_place::{self, TestPlace},
};
use crate::{
    context::{
        Piece, Source,
        plan::{Plan, Window},
        privacy::{self, Cleared},
        workspace::Workspace,
    },
    display,
    documents::Snapshot,
    engine::{Engine, Event, Finish, Job, Limits, Priority, Status},
    prompt::{
        Prompt,
        chat::{ChatTemplate, Retry},
    },
};

/// Bytes of other files that the model sees: as much as it reads in two seconds on two cores, and more than a small model can use.
const RELATED_BYTES: usize = 2048;
/// Entries of a folder that are looked at for test files.
const MAX_NAMES: usize = 20_000;
/// A test file above this size is not added to.
const MAX_TEST_FILE_BYTES: u64 = 256 * 1024;

/// One action on one document.
#[derive(Debug, Clone)]
pub struct Act {
    pub snapshot: Snapshot,
    pub offer: Offer,
    /// The workspace folder that holds it.
    pub folder: Option<PathBuf>,
    /// What holds all that may be read and written for it; without one, the repository around the document, or its folder.
    pub bounds: Option<PathBuf>,
    /// Without them one can measure what they are worth.
    pub with: With,
}

/// What of tacit is in an action beside the model.
#[derive(Debug, Clone, Copy)]
pub struct With {
    /// Other files in the prompt.
    pub context: bool,
    /// An answer is judged, and asked for once more.
    pub checks: bool,
}

impl Default for With {
    fn default() -> Self {
        Self {
            context: true,
            checks: true,
        }
    }
}

/// What an action came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub change: Change,
    pub cost: Cost,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The smallest edits of the document, in the order of its text.
    Document(Vec<Edit>),
    /// Another file, which may be new, with all of its new text.
    File {
        path: PathBuf,
        old: Option<String>,
        new: String,
    },
    /// Nothing changes: Markdown to read.
    Words(String),
}

impl Change {
    /// Whether new text has signs that nobody sees, or that steer a terminal. Those that the user's own text has already may stay.
    fn adds_hidden_signs(&self, document: &Rope) -> bool {
        let is_added = |text: &str, old: &str| {
            let mut hidden = text.chars().filter(|&c| display::is_unfit_for_code(c));
            hidden.any(|c| !old.contains(c) && !document.chars().any(|own| own == c))
        };
        match self {
            Self::Document(edits) => edits.iter().any(|edit| is_added(&edit.text, "")),
            Self::File { old, new, .. } => is_added(new, old.as_deref().unwrap_or_default()),
            Self::Words(_) => false,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    pub attempts: u32,
    pub tokens_generated: u32,
    pub seconds: f64,
}

/// Why nothing changes, in a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error("{0}")]
    Private(&'static str),
    #[error(
        "The code holds what looks like a secret value, which no model is shown, so it cannot be written anew. Move the value out of it first."
    )]
    Secret,
    #[error(
        "The model has written `{}` in the place of a secret value, which it is not shown, so nothing was changed.",
        privacy::PLACEHOLDER
    )]
    Masked,
    #[error(
        "This model does not follow instructions, so it does no code actions. Choose an instruct model with `actions.model`."
    )]
    NoChat,
    #[error("No place is known for tests of this file.")]
    NoTestPlace,
    #[error("Tests cannot go into {}: it {reason}.", path.display())]
    TestFile { path: PathBuf, reason: String },
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("{0}")]
    Engine(String),
}

/// What can be told while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Counted from 1.
    pub attempt: u32,
    pub tokens: u32,
    /// All that the model has said in this attempt.
    pub text: &'a str,
}

/// Does actions with one engine.
pub struct Actor {
    engine: Arc<dyn Engine>,
    workspace: Arc<Workspace>,
}

impl Actor {
    pub fn new(engine: Arc<dyn Engine>, workspace: Arc<Workspace>) -> Self {
        Self { engine, workspace }
    }

    /// Does what is asked. `told` hears of each piece of text.
    ///
    /// # Errors
    /// If nothing can be changed; nothing is, then.
    pub async fn act(
        &self,
        act: Act,
        told: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Done, Refusal> {
        let document = act.snapshot.rope.clone();
        let done = self.work(act, told).await?;
        match done.change.adds_hidden_signs(&document) {
            true => Err(Fault::Hidden.into()),
            false => Ok(done),
        }
    }

    async fn work(
        &self,
        act: Act,
        told: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Done, Refusal> {
        let started = Instant::now();
        let cleared = Workspace::clear(&self.workspace, &act.snapshot, act.folder.clone()).await;
        let cleared = cleared.map_err(Refusal::Private)?;
        let prepared = self.prepare(act, cleared).await?;
        let mut cost = Cost::default();
        if let Some(change) = prepared.follows() {
            cost.seconds = started.elapsed().as_secs_f64();
            return Ok(Done { change, cost });
        }
        let template = self.template().await?;
        if let Some(change) = self.mend_slip(&prepared, &mut cost, told).await? {
            cost.seconds = started.elapsed().as_secs_f64();
            return Ok(Done { change, cost });
        }
        let mut question = prepared.question.clone();
        loop {
            cost.attempts += 1;
            let answer = self
                .ask(&prepared, &question, &template, &mut cost, told)
                .await?;
            match prepared.judge(&answer) {
                Ok(change) => {
                    cost.seconds = started.elapsed().as_secs_f64();
                    return Ok(Done { change, cost });
                }
                Err(Refusal::Fault(fault)) if question.messages.retries.is_empty() => {
                    let Some(objection) = fault.retry_hint() else {
                        return Err(fault.into());
                    };
                    question.messages.retries.push(Retry {
                        answer: question.messages.answer_head.clone() + &answer.written,
                        objection,
                    });
                }
                Err(refusal) => return Err(refusal),
            }
        }
    }

    /// All that can be worked out before the model is asked. Reads files.
    async fn prepare(&self, act: Act, cleared: Cleared) -> Result<Prepared, Refusal> {
        let workspace = self.workspace.clone();
        let prepare = move || Prepared::new(act, &workspace, cleared);
        tokio::task::spawn_blocking(prepare)
            .await
            .unwrap_or_else(|_| {
                Err(Refusal::Engine(
                    "The action could not be prepared.".to_owned(),
                ))
            })
    }

    /// The chat template of the model, which may have to be loaded first.
    async fn template(&self) -> Result<ChatTemplate, Refusal> {
        let mut status = self.engine.status();
        self.engine.warm_up();
        let ready = status
            .wait_for(|status| {
                matches!(
                    status,
                    Status::Ready(_) | Status::Failed(_) | Status::Missing { .. }
                )
            })
            .await;
        match ready.as_deref() {
            Ok(Status::Ready(info)) => info.chat.clone().ok_or(Refusal::NoChat),
            Ok(Status::Failed(reason)) => Err(Refusal::Engine(reason.clone())),
            Ok(Status::Missing { model, .. }) => Err(Refusal::Engine(format!(
                "The model {model} is not on this machine yet: `tacit models pull {model}` gets it."
            ))),
            _ => Err(Refusal::Engine("The engine has ended.".to_owned())),
        }
    }

    /// The change that mends a slip in the line of the only problem, if that is what it is.
    async fn mend_slip(
        &self,
        prepared: &Prepared,
        cost: &mut Cost,
        told: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<Change>, Refusal> {
        let Some(mut retyping) = prepared.retyping() else {
            return Ok(None);
        };
        let act = &prepared.act;
        let folder = act.folder.as_deref().and_then(Path::file_name);
        let project = folder.unwrap_or_default().to_string_lossy();
        let path = act.relative(act.snapshot.path.as_deref());
        cost.attempts += 1;
        while let Some(prompt) = retyping.prompt(&project, &path) {
            let limits = limits(slip::MAX_TOKENS, Some(1));
            let answer = self
                .answer(prepared, prompt, limits, End::Model, cost, told)
                .await;
            // A model that does not fill in the middle may still follow instructions.
            let typed = match answer {
                Err(Refusal::Engine(_)) => return Ok(None),
                answer => answer?.typed,
            };
            let mended = retyping.take(&typed);
            let change = mended.and_then(|mended| prepared.mend(&retyping.range, mended));
            if change.is_some() {
                return Ok(change);
            }
        }
        Ok(None)
    }

    async fn ask(
        &self,
        prepared: &Prepared,
        question: &Question,
        template: &ChatTemplate,
        cost: &mut Cost,
        told: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Answer, Refusal> {
        let prompt = question.messages.prompt(template);
        let limits = limits(question.max_tokens, None);
        self.answer(prepared, prompt, limits, question.end, cost, told)
            .await
    }

    /// What the model says to a prompt, up to `end`.
    async fn answer(
        &self,
        prepared: &Prepared,
        prompt: Prompt,
        limits: Limits,
        end: End,
        cost: &mut Cost,
        told: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Answer, Refusal> {
        let job = Job {
            document: format!(
                "{} action {}",
                std::process::id(),
                prepared.act.snapshot.uri
            ),
            prompt,
            priority: Priority::Action,
            limits,
            weighed: None,
        };
        let mut handle = self.engine.submit(job);
        let mut answer = Answer::default();
        let mut tokens = 0;
        while let Some(event) = handle.next().await {
            match event {
                Event::Prefilled(_) | Event::Weighed { .. } => {}
                Event::Text { text, probability } => {
                    answer.written.push_str(&text);
                    answer.typed.push((text, probability));
                    tokens += 1;
                    told(Progress {
                        attempt: cost.attempts,
                        tokens,
                        text: &answer.written,
                    });
                    if end.is_reached(&answer.written) {
                        handle.cancel();
                    }
                }
                Event::Finished { finish, usage } => {
                    cost.tokens_generated += usage.generated;
                    match finish {
                        Finish::EndOfText => {}
                        Finish::Limit => answer.is_cut_off = true,
                        Finish::Cancelled if end.is_reached(&answer.written) => {}
                        Finish::Cancelled => {
                            return Err(Refusal::Engine(
                                "The action was interrupted. Try it again.".to_owned(),
                            ));
                        }
                        Finish::Failed(reason) => return Err(Refusal::Engine(reason)),
                    }
                }
            }
        }
        Ok(answer)
    }
}

fn limits(max_tokens: u32, max_lines: Option<u32>) -> Limits {
    Limits {
        max_tokens,
        max_lines,
        urgent_lines: None,
        says_something: false,
        drafts: true,
    }
}

/// What the model said behind the head of its answer.
#[derive(Debug, Default)]
struct Answer {
    written: String,
    /// The same, token by token.
    typed: Typed,
    is_cut_off: bool,
}

/// An action whose place has been found and whose question is known.
struct Prepared {
    act: Act,
    place: Place,
    question: Question,
    tests: Option<TestFile>,
}

/// Where tests go, and what is there.
struct TestFile {
    place: TestPlace,
    text: Option<String>,
    module: Option<String>,
}

impl Prepared {
    /// Of a document that a model may see, as `_cleared` proves.
    fn new(act: Act, workspace: &Workspace, _cleared: Cleared) -> Result<Self, Refusal> {
        let place = offer::place(&act.snapshot, &act.offer)?;
        let rope = &act.snapshot.rope;
        let target = act.offer.target.range.clone();
        let is_rewritten = matches!(
            act.offer.action,
            Action::Fix { .. } | Action::Simplify | Action::Edit { .. }
        );
        if is_rewritten
            && privacy::shown(rope, target.clone(), act.snapshot.notation())
                != rope.byte_slice(target.clone())
        {
            return Err(Refusal::Secret);
        }
        let tests = match act.offer.action {
            Action::Test => Some(TestFile::find(&act, workspace)?),
            _ => None,
        };
        let pieces = match act.with.context {
            true => related(&act, workspace),
            false => Vec::new(),
        };
        let source = offer::Source::new(&act.snapshot);
        let path = act.relative(act.snapshot.path.as_deref());
        let test_path = tests.as_ref().map(|tests| match &tests.place {
            TestPlace::File { path, .. } => act.relative(Some(path)),
            TestPlace::SameFile { .. } => path.clone(),
        });
        let matter = Matter {
            source: &source,
            rope,
            offer: &act.offer,
            place: &place,
            path: &path,
            pieces: &pieces,
            tests: tests
                .as_ref()
                .zip(test_path.as_deref())
                .map(|(tests, path)| Tests {
                    place: &tests.place,
                    path,
                    text: tests.text.as_deref(),
                    module: tests.module.as_deref(),
                }),
        };
        let question = matter.question();
        Ok(Self {
            act,
            place,
            question,
            tests,
        })
    }

    /// The only problem that is to be fixed, where the answer will be judged.
    fn problem(&self) -> Option<&Problem> {
        let problem = self.act.offer.action.only_problem();
        problem.filter(|_| self.act.with.checks)
    }

    fn is_in_target(&self, range: &Range<usize>) -> bool {
        let target = &self.act.offer.target.range;
        target.start <= range.start && range.end <= target.end
    }

    /// The line of the only problem, where it is in the target.
    fn retyping(&self) -> Option<Retyping> {
        let snapshot = &self.act.snapshot;
        let retyping = Retyping::of(&snapshot.rope, self.problem()?, snapshot.notation())?;
        self.is_in_target(&retyping.range).then_some(retyping)
    }

    /// The change of a line that the model typed anew: it may be, and where the model is in doubt, the file parses again by it.
    fn mend(&self, range: &Range<usize>, mended: Mended) -> Option<Change> {
        let old = self.act.snapshot.rope.byte_slice(range.clone()).to_string();
        let problem = std::slice::from_ref(self.problem()?);
        if answer::only_rewords(&mended.line, &old, problem) {
            return None;
        }
        if mended.is_sure {
            return self.judge_part(range, &mended.line).ok();
        }
        let edit = Edit {
            range: range.clone(),
            text: mended.line,
        };
        self.first_healing(vec![edit])
    }

    /// The change that follows from the message of the only problem, without a model.
    fn follows(&self) -> Option<Change> {
        let problem = self.problem()?;
        let document = self.act.snapshot.rope.to_string();
        self.first_healing(signs::missing(&document, problem))
            .or_else(|| self.renamed(Renaming::of(&document, problem)?))
    }

    fn renamed(&self, renaming: Renaming) -> Option<Change> {
        let Renaming { range, name } = renaming;
        let change = || self.judge_part(&range, &name).ok();
        self.is_in_target(&range).then(change).flatten()
    }

    /// The first of these edits that makes the file parse again.
    fn first_healing(&self, edits: Vec<Edit>) -> Option<Change> {
        let Act {
            snapshot, offer, ..
        } = &self.act;
        let texts = edits
            .into_iter()
            .filter(|edit| self.is_in_target(&edit.range))
            .map(|edit| self.with_part(&edit.range, &edit.text));
        let healed = answer::healing(texts, offer, snapshot)?;
        Some(self.edits(&healed))
    }

    /// Of the changes of a fix the one that alone makes the file parse again: a small model likes to change more than that.
    fn smallest_healing(&self, text: &str) -> Option<Change> {
        let Act {
            snapshot, offer, ..
        } = &self.act;
        let target = &offer.target.range;
        let old = snapshot.rope.byte_slice(target.clone()).to_string();
        let edits = smallest(&old, text);
        self.problem().filter(|_| edits.len() > 1)?;
        let alone = edits
            .iter()
            .map(|edit| edit::apply(&old, std::slice::from_ref(edit)));
        let healed = answer::healing(alone, offer, snapshot)?;
        Some(self.edits(&healed))
    }

    /// The target with other text in place of a part of it.
    fn with_part(&self, part: &Range<usize>, text: &str) -> String {
        let target = &self.act.offer.target.range;
        let [before, behind] = [target.start..part.start, part.end..target.end]
            .map(|range| self.act.snapshot.rope.byte_slice(range).to_string());
        format!("{before}{text}{behind}")
    }

    /// What other text in place of a part of the target changes, if it may: judged like an answer that says all of the target.
    fn judge_part(&self, part: &Range<usize>, text: &str) -> Result<Change, Refusal> {
        let new = self.with_part(part, text);
        answer::check(&new, &self.act.offer, &self.act.snapshot)?;
        Ok(self.edits(&new))
    }

    /// What an answer changes, if it may.
    fn judge(&self, answer: &Answer) -> Result<Change, Refusal> {
        let Act {
            snapshot, offer, ..
        } = &self.act;
        if answer
            .written
            .trim_matches(|c: char| c.is_whitespace() || c == '`')
            .is_empty()
        {
            return Err(Fault::Empty.into());
        }
        let text = self.question.answer(&answer.written);
        let said = Said {
            text: &text,
            is_cut_off: answer.is_cut_off,
        };
        let is_prose = matches!(offer.action, Action::Explain { .. } | Action::Document);
        if !is_prose && self.repeats_mask(said.text) {
            return Err(Refusal::Masked);
        }
        match &offer.action {
            Action::Explain { .. } => {
                Ok(Change::Words(display::prose(&answer::explanation(said)?)))
            }
            Action::Test => self.tests(said),
            Action::Document => {
                let prose = answer::documentation(said, offer, snapshot)?;
                let filled = self.place.fill(without_sections(&prose));
                answer::check(&filled, offer, snapshot)?;
                Ok(self.edits(&filled))
            }
            _ if !self.act.with.checks => {
                Ok(self.edits(&self.place.fill(&answer::unchecked(said, offer, snapshot)?)))
            }
            _ => {
                let read = answer::read(said, offer, snapshot, &|code| self.place.fill(code))?;
                let change = self.smallest_healing(&read.text);
                Ok(change.unwrap_or_else(|| self.edits(&read.text)))
            }
        }
    }

    /// The answer holds what stands for a secret value in the prompt, and nothing like it is in the document: as code it would be wrong.
    fn repeats_mask(&self, answer: &str) -> bool {
        let document = || self.act.snapshot.rope.to_string();
        answer.contains(privacy::PLACEHOLDER) && !document().contains(privacy::PLACEHOLDER)
    }

    /// The smallest edits that put `text` in place of the target, and take the comment with the instruction away.
    fn edits(&self, text: &str) -> Change {
        let rope = &self.act.snapshot.rope;
        let target = self.act.offer.target.range.clone();
        let old = rope.byte_slice(target.clone()).to_string();
        let mut edits: Vec<Edit> = smallest(&old, text)
            .into_iter()
            .map(|edit| Edit {
                range: edit.range.start + target.start..edit.range.end + target.start,
                text: edit.text,
            })
            .collect();
        if let Some(range) = self.place.removed.clone() {
            edits.push(Edit {
                range,
                text: String::new(),
            });
            edits.sort_by_key(|edit| edit.range.start);
        }
        Change::Document(edits)
    }

    fn tests(&self, said: Said) -> Result<Change, Refusal> {
        let Act {
            snapshot, offer, ..
        } = &self.act;
        let tests = self.tests.as_ref().ok_or(Refusal::NoTestPlace)?;
        let code = answer::tests(said, offer, snapshot)?;
        let newline = self.place.newline;
        match &tests.place {
            TestPlace::SameFile { at, needs_module } => {
                let text = in_module(&code, *needs_module).replace('\n', newline);
                Ok(Change::Document(vec![Edit {
                    range: *at..*at,
                    text,
                }]))
            }
            TestPlace::File { path, .. } => Ok(Change::File {
                path: path.clone(),
                old: tests.text.clone(),
                new: in_file(&code, tests.text.as_deref(), newline),
            }),
        }
    }
}

impl TestFile {
    fn find(act: &Act, workspace: &Workspace) -> Result<Self, Refusal> {
        let snapshot = &act.snapshot;
        let place = test_place::test_place(snapshot, &names_in).ok_or(Refusal::NoTestPlace)?;
        let text = match &place {
            TestPlace::File { path, exists } => read_test_file(path, *exists, act, workspace)?,
            TestPlace::SameFile { .. } => None,
        };
        let module = snapshot.path.as_deref().zip(snapshot.language);
        let module = module.and_then(|(path, language)| {
            test_place::module(path, &place, language.id(), &names_in)
        });
        Ok(Self {
            place,
            text,
            module,
        })
    }
}

/// The text of the test file, if it `exists`. Tests go into the document's own project only, wherever links lead, and the model is shown no more of
/// the file than of others.
fn read_test_file(
    path: &Path,
    exists: bool,
    act: &Act,
    workspace: &Workspace,
) -> Result<Option<String>, Refusal> {
    let refused = |reason: String| Refusal::TestFile {
        path: path.to_owned(),
        reason,
    };
    let of = act.snapshot.path.as_deref().ok_or(Refusal::NoTestPlace)?;
    let bounds = act.bounds.as_deref();
    if !exists {
        privacy::inside(path, of, bounds).map_err(refused)?;
        return Ok(None);
    }
    let ignored = workspace.index.ignored();
    let text = privacy::read(path, MAX_TEST_FILE_BYTES, of, bounds, ignored);
    text.map(Some).map_err(refused)
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .take(MAX_NAMES)
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

/// Documentation up to its first example or heading, which a small model makes up; but what is said of errors stays.
fn without_sections(prose: &str) -> &str {
    const KEPT: [&str; 3] = ["# Errors", "# Panics", "# Safety"];
    let mut at = 0;
    for line in prose.split_inclusive('\n') {
        let is_section = line.starts_with("# ") && !KEPT.contains(&line.trim_end());
        if at > 0 && (is_section || line.starts_with("```")) {
            return prose[..at].trim_end();
        }
        at += line.len();
    }
    prose
}

/// Tests behind the last item of a Rust module `tests`, or with a new one behind the last item of the file.
fn in_module(tests: &TestCode, needs_module: bool) -> String {
    const INDENT: &str = "    ";
    let indented = |code: &str| {
        let line = |line: &str| match line.trim() {
            "" => "\n".to_owned(),
            _ => format!("{INDENT}{line}\n"),
        };
        code.lines().map(line).collect::<String>()
    };
    if !needs_module {
        // Its imports are those of the module.
        return format!("\n\n{}", indented(&tests.code).trim_end());
    }
    let mut imports = vec!["use super::*;".to_owned()];
    imports.extend(
        tests
            .imports
            .iter()
            .filter(|import| !import.starts_with("use super::"))
            .cloned(),
    );
    let imports = indented(&imports.join("\n"));
    let code = indented(&tests.code);
    format!("\n\n#[cfg(test)]\nmod tests {{\n{imports}\n{code}}}")
}

/// A test file with these tests at its end, and what it has to import at its head.
fn in_file(tests: &TestCode, existing: Option<&str>, newline: &str) -> String {
    let existing = existing.unwrap_or_default();
    let newline = match existing.contains("\r\n") {
        true => "\r\n",
        false if existing.is_empty() => newline,
        false => "\n",
    };
    let is_known = |import: &&String| existing.lines().any(|line| line.trim() == import.trim());
    let missing: Vec<&str> = tests
        .imports
        .iter()
        .filter(|import| !is_known(import))
        .map(String::as_str)
        .collect();
    let head = end_of_imports(existing, &tests.imports);
    let mut text = existing[..head].to_owned();
    for import in missing {
        text += &format!("{import}{newline}");
    }
    let rest = existing[head..].trim_end();
    if !rest.trim().is_empty() {
        text += rest;
        text += newline;
    }
    if !text.is_empty() {
        text += &format!("{newline}{newline}");
    }
    text + &tests.code.trim_end().replace('\n', newline) + newline
}

/// Behind the last line of `text` that begins like one of these imports; where there is none, its beginning.
fn end_of_imports(text: &str, imports: &[String]) -> usize {
    let firsts: Vec<&str> = imports
        .iter()
        .filter_map(|import| import.split_whitespace().next())
        .collect();
    let mut end = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let is_import = line
            .split_whitespace()
            .next()
            .is_some_and(|first| firsts.contains(&first));
        if is_import && !line.starts_with([' ', '\t']) && line.ends_with('\n') {
            end = at;
        }
    }
    end
}

/// What other files, and other parts of this one, say of what the target uses.
fn related(act: &Act, workspace: &Workspace) -> Vec<Piece> {
    let rope = &act.snapshot.rope;
    let window = act.offer.target.range.clone();
    let cursor = match &act.offer.action {
        Action::Fix { problems } | Action::Explain { problems } => {
            problems.first().map(|problem| problem.range.start)
        }
        _ => None,
    };
    let cursor = cursor.unwrap_or(window.end);
    // What looks alike, or was edited of late, is what a small model writes instead of the code.
    let without = [Source::Similar, Source::RecentEdits, Source::Diagnostic];
    let folder = act.folder.as_deref();
    let pieces = workspace.pieces(&act.snapshot, cursor, &window, folder, &without);
    let line = |byte| rope.byte_to_line(byte) as u32 + 1;
    let text = rope.byte_slice(window.clone()).to_string();
    let shown = Window {
        path: act.snapshot.path.as_deref(),
        lines: line(window.start)..=line(window.end),
        text: &text,
    };
    Plan::choose(pieces, &shown, RELATED_BYTES, &Plan::default()).pieces
}

impl Act {
    /// A path as a person reads it in the project.
    fn relative(&self, path: Option<&Path>) -> String {
        let Some(path) = path else {
            return "the file".to_owned();
        };
        let inside = self
            .folder
            .as_deref()
            .and_then(|folder| path.strip_prefix(folder).ok());
        let name = || path.file_name().map_or(path, Path::new);
        inside.unwrap_or_else(name).to_string_lossy().into_owned()
    }
}
