//! `tacit complete`: one completion from the shell, by the same path as in an editor.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use tokio::sync::watch;

use super::{EngineArguments, for_stdout, read_text, user_settings};
use crate::{
    completion::{Complete, Completer, Completion, Request, Trigger},
    context::workspace::Workspace,
    display,
    documents::{DocVersion, Documents, Snapshot},
    syntax::{BACKGROUND_BUDGET, newest_tree},
};

/// A large workspace is not waited for: what lies around the file is read first.
pub const INDEX_PATIENCE: Duration = Duration::from_secs(2);

/// Complete a file at a place and print the text
#[derive(Debug, Args)]
pub struct Arguments {
    /// The source file
    file: PathBuf,
    /// Line, counted from 1
    #[arg(long, value_name = "L")]
    line: usize,
    /// Column, counted from 1 in characters; the text goes before the character that stands there
    #[arg(long, value_name = "C")]
    column: usize,
    /// The project folder (default: the folder of the file)
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Print one JSON object: text, reason, model, tokens, times, context
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

pub async fn run(arguments: Arguments) -> Result<()> {
    let text = read_text(&arguments.file)?;
    let file = std::path::absolute(&arguments.file)?;
    let mut snapshot = snapshot(&file, &text)?;
    let cursor = cursor(&snapshot, arguments.line, arguments.column)?;
    let workspace = arguments.workspace.map(std::path::absolute).transpose()?;
    let known = Arc::<Workspace>::default();
    let folder = workspace.as_deref().or(file.parent());
    index(&known, &mut snapshot, folder.unwrap_or(&file));
    let settings = watch::Sender::new(Arc::new(user_settings(workspace.as_deref())));
    let completer = Completer::new(
        arguments.engine.open()?,
        settings.subscribe(),
        known,
        Arc::default(),
    );
    let request = Request {
        snapshot,
        cursor,
        trigger: Trigger::Invoked,
        selected: None,
        workspace,
    };
    let completion = completer.complete(request).await;
    if arguments.json {
        println!("{}", for_stdout(&to_json(&completion).to_string()));
    } else if completion.shown {
        println!("{}", for_stdout(&completion.text));
    } else {
        eprintln!(
            "No suggestion. {}",
            display::on_terminal(&completion.reason)
        );
    }
    Ok(())
}

/// A file as the language server would have it open.
pub fn snapshot(file: &std::path::Path, text: &str) -> Result<Snapshot> {
    let uri = url::Url::from_file_path(file)
        .ok()
        .with_context(|| format!("{} is not a file path", file.display()))?;
    Ok(Documents::default().open(uri.as_str(), "", DocVersion(0), text))
}

/// Makes `folder` the workspace and opens the file in it.
pub fn index(workspace: &Workspace, snapshot: &mut Snapshot, folder: &Path) {
    workspace.index.set_folders(vec![folder.to_owned()]);
    open(workspace, snapshot, INDEX_PATIENCE);
}

/// Tells what is known of the workspace that the file was opened, as the language server would, and waits for the index for at most
/// `patience`. Whether all of it is there then, with this text in place of the file's.
pub fn open(workspace: &Workspace, snapshot: &mut Snapshot, patience: Duration) -> bool {
    workspace.opened(snapshot);
    snapshot.tree = newest_tree(snapshot, BACKGROUND_BUDGET);
    if snapshot.tree.is_some() {
        workspace.parsed(snapshot.clone());
    }
    let is_known = snapshot.tree.is_some() || snapshot.grammar.is_none();
    workspace.index.wait_until_ready(patience) && is_known
}

fn cursor(snapshot: &Snapshot, line: usize, column: usize) -> Result<usize> {
    let rope = &snapshot.rope;
    let lines = rope.len_lines();
    if !(1..=lines).contains(&line) {
        bail!("--line must lie between 1 and {lines}, the number of lines in the file.");
    }
    let text = rope.line(line - 1);
    let columns = text.chars().filter(|c| !matches!(c, '\n' | '\r')).count() + 1;
    if !(1..=columns).contains(&column) {
        bail!("--column must lie between 1 and {columns} in line {line}.");
    }
    Ok(rope.line_to_byte(line - 1) + text.char_to_byte(column - 1))
}

fn to_json(completion: &Completion) -> serde_json::Value {
    let Completion {
        text,
        shown,
        reason,
        metrics,
        context,
        ..
    } = completion;
    json!({
        "text": text,
        "shown": shown,
        "reason": reason,
        "model": metrics.model,
        "prompt_tokens": metrics.prompt_tokens_evaluated + metrics.prompt_tokens_reused,
        "prompt_tokens_evaluated": metrics.prompt_tokens_evaluated,
        "prompt_tokens_reused": metrics.prompt_tokens_reused,
        "tokens_generated": metrics.tokens_generated,
        "draft_tokens_accepted": metrics.draft_tokens_accepted,
        "first_token_ms": metrics.first_token_ms,
        "first_line_ms": metrics.first_line_ms,
        "total_ms": metrics.total_ms,
        "context": context,
    })
}
