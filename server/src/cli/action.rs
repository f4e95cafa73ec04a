//! `tacit fix`, `implement`, `document`, `test`, `simplify`, `edit`, `explain`: code actions from the shell, by the same path as in an editor.

use std::{
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{EngineArguments, complete, for_stdout, read_text};
use crate::{
    actions::{
        Action, Offer, Problem,
        act::{Act, Actor, Change, Cost, Done, Refusal, With},
        diff,
        edit::{self, Edit},
        offer,
    },
    context::{privacy, workspace::Workspace},
    display,
    documents::Snapshot,
    files,
};

/// Where, and what becomes of the result.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The source file
    file: PathBuf,
    /// A line of the function, statement or comment that it is about, counted from 1
    #[arg(long, value_name = "L")]
    line: usize,
    /// The last line, where it is about the lines from --line to this one
    #[arg(long, value_name = "L")]
    to: Option<usize>,
    /// The project folder (default: the folder of the file)
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Print a unified diff (the default)
    #[arg(long, conflicts_with = "write")]
    diff: bool,
    /// Change the file
    #[arg(long)]
    write: bool,
    /// Print one JSON object: what changed or why nothing did, lines, tokens, times
    #[arg(long)]
    json: bool,
    /// Show the model nothing of other files
    #[arg(long, hide = true)]
    without_context: bool,
    /// Take the model's first answer as it is
    #[arg(long, hide = true)]
    without_checks: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

/// Mend what a compiler, linter or test complains of
#[derive(Debug, Args)]
pub struct Fix {
    /// The message of the compiler, linter or test
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    message: String,
    /// The code that the tool gives it: E0308, no-undef
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    #[command(flatten)]
    arguments: Arguments,
}

/// Change code as told
#[derive(Debug, Args)]
pub struct Edited {
    /// What to do with it (default: a comment `tacit: ...` above it says so)
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    instruction: Option<String>,
    #[command(flatten)]
    arguments: Arguments,
}

/// What is wanted, without what only one kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Implement,
    Document,
    Test,
    Simplify,
    Explain,
}

pub async fn fix(fix: Fix) -> Result<()> {
    let Fix {
        message,
        code,
        arguments,
    } = fix;
    let find = move |snapshot: &Snapshot, range: Range<usize>, _| {
        let problem = Problem {
            range: range.clone(),
            message,
            code,
            source: None,
            is_error: true,
        };
        let at = range.start..range.start;
        let is_fix = |offer: &Offer| matches!(offer.action, Action::Fix { .. });
        offer::offers(snapshot, at, &[problem])
            .into_iter()
            .find(is_fix)
    };
    run(arguments, find).await
}

pub async fn edit(edited: Edited) -> Result<()> {
    let Edited {
        instruction,
        arguments,
    } = edited;
    let find = move |snapshot: &Snapshot, _, range: Range<usize>| {
        let mut offers = offer::offers(snapshot, range, &[]).into_iter();
        offers.find_map(|offer| match (offer.action, &instruction) {
            // That of a comment is complete, and the comment goes with the edit.
            (Action::Edit { instruction: said }, None) if !said.is_empty() => Some(Offer {
                action: Action::Edit { instruction: said },
                target: offer.target,
            }),
            (Action::Edit { instruction: said }, Some(given)) if said.is_empty() => Some(Offer {
                action: Action::Edit {
                    instruction: given.clone(),
                },
                target: offer.target,
            }),
            _ => None,
        })
    };
    run(arguments, find).await
}

pub async fn act(wanted: Wanted, arguments: Arguments) -> Result<()> {
    let find = move |snapshot: &Snapshot, _, range: Range<usize>| {
        let is_wanted = |offer: &Offer| {
            matches!(
                (&offer.action, wanted),
                (Action::Implement, Wanted::Implement)
                    | (Action::Document, Wanted::Document)
                    | (Action::Test, Wanted::Test)
                    | (Action::Simplify, Wanted::Simplify)
                    | (Action::Explain { .. }, Wanted::Explain)
            )
        };
        offer::offers(snapshot, range, &[])
            .into_iter()
            .find(is_wanted)
    };
    run(arguments, find).await
}

/// Finds the place, asks the model, shows or writes what came of it. The error is why nothing changes. `find` is given the bytes of the lines,
/// and of them what an editor would have selected: nothing, where no last line was named.
async fn run(
    arguments: Arguments,
    find: impl FnOnce(&Snapshot, Range<usize>, Range<usize>) -> Option<Offer>,
) -> Result<()> {
    let text = read_text(&arguments.file)?;
    let file = std::path::absolute(&arguments.file)?;
    let mut snapshot = complete::snapshot(&file, &text)?;
    let range = lines(
        &snapshot,
        arguments.line,
        arguments.to.unwrap_or(arguments.line),
    )?;
    let bounds = arguments.workspace.as_ref().map(std::path::absolute);
    let bounds = bounds.transpose()?;
    let folder = match &bounds {
        Some(folder) => folder.clone(),
        None => file.parent().unwrap_or(&file).to_owned(),
    };
    let workspace = Arc::<Workspace>::default();
    complete::index(&workspace, &mut snapshot, &folder);
    let selected = match arguments.to {
        Some(_) => range.clone(),
        None => range.start..range.start,
    };
    let offer = find(&snapshot, range, selected).with_context(|| {
        format!(
            "There is nothing to do that for at line {} of {}.",
            arguments.line,
            arguments.file.display()
        )
    })?;
    let act = Act {
        snapshot: snapshot.clone(),
        offer: offer.clone(),
        folder: Some(folder),
        bounds: bounds.clone(),
        with: With {
            context: !arguments.without_context,
            checks: !arguments.without_checks,
        },
    };
    let actor = Actor::new(arguments.engine.open_for_actions()?, workspace);
    let mut counted = Counter::default();
    let done = actor
        .act(act, &mut |progress| {
            counted.show(progress.attempt, progress.tokens)
        })
        .await;
    counted.end();
    let subject = Subject {
        arguments: &arguments,
        snapshot: &snapshot,
        offer: &offer,
        text: &text,
        bounds: bounds.as_deref(),
    };
    match done {
        Ok(done) => subject.show(done),
        Err(refusal) => {
            if arguments.json {
                println!("{}", for_stdout(&subject.refused(&refusal).to_string()));
            }
            Err(anyhow!(refusal))
        }
    }
}

/// The bytes of some lines, without the blanks around them.
fn lines(snapshot: &Snapshot, first: usize, last: usize) -> Result<Range<usize>> {
    let rope = &snapshot.rope;
    let count = rope.len_lines();
    if !(1..=count).contains(&first) {
        bail!("--line must lie between 1 and {count}, the number of lines in the file.");
    }
    if !(first..=count).contains(&last) {
        bail!("--to must lie between {first} and {count}, the number of lines in the file.");
    }
    let start = rope.line_to_byte(first - 1);
    let text = rope.byte_slice(start..rope.line_to_byte(last)).to_string();
    let blanks = text.len() - text.trim_start().len();
    // A line of blanks only: its beginning.
    match text.trim().len() {
        0 => Ok(start..start),
        len => Ok(start + blanks..start + blanks + len),
    }
}

/// Tokens on stderr while the model writes, for a person who waits.
#[derive(Default)]
struct Counter {
    has_shown: bool,
}

impl Counter {
    fn show(&mut self, attempt: u32, tokens: u32) {
        if console::user_attended_stderr() {
            self.has_shown = true;
            let again = if attempt > 1 { " again" } else { "" };
            eprint!("\rwriting{again}: {tokens} tokens ");
            let _ = io::stderr().flush();
        }
    }

    fn end(&self) {
        if self.has_shown {
            eprint!("\r\x1b[K");
        }
    }
}

/// What an action was about.
struct Subject<'a> {
    arguments: &'a Arguments,
    snapshot: &'a Snapshot,
    offer: &'a Offer,
    text: &'a str,
    /// As in [`Act`].
    bounds: Option<&'a Path>,
}

impl Subject<'_> {
    fn show(&self, done: Done) -> Result<()> {
        let Done { change, cost } = done;
        match change {
            Change::Words(words) => {
                if self.arguments.json {
                    let said = self.json(false, "", &cost, &[], json!({ "text": words }));
                    println!("{}", for_stdout(&said.to_string()));
                } else {
                    println!("{}", for_stdout(&words));
                }
                Ok(())
            }
            Change::Document(edits) => {
                let new = edit::apply(self.text, &edits);
                let lines: Vec<Value> = edits.iter().map(|edit| self.lines_of(edit)).collect();
                self.hand_over(&self.arguments.file, Some(self.text), &new, &cost, &lines)
            }
            Change::File { path, old, new } => {
                self.hand_over(&path, old.as_deref(), &new, &cost, &[])
            }
        }
    }

    /// Prints the diff, or writes the file.
    fn hand_over(
        &self,
        path: &Path,
        old: Option<&str>,
        new: &str,
        cost: &Cost,
        lines: &[Value],
    ) -> Result<()> {
        let diff = diff::unified(&self.name_of(path), old, new);
        if self.arguments.write {
            let of = self.snapshot.path.as_deref().unwrap_or(path);
            write(path, of, self.bounds, old.is_none(), new)?;
        }
        if self.arguments.json {
            let more = json!({ "path": path, "diff": diff });
            let said = self.json(true, "", cost, lines, more);
            println!("{}", for_stdout(&said.to_string()));
        } else if self.arguments.write {
            let name = path.display().to_string();
            eprintln!("{} was changed.", display::on_terminal(&name));
        } else {
            print!("{}", for_stdout(&diff));
        }
        Ok(())
    }

    /// As a diff names a file: relative to the working folder where it is in there, so that `patch -p1` finds it.
    fn name_of(&self, path: &Path) -> String {
        let here = std::env::current_dir().ok();
        let inside = here
            .as_deref()
            .and_then(|here| path.strip_prefix(here).ok());
        inside
            .unwrap_or(path)
            .to_string_lossy()
            .trim_start_matches('/')
            .to_owned()
    }

    fn refused(&self, refusal: &Refusal) -> Value {
        self.json(
            false,
            &refusal.to_string(),
            &Cost::default(),
            &[],
            json!({}),
        )
    }

    /// Lines of the old text, from 1, both included.
    fn lines_of(&self, edit: &Edit) -> Value {
        let line = |byte: usize| self.snapshot.rope.byte_to_line(byte) + 1;
        let last = edit.range.end.max(edit.range.start + 1) - 1;
        json!({ "start_line": line(edit.range.start), "end_line": line(last.min(self.snapshot.rope.len_bytes())) })
    }

    fn json(
        &self,
        changed: bool,
        reason: &str,
        cost: &Cost,
        lines: &[Value],
        more: Value,
    ) -> Value {
        let target = Edit {
            range: self.offer.target.range.clone(),
            text: String::new(),
        };
        let mut said = json!({
            "action": self.offer.title(),
            "changed": changed,
            "reason": reason,
            "range": self.lines_of(&target),
            "edited": lines,
            "attempts": cost.attempts,
            "tokens_generated": cost.tokens_generated,
            "total_ms": cost.seconds * 1000.0,
        });
        if let (Some(said), Some(more)) = (said.as_object_mut(), more.as_object()) {
            said.extend(more.clone());
        }
        said
    }
}

/// Writes where the path leads to, which has to lie in the project of the file `of`: a repository may hold links to anywhere.
fn write(path: &Path, of: &Path, bounds: Option<&Path>, is_new: bool, text: &str) -> Result<()> {
    let place = privacy::inside(&std::path::absolute(path)?, of, bounds).map_err(|reason| {
        anyhow!(
            "{} {reason}, so nothing was written. Name that file itself, or a --workspace around both.",
            path.display()
        )
    })?;
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    files::write_unlinked(&place, text, is_new)
        .with_context(|| format!("cannot write {}", place.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn nothing_is_written_beyond_the_project() {
        let [project, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [root, plugins] =
            [&project, &elsewhere].map(|folder| fs::canonicalize(folder).unwrap());
        let of = root.join("shop.lua");
        fs::write(&of, "old").unwrap();
        fs::write(plugins.join("mine.lua"), "mine").unwrap();
        fs::create_dir(root.join("lib")).unwrap();
        symlink(&plugins, root.join("spec")).unwrap();
        symlink(plugins.join("mine.lua"), root.join("linked.lua")).unwrap();
        symlink(plugins.join("new.lua"), root.join("dangling.lua")).unwrap();
        symlink("lib", root.join("inside")).unwrap();
        for (path, is_new) in [
            ("spec/shop_spec.lua", true),
            ("spec/deep/shop_spec.lua", true),
            ("spec/mine.lua", false),
            ("linked.lua", false),
            ("dangling.lua", true),
            ("../shop_spec.lua", true),
            ("lib/../../x.lua", true),
        ] {
            for bounds in [None, Some(&*root)] {
                let written = write(&root.join(path), &of, bounds, is_new, "new");
                let reason = written.unwrap_err().to_string();
                assert!(reason.contains("outside"), "{path}: {reason}");
            }
        }
        assert!(write(&plugins.join("mine.lua"), &of, None, false, "new").is_err());
        assert_eq!(
            fs::read_to_string(plugins.join("mine.lua")).unwrap(),
            "mine"
        );
        assert_eq!(fs::read_dir(&plugins).unwrap().count(), 1);
        // What has come to be there meanwhile stays as it is.
        assert!(write(&of, &of, None, true, "new").is_err());
        assert_eq!(fs::read_to_string(&of).unwrap(), "old");
        for (path, is_new) in [
            ("shop.lua", false),
            ("test/deep/shop_spec.lua", true),
            ("inside/x.lua", true),
        ] {
            write(&root.join(path), &of, None, is_new, "new").unwrap();
            assert_eq!(fs::read_to_string(root.join(path)).unwrap(), "new");
        }
        assert!(root.join("lib/x.lua").exists());
        // The file that is named itself.
        let named = plugins.join("mine.lua");
        write(&named, &named, None, false, "new").unwrap();
    }
}
