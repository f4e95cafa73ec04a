//! The way of one request, in the order of its steps: is there an answer already, where is the anchor, what does the model see, what
//! does it say, what of that is shown, and what will be wanted next.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, FutureExt};
use lru::LruCache;
use tokio::{sync::watch, task::JoinSet};

use super::{
    Complete, Completion, Metrics, Request, Selected, Trigger,
    asked::Asked,
    cache::{Cache, Found},
    extent::{Wanted, wanted_extent},
    generation::{Amount, Extent, Generation, Waiter},
    needs::Needs,
    post,
    rhythm::{Beat, Rhythm},
    rules::{Rule, Rules},
    show::{LIKELY_ENOUGH, Rest, TOO_UNLIKELY, Verdict},
    site::Site,
};
use crate::{
    config::Settings,
    context::{
        Source,
        privacy::{self, Cleared},
        workspace::Workspace,
    },
    engine::{Engine, Finish, Job, Limits, Priority, Status, budget::Budget, costs::PassCosts},
    history::{History, is_explored},
    models::pull::{Mirror, PullFailure},
    prompt::layout::Layout,
    stats::Stats,
};
use remembered::Remembered;
use shown::{Next, Shown};

mod remembered;
mod shown;
mod verdict;

/// Documents whose anchors are remembered; more than the engine has slots, less than matters.
const DOCUMENTS: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// What comes after a line is prepared while the line is shown, if that is so likely to be taken.
const LIKELY: f32 = 0.5;

/// A line with what closes its brackets and the next one: no more is generated while typing than so many of the longest lines.
const LINES_IN_TIME: u32 = 3;

/// Completes through any [`Engine`].
pub struct Completer(Arc<Inner>);

struct Inner {
    engine: Arc<dyn Engine>,
    settings: watch::Receiver<Arc<Settings>>,
    workspace: Arc<Workspace>,
    comparison: Comparison,
    /// Tells this process's documents from those of other windows in the shared engine.
    client: String,
    documents: Mutex<LruCache<Arc<str>, Editing>>,
    cache: Mutex<Cache>,
    stats: Arc<Mutex<Stats>>,
    history: Arc<History>,
    remembered: Option<Remembered>,
}

/// What is known of a document that is being edited.
#[derive(Default)]
struct Editing {
    shown: Option<Shown>,
    /// What is read while the user pauses, to be shown next.
    next: Option<Next>,
    /// What of it was last written to disk.
    remembered: Option<Shown>,
    rhythm: Rhythm,
    /// What is done while the user pauses; ends with the next request.
    idle: JoinSet<()>,
}

/// What is different in a completer that others are compared with; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Instead of what this machine has time for.
    pub layout: Option<Layout>,
    pub related_bytes: Option<usize>,
    /// Sources of context that are left out.
    pub without: Vec<Source>,
    pub rules: Rules,
}

impl Completer {
    /// `workspace` is what it looks things up in, `history` what it learns from and tells of.
    pub fn new(
        engine: Arc<dyn Engine>,
        settings: watch::Receiver<Arc<Settings>>,
        workspace: Arc<Workspace>,
        history: Arc<History>,
    ) -> Self {
        let comparison = Comparison::default();
        Self::build(engine, settings, workspace, history, comparison, None)
    }

    /// Like [`Completer::new`]; it goes on with what was shown of a document in an earlier session. `cache` is where it keeps that.
    pub fn remembering(
        engine: Arc<dyn Engine>,
        settings: watch::Receiver<Arc<Settings>>,
        workspace: Arc<Workspace>,
        history: Arc<History>,
        cache: &Path,
    ) -> Self {
        let remembered = Remembered::in_folder(cache.join("shown"));
        let comparison = Comparison::default();
        Self::build(
            engine,
            settings,
            workspace,
            history,
            comparison,
            Some(remembered),
        )
    }

    /// A completer without a history in which something is different, to see what it is worth.
    pub fn compared(
        engine: Arc<dyn Engine>,
        settings: watch::Receiver<Arc<Settings>>,
        workspace: Arc<Workspace>,
        comparison: Comparison,
    ) -> Self {
        Self::build(
            engine,
            settings,
            workspace,
            Arc::default(),
            comparison,
            None,
        )
    }

    fn build(
        engine: Arc<dyn Engine>,
        settings: watch::Receiver<Arc<Settings>>,
        workspace: Arc<Workspace>,
        history: Arc<History>,
        comparison: Comparison,
        remembered: Option<Remembered>,
    ) -> Self {
        Self(Arc::new(Inner {
            engine,
            settings,
            workspace,
            comparison,
            client: std::process::id().to_string(),
            documents: Mutex::new(LruCache::new(DOCUMENTS)),
            cache: Mutex::new(Cache::new()),
            stats: Arc::default(),
            history,
            remembered,
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

    fn pull_model(&self, mirror: Mirror) -> BoxFuture<'static, Result<(), PullFailure>> {
        self.0.engine.pull_model(mirror)
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

    fn history(&self) -> Arc<History> {
        self.0.history.clone()
    }

    fn closed(&self, uri: &str) {
        self.0.documents().pop(uri);
        self.0.cache().stop_running(uri);
    }
}

impl Inner {
    async fn complete(self: Arc<Self>, request: Request) -> Completion {
        let started = Instant::now();
        let (selected, cursor) = (request.selected.clone(), request.cursor);
        let folder = request.workspace.clone();
        let cleared = Workspace::clear(&self.workspace, &request.snapshot, folder).await;
        let asked = match cleared.and_then(|cleared| self.asked(request, cleared)) {
            Ok(asked) => Arc::new(asked),
            Err(reason) => return Completion::hidden(cursor, reason),
        };
        let target = Duration::from_millis(asked.config.latency_target_ms.into());
        let beat = self.editing(&asked.snapshot.uri, |editing| {
            editing.idle.abort_all();
            editing.rhythm.key(started)
        });
        let patience = beat.patience.min(target);

        let found = self.find(&asked);
        let from_cache = found.is_some();
        // An editor that asks again has been counted.
        if !(asked.trigger == Trigger::Line && from_cache) {
            let mut stats = self.stats();
            stats.requests += 1;
            stats.cache_hits += u64::from(from_cache);
        }
        let (mut waiter, typed) = match found {
            Some(found) => (found.generation.wait(), found.typed),
            None => (self.generate(&asked, beat).await.wait(), 0),
        };

        let mut metrics = Metrics {
            from_cache,
            ..Metrics::default()
        };
        let verdict = asked
            .verdict(&mut waiter, typed, started, patience, &mut metrics)
            .await;
        let answer = self.answer(&asked, &waiter, typed, verdict, metrics, started);
        let generation = waiter.generation().clone();
        waiter.served();
        self.prepare_shown(&asked);
        if let Verdict::Show {
            len,
            whole_line: true,
        } = verdict
            && asked.trigger.is_typing()
        {
            self.prepare_next(&asked, &generation, typed, len);
        }
        match selected {
            Some(Selected { range, text: entry }) if answer.shown => Completion {
                text: entry + &answer.text,
                replace: range,
                ..answer
            },
            _ => answer,
        }
    }

    /// What is asked for; the reason, for a person, if nothing may be completed there.
    fn asked(&self, request: Request, cleared: Cleared) -> Result<Asked, &'static str> {
        let snapshot = &request.snapshot;
        let settings = self.settings.borrow().clone();
        let config = settings.of(request.workspace.as_deref()).completion.clone();
        let language = snapshot
            .language
            .map_or("plaintext", |language| language.id());
        if !config.wanted_in(language) {
            return Err(
                "Completion is switched off here, in `completion.enabled` or `completion.disabled_languages`.",
            );
        }
        let budget = self.budget(config.latency_target_ms);
        let mut asked = Asked::new(request, config, budget, cleared);
        // A program that asks for a line has cut the text where it likes.
        if asked.trigger != Trigger::Line
            && self.comparison.rules.contains(Rule::WordInside)
            && asked.place().is_inside_word()
        {
            return Err(Rule::WordInside.reason());
        }
        asked.least = self.least(&asked);
        Ok(asked)
    }

    /// How likely a line has to be here before it is shown while typing.
    fn least(&self, asked: &Asked) -> f32 {
        self.learned(asked).max(asked.config.min_probability())
    }

    fn learned(&self, asked: &Asked) -> f32 {
        if !asked.config.learn {
            return LIKELY_ENOUGH;
        }
        let learned = self.history.threshold(asked.language());
        if learned > LIKELY_ENOUGH && is_explored(asked.place_of_line()) {
            return LIKELY_ENOUGH;
        }
        learned
    }

    fn find(&self, asked: &Asked) -> Option<Found> {
        let whole = asked.wants_whole();
        self.cache().find(
            &asked.snapshot.uri,
            &asked.around,
            |generation, progress, typed| {
                let rest = Rest::new(progress, typed);
                if whole {
                    generation.is_whole && rest.is_or_will_be_complete()
                } else {
                    rest.suits()
                }
            },
        )
    }

    /// Asks the model, in place of what it does for this document now.
    async fn generate(self: &Arc<Self>, asked: &Asked, beat: Beat) -> Arc<Generation> {
        let debounce_ms = asked.config.debounce_ms.max(asked.budget.debounce_ms);
        if asked.trigger.is_typing() && debounce_ms > 0 {
            // A newer request drops this one while it sleeps.
            tokio::time::sleep(Duration::from_millis(debounce_ms.into())).await;
        }
        self.show_first(asked).await;
        let shown = self.shown(asked);
        let mut site = self.site(asked, "");
        if asked.trigger.is_typing() && beat.follows {
            // Who writes on may have more lines to write above the code below, and does not wait until some are compared.
            site.rules = site.rules.without(Rule::CodeBelow);
        }
        let amount = if asked.wants_whole() {
            Amount::Whole
        } else {
            self.amount(asked, &site)
        };
        self.cache().stop_running(&asked.snapshot.uri);
        let extent = Extent::new(amount, site);
        self.start(asked, &shown, "", Priority::Typing, extent)
    }

    /// What stands around the place, if `further` stood before it too.
    fn site(&self, asked: &Asked, further: &str) -> Site {
        let snapshot = &asked.snapshot;
        let mut around = asked.around.clone();
        around.before.push_str(further);
        let mut site = Site::new(
            &around,
            snapshot.language,
            snapshot.grammar.clone(),
            self.comparison.rules,
        );
        // What is behind `further` is not in the tree yet.
        if further.is_empty() {
            site.needs = Needs::new(snapshot, asked.at);
        }
        site
    }

    /// A line or a block, for a request that does not want all there is to say.
    fn amount(&self, asked: &Asked, site: &Site) -> Amount {
        let may_be_block =
            asked.trigger != Trigger::Invoked && self.comparison.rules.contains(Rule::Block);
        match wanted_extent(site, asked.snapshot.tree.as_ref(), asked.cursor) {
            Wanted::Block if may_be_block => Amount::Block,
            _ => Amount::Line,
        }
    }

    /// Starts to generate what follows `further`, a text that is not in the document yet.
    fn start(
        &self,
        asked: &Asked,
        shown: &Shown,
        further: &str,
        priority: Priority,
        extent: Extent,
    ) -> Arc<Generation> {
        let Asked {
            snapshot,
            at,
            entry,
            ..
        } = asked;
        // An anchor behind the entry's beginning is in the same endless line: the model sees what the entry replaces.
        let from = shown.anchor.at().min(*at);
        let middle =
            privacy::shown(&snapshot.rope, from..*at, snapshot.notation()) + entry + further;
        let (max_tokens, urgent_lines) = match extent.amount() {
            Amount::Whole => (asked.config.max_tokens, None),
            Amount::Line | Amount::Block => {
                let in_time = asked.budget.max_line_tokens * LINES_IN_TIME;
                (asked.config.max_tokens.min(in_time), Some(1))
            }
        };
        let job = Job {
            document: self.key(&snapshot.uri),
            prompt: asked.prompt(shown, &middle),
            priority,
            limits: Limits {
                max_tokens,
                max_lines: Some(asked.config.max_lines),
                urgent_lines,
                says_something: asked.place().rest_of_line().trim().is_empty(),
                drafts: true,
            },
            weighed: None,
        };
        let generation = Generation::start(
            self.engine.clone(),
            job,
            extent,
            asked.context(shown),
            self.stats.clone(),
        );
        let mut around = asked.around.clone();
        around.before.push_str(further);
        self.cache()
            .insert(&snapshot.uri, &around, generation.clone());
        generation
    }

    /// While `len` bytes of `generation` are shown: begins with the line behind them, so that it is there when they have been taken.
    fn prepare_next(&self, asked: &Asked, generation: &Generation, typed: usize, len: usize) {
        if asked.place().is_inside_line() {
            return;
        }
        let shown = {
            let progress = generation.progress();
            let rest = Rest::new(&progress, typed);
            // A rule may have taken back some of it since.
            let Some(shown) = rest.text.get(..len) else {
                return;
            };
            let goes_on = progress.finish == Some(Finish::Cancelled)
                && progress.stopped.is_none()
                && !rest.has_line_after(len)
                && rest.probability(len) >= LIKELY;
            if !goes_on {
                return;
            }
            shown.to_owned()
        };
        let mut next = asked.around.clone();
        next.before.push_str(&shown);
        let known = self
            .cache()
            .find(&asked.snapshot.uri, &next, |_, progress, typed| {
                Rest::new(progress, typed).suits()
            });
        if known.is_some() {
            return;
        }
        let mut site = self.site(asked, &shown);
        // There are more lines than one above the code below.
        site.rules = site.rules.without(Rule::CodeBelow);
        let extent = Extent::new(Amount::Line, site);
        let seen = self.shown(asked);
        self.start(asked, &seen, &shown, Priority::Prefetch, extent);
    }

    /// The engine's name for a document.
    fn key(&self, uri: &str) -> String {
        format!("{} {uri}", self.client)
    }

    fn answer(
        &self,
        asked: &Asked,
        waiter: &Waiter,
        typed: usize,
        verdict: Verdict,
        mut metrics: Metrics,
        started: Instant,
    ) -> Completion {
        let generation = waiter.generation();
        let progress = generation.progress();
        let rest = Rest::new(&progress, typed);
        let (raw, reason, cut_at_line) = match (verdict, &progress.finish) {
            (_, Some(Finish::Failed(reason))) => ("", reason.as_str(), false),
            (Verdict::Nothing(reason), _) => {
                let stopped = progress.stopped.filter(|_| rest.text.trim().is_empty());
                ("", stopped.map_or(reason, Rule::reason), false)
            }
            (Verdict::Show { len, whole_line }, finish) => {
                // A rule may have taken back some of it since.
                let len = len.min(rest.text.len());
                let ends_line = rest.text[len..].starts_with('\n')
                    || (len == rest.text.len() && *finish == Some(Finish::Limit));
                let reason = match finish {
                    _ if !whole_line => "What is sure of the line.",
                    _ if len == rest.text.trim_end().len() && progress.stopped.is_some() => {
                        progress.stopped.map_or("", Rule::reason)
                    }
                    Some(Finish::EndOfText) => "The model ended its answer.",
                    _ if asked.wants_whole() => "As long as an answer may be.",
                    _ => "One line while typing.",
                };
                (&rest.text[..len], reason, whole_line && ends_line)
            }
            (Verdict::Wait, _) => ("", "The engine stopped before it had an answer.", false),
        };
        let post::Fitted { text, changed_by } =
            post::fit(raw, asked.place(), cut_at_line, self.comparison.rules);
        let emptied_by = changed_by.last().filter(|_| text.trim().is_empty());
        let block = progress.is_block.then_some(Rule::Block);
        let rules = block
            .into_iter()
            .chain(progress.guessed_again)
            .chain(progress.stopped)
            .chain(changed_by.iter().copied());
        let dismissed = asked.trigger != Trigger::Invoked
            && !text.is_empty()
            && self.history.is_dismissed(
                &asked.snapshot.uri,
                asked.line_before(),
                &text,
                Instant::now(),
            );
        let reason = if dismissed {
            "You dismissed this suggestion a moment ago.".to_owned()
        } else if let Some(rule) = emptied_by {
            rule.reason().to_owned()
        } else if text.is_empty() && !raw.is_empty() {
            "The model has nothing to add here.".to_owned()
        } else if reason == TOO_UNLIKELY {
            asked.why_too_unlikely()
        } else {
            reason.to_owned()
        };
        let first_line = raw.trim_start().lines().next().unwrap_or_default();
        let probability = rest.probability(raw.len() - raw.trim_start().len() + first_line.len());
        let text = if dismissed { String::new() } else { text };
        if !metrics.from_cache {
            metrics.prompt_tokens_evaluated = progress.usage.prompt.evaluated;
            metrics.prompt_tokens_reused = progress.usage.prompt.reused;
            metrics.tokens_generated = progress.usage.generated;
            metrics.draft_tokens_accepted = progress.usage.drafted;
        }
        metrics.total_ms = milliseconds(started);
        if metrics.first_line_ms == 0.0 {
            metrics.first_line_ms = metrics.total_ms;
        }
        if let Status::Ready(info) = &*self.engine.status().borrow() {
            metrics.model = info.model.clone();
        }
        let mut context = generation.context.clone();
        // The rest of the prompt is the text around the cursor.
        let others: u32 = context.iter().map(|piece| piece.tokens).sum();
        let prompt = progress.usage.prompt.evaluated + progress.usage.prompt.reused;
        if let Some(window) = context.last_mut() {
            window.tokens = prompt.saturating_sub(others);
        }
        Completion {
            shown: !text.is_empty(),
            probability,
            is_partial: matches!(
                verdict,
                Verdict::Show {
                    whole_line: false,
                    ..
                }
            ),
            text,
            replace: asked.cursor..asked.cursor,
            reason,
            rules: rules.collect(),
            metrics,
            context,
            prompt: generation.prompt.clone(),
        }
    }

    fn budget(&self, latency_target_ms: u32) -> Budget {
        let mut budget = match &*self.engine.status().borrow() {
            Status::Ready(info) => Budget::new(&info.costs, latency_target_ms),
            _ => Budget::new(&PassCosts::default(), latency_target_ms),
        };
        if let Some(layout) = &self.comparison.layout {
            budget.layout = layout.clone();
        }
        if let Some(related_bytes) = self.comparison.related_bytes {
            budget.related_bytes = related_bytes;
        }
        budget
    }

    fn editing<T>(&self, uri: &Arc<str>, with: impl FnOnce(&mut Editing) -> T) -> T {
        let mut documents = self.documents();
        with(documents.get_or_insert_mut(uri.clone(), Editing::default))
    }

    // Nothing panics while these are held, and what they guard has no broken states.
    fn stats(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn documents(&self) -> MutexGuard<'_, LruCache<Arc<str>, Editing>> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

#[cfg(test)]
mod prompts;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod tests;
