//! A request with all that follows from its text: where the model goes on, what stands around that place, and by which names the model
//! knows the file. Asks nobody.

use std::path::Path;

use super::{
    Request, Trigger,
    brackets::Lexis,
    cache::{LOOK_AHEAD_BYTES, LOOK_BEHIND_BYTES, Surroundings},
    post,
    show::Around,
};
use crate::{
    config::CompletionConfig,
    documents::Snapshot,
    engine::budget::Budget,
    prompt::layout::{floor_char, with_line_feeds},
};

/// See [module docs](self).
pub struct Asked {
    pub snapshot: Snapshot,
    /// What there is time for.
    pub budget: Budget,
    /// Where the model goes on: the cursor, or the beginning of a menu entry that is selected.
    pub at: usize,
    pub cursor: usize,
    /// The menu entry, which counts as typed.
    pub entry: String,
    pub around: Surroundings,
    pub trigger: Trigger,
    pub config: CompletionConfig,
    /// The project's name, and the file's in it, as the model has seen such names in training.
    pub project: String,
    pub path: String,
}

impl Asked {
    pub fn new(request: Request, config: CompletionConfig, budget: Budget) -> Self {
        let Request {
            snapshot,
            cursor,
            trigger,
            selected,
            workspace,
        } = request;
        let selected = selected.filter(|selected| selected.range.end == cursor);
        let (at, entry) = match selected {
            Some(selected) => (selected.range.start, selected.text),
            None => (cursor, String::new()),
        };
        let (project, path) = names(&snapshot, workspace.as_deref());
        Self {
            around: surroundings(&snapshot, at, &entry, cursor),
            snapshot,
            budget,
            at,
            cursor,
            entry,
            trigger,
            config,
            project,
            path,
        }
    }

    /// As many lines as the model has to say, rather than one: inside of a line there is no room for more.
    pub fn wants_whole(&self) -> bool {
        self.trigger == Trigger::Invoked && !self.place().is_inside_line()
    }

    /// The line around the place where the model goes on.
    pub fn line(&self) -> Around<'_> {
        Around {
            before: self.line_before(),
            after: self.place().rest_of_line(),
            lexis: Lexis::of(self.snapshot.language),
        }
    }

    pub fn line_before(&self) -> &str {
        self.around.before.rsplit('\n').next().unwrap_or_default()
    }

    pub fn place(&self) -> post::Place<'_> {
        post::Place {
            before: &self.around.before,
            after: &self.around.after,
            line_end: line_end(&self.snapshot),
            lexis: Lexis::of(self.snapshot.language),
        }
    }
}

/// The text around the place where the model goes on, with the menu entry as if it were typed.
fn surroundings(snapshot: &Snapshot, at: usize, entry: &str, cursor: usize) -> Surroundings {
    let rope = &snapshot.rope;
    let start = floor_char(rope, at.saturating_sub(LOOK_BEHIND_BYTES));
    let end = floor_char(rope, cursor + LOOK_AHEAD_BYTES);
    Surroundings {
        before: with_line_feeds(&(rope.byte_slice(start..at).to_string() + entry)),
        from_start: start == 0,
        after: with_line_feeds(&rope.byte_slice(cursor..end.max(cursor)).to_string()),
        to_end: end == rope.len_bytes(),
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
