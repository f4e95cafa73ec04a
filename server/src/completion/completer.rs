//! The way of one request, in the order of its steps: where the anchor is, what the model sees, what it says, what of that is
//! shown. Dropping the future stops the engine; the KV cache keeps what was computed.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, FutureExt};
use lru::LruCache;
use tokio::sync::watch;

use super::{
    Complete, Completion, ContextPiece, Metrics, Request, Selected, Trigger, post, privacy,
};
use crate::{
    config::Settings,
    documents::Snapshot,
    engine::{Engine, Event, Finish, Job, Limits, Priority, Status, Usage},
    prompt::layout::{Anchor, Layout},
    stats::Stats,
};

/// Documents whose anchors are remembered; more than the engine has slots, less than matters.
const ANCHORS: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// Completes through any [`Engine`].
pub struct Completer(Arc<Inner>);

struct Inner {
    engine: Arc<dyn Engine>,
    settings: watch::Receiver<Arc<Settings>>,
    layout: Layout,
    /// Tells this process's documents from those of other windows in the shared engine.
    client: String,
    anchors: Mutex<LruCache<Arc<str>, Anchor>>,
    stats: Mutex<Stats>,
}

impl Completer {
    pub fn new(engine: Arc<dyn Engine>, settings: watch::Receiver<Arc<Settings>>) -> Self {
        Self::with_layout(engine, settings, Layout::default())
    }

    /// A completer with fixed settings and another layout of prompts, to compare.
    pub fn with_layout(
        engine: Arc<dyn Engine>,
        settings: watch::Receiver<Arc<Settings>>,
        layout: Layout,
    ) -> Self {
        let client = std::process::id().to_string();
        let anchors = Mutex::new(LruCache::new(ANCHORS));
        Self(Arc::new(Inner {
            engine,
            settings,
            layout,
            client,
            anchors,
            stats: Mutex::default(),
        }))
    }
}

impl Complete for Completer {
    fn complete(&self, request: Request) -> BoxFuture<'static, Completion> {
        let inner = self.0.clone();
        async move { inner.complete(request).await }.boxed()
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.0.engine.status()
    }

    fn pull_model(&self) -> BoxFuture<'static, Result<(), String>> {
        self.0.engine.pull_model()
    }

    fn stats(&self) -> Stats {
        let engine_pid = match &*self.0.engine.status().borrow() {
            Status::Ready(info) => Some(info.pid),
            _ => None,
        };
        Stats {
            engine_pid,
            ..self.0.stats().clone()
        }
    }

    fn closed(&self, uri: &str) {
        self.0.anchors().pop(uri);
    }
}

impl Inner {
    async fn complete(&self, request: Request) -> Completion {
        let started = Instant::now();
        self.stats().requests += 1;
        let Request {
            snapshot,
            cursor,
            trigger,
            selected,
            workspace,
        } = request;
        if let Some(reason) = snapshot.path.as_deref().and_then(privacy::secret) {
            return Completion::hidden(cursor, reason);
        }

        let config = self
            .settings
            .borrow()
            .of(workspace.as_deref())
            .completion
            .clone();
        let language = snapshot
            .language
            .map_or("plaintext", |language| language.id());
        if !config.wanted_in(language) {
            return Completion::hidden(
                cursor,
                "Completion is switched off here, in `completion.enabled` or `completion.disabled_languages`.",
            );
        }

        let selected = selected.filter(|selected| selected.range.end == cursor);
        let anchor = self.anchor(&snapshot, cursor);
        let typed_until = selected
            .as_ref()
            .map_or(cursor, |selected| selected.range.start);
        if typed_until < anchor.at() {
            return Completion::hidden(cursor, "The selected menu entry replaces too much text.");
        }
        let mut middle = snapshot
            .rope
            .byte_slice(anchor.at()..typed_until)
            .to_string();
        middle.extend(selected.iter().map(|selected| selected.text.as_str()));

        let (project, path) = names(&snapshot, workspace.as_deref());
        let line_start = snapshot
            .rope
            .line_to_byte(snapshot.rope.byte_to_line(cursor));
        let before = snapshot.rope.byte_slice(line_start..cursor).to_string();
        let place = post::Place {
            before: &before,
            after: anchor.after(),
            line_end: line_end(&snapshot),
        };
        let one_line = trigger == Trigger::Automatic || place.is_inside_line();
        let job = Job {
            document: format!("{} {}", self.client, snapshot.uri),
            prompt: anchor.prompt(&project, &path, &middle, &self.layout),
            priority: Priority::Typing,
            limits: Limits {
                max_tokens: config.max_tokens,
                max_lines: Some(if one_line { 1 } else { config.max_lines }),
                urgent_lines: None,
                drafts: true,
            },
        };

        let prompt = job.prompt.to_string();
        if trigger == Trigger::Automatic && config.debounce_ms > 0 {
            // A newer request drops this one while it sleeps.
            tokio::time::sleep(Duration::from_millis(config.debounce_ms.into())).await;
        }
        let mut handle = self.engine.submit(job);
        let mut metrics = Metrics::default();
        let mut raw = String::new();
        let mut finish = Finish::Cancelled;
        let mut tally = Tally {
            stats: &self.stats,
            usage: Usage::default(),
        };
        while let Some(event) = handle.next().await {
            let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
            match event {
                Event::Prefilled(prompt) => tally.usage.prompt = prompt,
                Event::Text { text, .. } => {
                    tally.usage.generated += 1;
                    if raw.is_empty() {
                        metrics.first_token_ms = elapsed_ms;
                    }
                    raw.push_str(&text);
                    if metrics.first_line_ms == 0.0 && raw.trim_start().contains('\n') {
                        metrics.first_line_ms = elapsed_ms;
                    }
                }
                Event::Finished { finish: how, usage } => {
                    finish = how;
                    tally.usage = usage;
                }
            }
        }
        metrics.prompt_tokens_evaluated = tally.usage.prompt.evaluated;
        metrics.prompt_tokens_reused = tally.usage.prompt.reused;
        metrics.tokens_generated = tally.usage.generated;
        metrics.draft_tokens_accepted = tally.usage.drafted;
        metrics.total_ms = started.elapsed().as_secs_f64() * 1000.0;
        if metrics.first_line_ms == 0.0 {
            metrics.first_line_ms = metrics.total_ms;
        }
        if let Status::Ready(info) = &*self.engine.status().borrow() {
            metrics.model = info.model.clone();
        }

        if matches!(finish, Finish::Cancelled | Finish::Failed(_)) {
            // Half an answer, cut at any place: nobody can tell what it would have become.
            raw.clear();
        }
        let at_line_end =
            one_line && finish == Finish::Limit && metrics.tokens_generated < config.max_tokens;
        let text = post::fit(&raw, place, at_line_end);
        let reason = match finish {
            Finish::Failed(reason) => reason,
            Finish::Cancelled => "The engine stopped before it had an answer.".to_owned(),
            Finish::EndOfText | Finish::Limit if text.is_empty() => {
                "The model has nothing to add here.".to_owned()
            }
            Finish::EndOfText => "The model ended its answer.".to_owned(),
            Finish::Limit if one_line => "One line while typing.".to_owned(),
            Finish::Limit => "As long as an answer may be.".to_owned(),
        };
        let window = anchor.window(cursor);
        let context = vec![ContextPiece {
            path,
            start_line: snapshot.rope.byte_to_line(window.start) + 1,
            end_line: snapshot.rope.byte_to_line(window.end) + 1,
            tokens: metrics.prompt_tokens_evaluated + metrics.prompt_tokens_reused,
            reason: "the text around the cursor".to_owned(),
        }];
        let shown = !text.is_empty();
        let (text, replace) = match selected {
            Some(Selected { range, text: entry }) if shown => (entry + &text, range),
            _ => (text, cursor..cursor),
        };
        Completion {
            text,
            replace,
            shown,
            reason,
            metrics,
            context,
            prompt,
        }
    }

    /// The document's anchor, moved if it has to.
    fn anchor(&self, snapshot: &Snapshot, cursor: usize) -> Anchor {
        let layout = &self.layout;
        let mut anchors = self.anchors();
        match anchors.get(&snapshot.uri) {
            Some(anchor) if anchor.holds(&snapshot.rope, cursor, layout) => anchor.clone(),
            _ => {
                let anchor = Anchor::place(&snapshot.rope, cursor, layout);
                anchors.put(snapshot.uri.clone(), anchor.clone());
                anchor
            }
        }
    }

    // Nothing panics while these are held, and what they guard has no broken states.
    fn stats(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn anchors(&self) -> MutexGuard<'_, LruCache<Arc<str>, Anchor>> {
        self.anchors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts what a job has cost, also when nobody waits for its end any more.
struct Tally<'a> {
    stats: &'a Mutex<Stats>,
    usage: Usage,
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.prompt_tokens_evaluated += u64::from(self.usage.prompt.evaluated);
        stats.prompt_tokens_reused += u64::from(self.usage.prompt.reused);
        stats.tokens_generated += u64::from(self.usage.generated);
        stats.draft_tokens_accepted += u64::from(self.usage.drafted);
    }
}

/// The names of project and file in the prompt: real ones, as the model has seen them in training.
fn names(snapshot: &Snapshot, workspace: Option<&Path>) -> (String, String) {
    let display = |path: &Path| path.to_string_lossy().replace('\\', "/");
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name)
            .map(|name| display(Path::new(name)))
    };
    let Some(path) = snapshot.path.as_deref() else {
        let untitled = snapshot.uri.rsplit('/').next().unwrap_or_default();
        return ("project".to_owned(), untitled.to_owned());
    };
    let root = workspace
        .filter(|root| path.starts_with(root))
        .or(path.parent());
    let relative = root
        .and_then(|root| path.strip_prefix(root).ok())
        .unwrap_or(path);
    (
        name(root).unwrap_or_else(|| "project".to_owned()),
        display(relative),
    )
}

/// What the document ends its lines with, going by its first line.
fn line_end(snapshot: &Snapshot) -> &'static str {
    let first = snapshot.rope.line(0);
    let mut end = first.chars_at(first.len_chars());
    match (end.prev(), end.prev()) {
        (Some('\n'), Some('\r')) => "\r\n",
        _ => "\n",
    }
}
