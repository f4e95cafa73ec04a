//! Parsing, off the server's loop and within a time budget.
//!
//! A parse may take longer than anybody wants to wait: indentation-based grammars read most of the file again after one
//! key, an open quote makes every grammar do so, and external scanners are C code that does not look at the clock.
//! So there are three stages: the tree whose offsets follow every edit at once (`documents`), a parse for those
//! who can wait [`INTERACTIVE_BUDGET`] ([`newest_tree`]), and a thread of its own that catches up ([`ParseWorker`]).

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ropey::Rope;
use tree_sitter::{ParseOptions, Parser, Tree};

use crate::documents::Snapshot;
use crate::priority;

/// What a completion may wait for a newer tree: most edits re-parse within it in files of up to 20 KB, and nobody
/// notices it before a completion.
pub const INTERACTIVE_BUDGET: Duration = Duration::from_millis(8);

/// What the background may compute for one parse, the same as in Helix. A grammar that needs more is not used for that
/// document any longer.
pub const BACKGROUND_BUDGET: Duration = Duration::from_millis(500);

/// No trees above this size: 512 KiB take 100 to 200 ms to parse, and Markdown as much again after every key.
pub const MAX_PARSED_BYTES: usize = 512 * 1024;

/// After this the parse thread counts as stuck in an external scanner, and another takes its place. Ten times its budget: others may keep the
/// processor from it.
const STUCK_AFTER: Duration = Duration::from_secs(5);

/// How far below the server's loop the parse thread is, in steps of niceness. With fewer, or none, Linux lets it go first on the loop's own core
/// whenever the loop wakes it, so that one key in eight to thirty waited for its parse: 1 to 4 ms in a file of 10,000 lines, with the other core idle.
const NICENESS: i32 = 10;

/// Parses `rope`, reusing what did not change of `old_tree`, which must have seen every edit since. `None` after
/// `budget` (checked every hundred parse steps, so it may end a few milliseconds later, and over half a second later where a scanner reads far ahead for
/// every step: `grammars` lets it do no more), or if the grammar's ABI is
/// unknown to tree-sitter.
pub fn parse(
    rope: &Rope,
    grammar: &tree_sitter::Language,
    old_tree: Option<&Tree>,
    budget: Duration,
) -> Option<Tree> {
    let start = Instant::now();
    parse_while(rope, grammar, old_tree, || start.elapsed() < budget)
}

/// The same on a thread of low priority: it may compute for `budget`, however long it is kept from that.
pub fn parse_in_background(
    rope: &Rope,
    grammar: &tree_sitter::Language,
    old_tree: Option<&Tree>,
    budget: Duration,
) -> Option<Tree> {
    let end = priority::computed() + budget;
    parse_while(rope, grammar, old_tree, || priority::computed() < end)
}

fn parse_while(
    rope: &Rope,
    grammar: &tree_sitter::Language,
    old_tree: Option<&Tree>,
    is_within_budget: impl Fn() -> bool,
) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(grammar).ok()?;
    let mut within_budget = |_: &_| {
        if is_within_budget() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let mut read = |byte: usize, _| match rope.get_chunk_at_byte(byte) {
        Some((chunk, chunk_start, _, _)) => &chunk.as_bytes()[byte - chunk_start..],
        None => &[],
    };
    let options = ParseOptions::new().progress_callback(&mut within_budget);
    parser.parse_with_options(&mut read, old_tree, Some(options))
}

/// The best tree that can be had within `budget`: a new one if the snapshot's is behind, else that one, older than the
/// text as it may be. Blocks: not for the server's loop.
pub fn newest_tree(snapshot: &Snapshot, budget: Duration) -> Option<Tree> {
    let old_tree = snapshot.tree.as_ref();
    let new_tree = match &snapshot.grammar {
        Some(grammar) if snapshot.wants_parse() => parse(&snapshot.rope, grammar, old_tree, budget),
        _ => None,
    };
    new_tree.or_else(|| old_tree.cloned())
}

/// Errors and missing nodes of a tree; those within an error do not count again.
pub fn errors(tree: &Tree) -> usize {
    let mut cursor = tree.walk();
    let mut count = 0;
    loop {
        let node = cursor.node();
        let is_error = node.is_error() || node.is_missing();
        count += usize::from(is_error);
        if node.has_error() && !is_error && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return count;
            }
        }
    }
}

/// A result of the [`ParseWorker`], for [`Documents::store`](crate::documents::Documents::store).
#[derive(Debug)]
pub struct Parsed {
    /// What was parsed.
    pub snapshot: Snapshot,
    /// `None` if the grammar ran out of [`BACKGROUND_BUDGET`] or panicked.
    pub tree: Option<Tree>,
}

/// A thread that parses documents one after the other. Of each document only the newest snapshot waits.
pub struct ParseWorker {
    shared: Arc<Shared>,
}

type ParseSnapshot = fn(&Snapshot) -> Option<Tree>;

struct Shared {
    mailbox: Mutex<Mailbox>,
    changed: Condvar,
    parse: ParseSnapshot,
    deliver: Box<dyn Fn(Parsed) + Send + Sync>,
}

#[derive(Default)]
struct Mailbox {
    waiting: VecDeque<Snapshot>,
    /// Nobody needs them any more.
    retired: Vec<Snapshot>,
    running: Option<(Snapshot, Instant)>,
    /// The thread that may take snapshots; one that was given up has an older number.
    thread: u64,
    closed: bool,
}

impl ParseWorker {
    /// Starts the thread. `deliver` gets every result, on that thread. Dropping the worker ends the thread after the
    /// parse that it is at; nobody waits for it.
    pub fn spawn(deliver: impl Fn(Parsed) + Send + Sync + 'static) -> Self {
        Self::spawn_with(deliver, |snapshot| {
            let grammar = snapshot.grammar.as_ref()?;
            parse_in_background(
                &snapshot.rope,
                grammar,
                snapshot.tree.as_ref(),
                BACKGROUND_BUDGET,
            )
        })
    }

    fn spawn_with(deliver: impl Fn(Parsed) + Send + Sync + 'static, parse: ParseSnapshot) -> Self {
        let shared = Arc::new(Shared {
            mailbox: Mutex::default(),
            changed: Condvar::new(),
            parse,
            deliver: Box::new(deliver),
        });
        shared.clone().start_thread(0, None);
        Self { shared }
    }

    /// Asks for a parse, if the snapshot wants one. Never blocks; a snapshot of the same document that still waits is
    /// replaced.
    pub fn request(&self, snapshot: Snapshot) {
        if !snapshot.wants_parse() {
            return;
        }
        let mut mailbox = self.shared.lock();
        let of_document = |waiting: &&mut Snapshot| waiting.uri == snapshot.uri;
        match mailbox.waiting.iter_mut().find(of_document) {
            Some(waiting) => {
                let older = std::mem::replace(waiting, snapshot);
                mailbox.retired.push(older);
            }
            None => mailbox.waiting.push_back(snapshot),
        }
        let stuck = mailbox
            .running
            .take_if(|(_, since)| since.elapsed() > STUCK_AFTER);
        if let Some((culprit, _)) = stuck {
            mailbox.thread += 1;
            mailbox.waiting.retain(|waiting| waiting.uri != culprit.uri);
            self.shared
                .clone()
                .start_thread(mailbox.thread, Some(culprit));
        }
        self.shared.changed.notify_all();
    }
}

impl ParseWorker {
    /// Drops a snapshot on the thread: to free the tree of a large file takes milliseconds, which the loop does not have.
    pub fn retire(&self, snapshot: Snapshot) {
        self.shared.lock().retired.push(snapshot);
        self.shared.changed.notify_all();
    }
}

impl Drop for ParseWorker {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `culprit` is the snapshot over which the thread before this one got stuck. It is reported here because
    /// `deliver` is promised to run on the parse thread. Without a thread, which only a machine out of resources refuses, the
    /// trees stay behind.
    fn start_thread(self: Arc<Self>, number: u64, culprit: Option<Snapshot>) {
        let run = move || {
            priority::lower(NICENESS);
            if let Some(snapshot) = culprit {
                let tree = None;
                (self.deliver)(Parsed { snapshot, tree });
            }
            while let Some(snapshot) = self.next(number) {
                // A panic must cost this tree only.
                let tree = catch_unwind(AssertUnwindSafe(|| (self.parse)(&snapshot)));
                let tree = tree.unwrap_or(None);
                if !self.finish(number) {
                    return;
                }
                (self.deliver)(Parsed { snapshot, tree });
            }
        };
        if let Err(error) = thread::Builder::new().name("parse".into()).spawn(run) {
            tracing::warn!(%error, "no thread for parsing: syntax trees will not be updated");
        }
    }

    /// Waits for a snapshot; `None` when thread `number` is to end.
    fn next(&self, number: u64) -> Option<Snapshot> {
        let mut mailbox = self.lock();
        loop {
            if mailbox.closed || mailbox.thread != number {
                return None;
            }
            if !mailbox.retired.is_empty() {
                let retired = std::mem::take(&mut mailbox.retired);
                drop(mailbox);
                drop(retired);
                mailbox = self.lock();
                continue;
            }
            if let Some(snapshot) = mailbox.waiting.pop_front() {
                mailbox.running = Some((snapshot.clone(), Instant::now()));
                return Some(snapshot);
            }
            mailbox = self
                .changed
                .wait(mailbox)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the result of thread `number` is still wanted.
    fn finish(&self, number: u64) -> bool {
        let mut mailbox = self.lock();
        let wanted = mailbox.thread == number && !mailbox.closed;
        if mailbox.thread == number {
            mailbox.running = None;
        }
        wanted
    }
}

#[cfg(test)]
mod tests;
