//! A request with all that follows from its text: where the model goes on, what stands around that place, and by which names the model
//! knows the file. Asks nobody.

use std::path::{Path, PathBuf};

use super::{
    Request, Trigger,
    brackets::Lexis,
    cache::{LOOK_AHEAD_BYTES, LOOK_BEHIND_BYTES, Surroundings},
    post,
    show::{Around, LIKELY_ENOUGH, TOO_UNLIKELY},
};
use crate::{
    config::CompletionConfig,
    context::privacy::Cleared,
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
    /// The folder from which the prompt names files.
    root: Option<PathBuf>,
    /// How likely a line has to be before it is shown while typing, from 0 to 1.
    pub least: f32,
    /// The project's name, and the file's in it, as the model has seen such names in training.
    pub project: String,
    pub path: String,
}

impl Asked {
    /// Of a document that a model may see, as `_cleared` proves.
    pub fn new(
        request: Request,
        config: CompletionConfig,
        budget: Budget,
        _cleared: Cleared,
    ) -> Self {
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
        let root = root(&snapshot, workspace.as_deref());
        let project = root.as_deref().and_then(Path::file_name);
        let project = project.map_or("project".to_owned(), |name| display(Path::new(name)));
        let path = match snapshot.path.as_deref() {
            Some(path) => relative(path, root.as_deref()),
            None => {
                let untitled = snapshot.uri.rsplit('/').next();
                untitled.unwrap_or_default().to_owned()
            }
        };
        Self {
            around: surroundings(&snapshot, at, &entry, cursor),
            snapshot,
            budget,
            at,
            cursor,
            entry,
            trigger,
            config,
            root,
            least: LIKELY_ENOUGH,
            project,
            path,
        }
    }

    /// The folder from which the prompt names files.
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The name of another file in the prompt.
    pub fn relative(&self, path: &Path) -> String {
        relative(path, self.root.as_deref())
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
            below: &self.around.after[self.place().rest_of_line().len()..],
            lexis: Lexis::of(self.snapshot.language),
        }
    }

    pub fn line_before(&self) -> &str {
        self.around.before.rsplit('\n').next().unwrap_or_default()
    }

    /// The language id, as in LSP.
    pub fn language(&self) -> &'static str {
        self.snapshot
            .language
            .map_or("plaintext", |language| language.id())
    }

    /// Stays the same while something is typed in the line.
    pub fn place_of_line(&self) -> (&str, usize, Option<&str>) {
        let line = self.snapshot.rope.byte_to_line(self.at);
        let line_above = self.around.before.rsplit('\n').nth(1);
        (&self.snapshot.uri, line, line_above)
    }

    pub fn place(&self) -> post::Place<'_> {
        post::Place {
            before: &self.around.before,
            after: &self.around.after,
            line_end: line_end(&self.snapshot),
            lexis: Lexis::of(self.snapshot.language),
        }
    }

    /// Why a line that is less likely than [`Asked::least`] is not shown.
    pub fn why_too_unlikely(&self) -> String {
        if self.least == LIKELY_ENOUGH {
            TOO_UNLIKELY.to_owned()
        } else if self.least == self.config.min_probability() {
            "The line is less likely than `completion.min_probability_percent` asks.".to_owned()
        } else {
            format!(
                "Lines as unlikely as this one were seldom kept here (threshold {:.2}).",
                self.least
            )
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

/// The folder from which files are named in the prompt.
fn root(snapshot: &Snapshot, workspace: Option<&Path>) -> Option<PathBuf> {
    let path = snapshot.path.as_deref()?;
    let holds = workspace.filter(|root| path.starts_with(root));
    holds.or(path.parent()).map(Path::to_owned)
}

fn relative(path: &Path, root: Option<&Path>) -> String {
    let inside = root.and_then(|root| path.strip_prefix(root).ok());
    display(inside.unwrap_or(path))
}

/// With slashes, as the model has seen paths in training.
fn display(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
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
