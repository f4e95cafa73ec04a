//! What the model sees: the anchor of the window, and the plan of what stands before it. Both stay while typing goes on. What is
//! better is read while the user pauses, in a second sequence, and the first request after that goes on with it.

use std::{path::Path, sync::Arc, time::Duration};

use super::{Inner, remembered::Record};
use crate::{
    completion::{ContextPiece, asked::Asked, generation::Tally},
    context::{
        plan::{Plan, Window},
        privacy,
    },
    engine::{Event, Finish, Job, Limits, Priority},
    prompt::{
        Prompt,
        layout::{Anchor, ContextFile, FilePlace},
    },
};

/// Without a request for so long, the user pauses.
const PAUSE: Duration = Duration::from_millis(700);

/// A new plan has to be so much better to be read; 1 is a piece that is sure to help.
const LEAST_GAIN: f32 = 0.2;

/// Within so many lines a plan that was begun to be read is still good.
const NEAR_LINES: usize = 30;

/// Bytes of source code to a token, roughly: what is told of a piece without asking the tokenizer.
const BYTES_PER_TOKEN: usize = 4;

/// See [module docs](self).
#[derive(Clone)]
pub struct Shown {
    pub anchor: Anchor,
    pub plan: Arc<Plan>,
}

/// A plan that is being read.
#[derive(Clone)]
pub struct Next {
    plan: Arc<Plan>,
    /// Where it was made for, in lines from 0.
    line: usize,
}

impl Inner {
    /// What a request shows now: what was shown before, with the anchor moved if it has to.
    pub fn shown(&self, asked: &Asked) -> Shown {
        let (rope, layout) = (&asked.snapshot.rope, &asked.budget.layout);
        self.editing(&asked.snapshot.uri, |editing| match &mut editing.shown {
            Some(shown) => {
                if !shown.anchor.holds(rope, asked.cursor, layout) {
                    shown.anchor =
                        Anchor::place(rope, asked.cursor, layout, asked.snapshot.notation());
                }
                shown.clone()
            }
            None => {
                let anchor = Anchor::place(rope, asked.cursor, layout, asked.snapshot.notation());
                let plan = Arc::default();
                editing.shown.insert(Shown { anchor, plan }).clone()
            }
        })
    }

    /// What is shown of a document that was not asked about before: what was shown when it was last edited, since the engine may have
    /// saved that. Else, where somebody waits for an answer, the context is worth waiting for too.
    pub async fn show_first(self: &Arc<Self>, asked: &Asked) {
        let uri = &asked.snapshot.uri;
        if self.editing(uri, |editing| editing.shown.is_some()) {
            return;
        }
        let (rope, layout) = (&asked.snapshot.rope, &asked.budget.layout);
        let recalled = self.recall(asked).await;
        if recalled.is_none() && asked.trigger.is_typing() {
            return;
        }
        let (anchor, plan) = recalled.unwrap_or_default();
        let holds = |anchor: &Anchor| anchor.holds(rope, asked.cursor, layout);
        let anchor = anchor.filter(holds);
        let anchor = anchor.unwrap_or_else(|| {
            Anchor::place(rope, asked.cursor, layout, asked.snapshot.notation())
        });
        let plan = match asked.trigger.is_typing() {
            true => plan,
            false => self.plan(asked, &anchor, &plan).await,
        };
        let plan = Arc::new(plan);
        self.editing(uri, |editing| editing.shown = Some(Shown { anchor, plan }));
    }

    /// What was shown of a document when it was last edited, without what may not be shown any longer.
    async fn recall(self: &Arc<Self>, asked: &Asked) -> Option<(Option<Anchor>, Plan)> {
        let notation = asked.snapshot.notation();
        let (inner, path) = (self.clone(), asked.snapshot.path.clone()?);
        let (rope, cursor) = (asked.snapshot.rope.clone(), asked.cursor);
        let folder = asked.root().map(Path::to_owned);
        let recall = move || {
            let record = inner.remembered.as_ref()?.load(&path)?;
            let ignored = inner.workspace.index.ignored();
            let may_show =
                |path: &Path| privacy::hidden_file(path, folder.as_deref(), ignored).is_none();
            Some(record.shown(&rope, cursor, notation, may_show))
        };
        tokio::task::spawn_blocking(recall).await.ok().flatten()
    }

    /// Keeps on disk what is shown of a document, if that has changed.
    fn remember(self: &Arc<Self>, asked: &Asked) {
        let Some(path) = &asked.snapshot.path else {
            return;
        };
        if self.settings.borrow().of(None).engine.disk_cache_mb == 0 {
            return;
        }
        let record = self.editing(&asked.snapshot.uri, |editing| {
            let shown = editing.shown.as_ref()?;
            let same =
                |old: &Shown| old.anchor == shown.anchor && Arc::ptr_eq(&old.plan, &shown.plan);
            if editing.remembered.as_ref().is_some_and(same) {
                return None;
            }
            editing.remembered = Some(shown.clone());
            Some(Record::new(path, &shown.anchor, &shown.plan))
        });
        let inner = self.clone();
        tokio::task::spawn_blocking(move || {
            let (remembered, record) = (inner.remembered.as_ref()?, record?);
            if let Err(error) = remembered.save(&record) {
                tracing::warn!(%error, "a reopened file will be read anew");
            }
            Some(())
        });
    }

    /// The best context for a place, with what of `previous` is still good.
    async fn plan(self: &Arc<Self>, asked: &Asked, anchor: &Anchor, previous: &Plan) -> Plan {
        let snapshot = asked.snapshot.clone();
        let range = anchor.window(asked.cursor);
        let range = range.start..range.end.min(snapshot.rope.len_bytes());
        let (max_bytes, previous) = (asked.budget.related_bytes, previous.clone());
        let (cursor, folder) = (asked.cursor, asked.root().map(Path::to_owned));
        let inner = self.clone();
        let gather = move || {
            let rope = &snapshot.rope;
            let line = |byte| rope.byte_to_line(byte) as u32 + 1;
            let window = Window {
                path: snapshot.path.as_deref(),
                lines: line(range.start)..=line(range.end),
                text: &rope.byte_slice(range.clone()).to_string(),
            };
            let without = &inner.comparison.without;
            let folder = folder.as_deref();
            let workspace = &inner.workspace;
            let candidates = workspace.pieces(&snapshot, cursor, &range, folder, without);
            Plan::choose(candidates, &window, max_bytes, &previous)
        };
        // Files are read and parsed there.
        tokio::task::spawn_blocking(gather)
            .await
            .unwrap_or_default()
    }

    /// When the user pauses: if the anchor is far behind the cursor, or another plan is better, the prompt with these is evaluated in a
    /// second sequence, and the next request goes on with that.
    pub fn prepare_shown(self: &Arc<Self>, asked: &Arc<Asked>) {
        let asked = asked.clone();
        let uri = asked.snapshot.uri.clone();
        let inner = Arc::downgrade(self);
        let prepare = async move {
            tokio::time::sleep(PAUSE).await;
            let Some(inner) = inner.upgrade() else { return };
            inner.remember(&asked);
            let Some(next) = inner.next_shown(&asked).await else {
                return;
            };
            let uri = &asked.snapshot.uri;
            let middle = privacy::shown(
                &asked.snapshot.rope,
                next.anchor.at()..asked.cursor,
                asked.snapshot.notation(),
            );
            let job = Job {
                document: format!("{}\0next", inner.key(uri)),
                prompt: asked.prompt(&next, &middle),
                priority: Priority::Prefetch,
                limits: Limits {
                    max_tokens: 0,
                    max_lines: None,
                    urgent_lines: None,
                    says_something: false,
                    drafts: true,
                },
                weighed: None,
            };
            let mut handle = inner.engine.submit(job);
            let mut tally = Tally::new(inner.stats.clone());
            let mut finish = None;
            while let Some(event) = handle.next().await {
                tally.count(&event);
                if let Event::Finished { finish: how, .. } = event {
                    finish = Some(how);
                }
            }
            if finish == Some(Finish::Limit) {
                inner.editing(uri, |editing| {
                    editing.shown = Some(next);
                    editing.next = None;
                });
                inner.remember(&asked);
            }
        };
        self.editing(&uri, |editing| {
            editing.idle.abort_all();
            editing.idle.spawn(prepare);
        });
    }

    /// What would be better to show than what is shown; `None` if nothing is worth reading it.
    async fn next_shown(self: &Arc<Self>, asked: &Asked) -> Option<Shown> {
        let (rope, layout) = (&asked.snapshot.rope, &asked.budget.layout);
        let old = self.shown(asked);
        let nearer = Anchor::place(rope, asked.cursor, layout, asked.snapshot.notation());
        let is_far = asked.cursor.saturating_sub(old.anchor.at()) >= layout.middle_bytes / 2;

        // What has been begun to be read goes on, so that a typist who pauses shortly gets there too.
        let line = rope.byte_to_line(asked.cursor);
        let begun = self.editing(&asked.snapshot.uri, |editing| editing.next.clone());
        let next = match begun.filter(|next| next.line.abs_diff(line) <= NEAR_LINES) {
            Some(next) => next,
            None => {
                let plan = self.plan(asked, &nearer, &old.plan).await;
                let plan = if plan.gain_over(&old.plan) < LEAST_GAIN {
                    old.plan.clone()
                } else {
                    Arc::new(plan)
                };
                Next { plan, line }
            }
        };
        if Arc::ptr_eq(&next.plan, &old.plan) {
            return (is_far && nearer != old.anchor).then_some(Shown {
                anchor: nearer,
                plan: next.plan,
            });
        }
        self.editing(&asked.snapshot.uri, |editing| {
            editing.next = Some(next.clone());
        });
        Some(Shown {
            anchor: nearer,
            plan: next.plan,
        })
    }
}

impl Asked {
    pub fn prompt(&self, shown: &Shown, middle: &str) -> Prompt {
        let mut context: Vec<ContextFile> = Vec::new();
        for piece in &shown.plan.pieces {
            let path = self.relative(&piece.path);
            match context.last_mut().filter(|file| file.path == path) {
                Some(file) => {
                    file.text.push('\n');
                    file.text.push_str(&piece.text);
                }
                None => context.push(ContextFile {
                    path,
                    text: piece.text.clone(),
                }),
            }
        }
        let place = FilePlace {
            project: &self.project,
            path: &self.path,
            context: &context,
        };
        shown.anchor.prompt(place, middle, &self.budget.layout)
    }

    /// What a prompt is made of, for a person; the window last.
    pub fn context(&self, shown: &Shown) -> Vec<ContextPiece> {
        let pieces = shown.plan.pieces.iter().map(|piece| ContextPiece {
            path: self.relative(&piece.path),
            start_line: *piece.lines.start() as usize,
            end_line: *piece.lines.end() as usize,
            tokens: (piece.text.len() / BYTES_PER_TOKEN) as u32,
            source: Some(piece.source),
            reason: piece.reason.clone(),
        });
        let rope = &self.snapshot.rope;
        let line = |byte: usize| rope.byte_to_line(byte.min(rope.len_bytes())) + 1;
        let window = shown.anchor.window(self.cursor);
        let window = ContextPiece {
            path: self.path.clone(),
            start_line: line(window.start),
            end_line: line(window.end),
            tokens: 0,
            source: None,
            reason: "the text around the cursor".to_owned(),
        };
        pieces.chain([window]).collect()
    }
}
