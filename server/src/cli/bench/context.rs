//! `tacit bench context`: what it costs to follow a key and to choose what the model sees, in a large file of a large workspace. No
//! model is needed.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use tower_lsp::gen_lsp_types::TextDocumentContentChangeEvent;

use super::percentile;
use crate::{
    cli::complete,
    config::CompletionConfig,
    context::{
        plan::{Plan, Window},
        workspace::Workspace,
    },
    documents::{DocVersion, Documents, Snapshot},
    engine::{budget::Budget, costs::PassCosts},
    lsp::position::PositionEncoding,
    prompt::layout::Anchor,
    syntax::ParseWorker,
};

/// Between two keys, so that the parse behind each is done as often as while somebody types.
const KEY_INTERVAL: Duration = Duration::from_millis(60);

/// What is typed, line after line, in the middle of the file. The names are defined in other files.
const TYPED: &str =
    "    shelf = Shelf7(items, limit)\n    total = total + shelf.price_of7(items[0])\n";

/// Measure what following keys and choosing context costs
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files of the workspace, which is made for the measurement (Python)
    #[arg(long, value_name = "N", default_value_t = 2000)]
    files: usize,
    /// Lines of the file that is typed in
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    lines: usize,
    /// Keys that are typed
    #[arg(long, value_name = "N", default_value_t = 200)]
    keys: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if arguments.files == 0 || arguments.keys == 0 {
        bail!("--files and --keys must be at least 1.");
    }
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    write_files(folder.path(), arguments.files).context("cannot write the workspace")?;
    let file = folder.path().join("open.py");
    let text = large_file(arguments.lines);
    fs::write(&file, &text).context("cannot write the workspace")?;

    let started = Instant::now();
    let mut editor = Editor::open(folder.path(), &file, &text)?;
    let index_seconds = started.elapsed().as_secs_f64();
    let (mut change_us, mut plan_ms, mut pieces) = (Vec::new(), Vec::new(), 0);
    let mut plan = Plan::default();
    for key in TYPED.chars().cycle().take(arguments.keys) {
        let started = Instant::now();
        editor.press(key)?;
        change_us.push(started.elapsed().as_secs_f64() * 1e6);
        let started = Instant::now();
        plan = editor.plan(folder.path(), &plan)?;
        plan_ms.push(started.elapsed().as_secs_f64() * 1e3);
        pieces += plan.pieces.len();
        thread::sleep(KEY_INTERVAL);
    }

    let pieces = pieces as f64 / arguments.keys as f64;
    let figures =
        |values: &[f64]| [50, 99].map(|percent| percentile(values, percent).unwrap_or_default());
    let ([change, change_p99], [plan, plan_p99]) = (figures(&change_us), figures(&plan_ms));
    if arguments.json {
        let figures = json!({
            "files": arguments.files,
            "lines": arguments.lines,
            "keys": arguments.keys,
            "index_s": index_seconds,
            "did_change_us": { "median": change, "p99": change_p99 },
            "plan_ms": { "median": plan, "p99": plan_p99 },
            "pieces": pieces,
        });
        println!("{figures:#}");
    } else {
        println!(
            "{} files, one of {} lines, {} keys\n\
             index ready after         {index_seconds:.1} s\n\
             a key (didChange)         {change:.0} us, p99 {change_p99:.0} us\n\
             choosing the context      {plan:.1} ms, p99 {plan_p99:.1} ms; {pieces:.1} pieces",
            arguments.files, arguments.lines, arguments.keys,
        );
    }
    Ok(())
}

/// Files that import each other, a hundred in a folder.
fn write_files(folder: &Path, files: usize) -> std::io::Result<()> {
    for number in 0..files {
        let other = (number * 7 + 1) % files;
        let package = folder.join(format!("part{}", number / 100));
        fs::create_dir_all(&package)?;
        let text = format!(
            "\"\"\"Shelves of kind {number}.\"\"\"\nfrom part{}.shelf{other} import Shelf{other}\n\n\nclass Shelf{number}:\n    \"\"\"Holds items.\"\"\"\n\n    \
             def __init__(self, items: list, limit: int):\n        self.items = items\n        self.limit = limit\n        self.next = Shelf{other}\n\n    \
             def price_of{number}(self, item: str) -> float:\n        \"\"\"The price of an item.\"\"\"\n        return self.items[item] * {number}\n\n\n\
             def sum_of{number}(shelf: Shelf{number}) -> float:\n    total = 0.0\n    for item in shelf.items:\n        total += shelf.price_of{number}(item)\n    return total\n",
            other / 100
        );
        fs::write(package.join(format!("shelf{number}.py")), text)?;
    }
    Ok(())
}

fn large_file(lines: usize) -> String {
    let mut text = "from part0.shelf7 import Shelf7, sum_of7\n".to_owned();
    for number in 0..lines / 8 {
        let _ = write!(
            text,
            "\n\ndef order{number}(items: list, limit: int) -> float:\n    total = 0.0\n    for item in items[:limit]:\n        total += Shelf7(items, limit).price_of7(item)\n    \
             # {number}\n    return total\n"
        );
    }
    text
}

/// As much of a language server as a key passes through, and a parse thread behind it.
struct Editor {
    documents: Arc<Mutex<Documents>>,
    workspace: Arc<Workspace>,
    parser: ParseWorker,
    uri: Arc<str>,
    version: i32,
    /// Line and column.
    cursor: (u32, u32),
    budget: Budget,
}

impl Editor {
    fn open(folder: &Path, file: &Path, text: &str) -> Result<Self> {
        let uri = complete::snapshot(file, text)?.uri;
        let (documents, workspace) = (
            Arc::<Mutex<Documents>>::default(),
            Arc::<Workspace>::default(),
        );
        workspace.index.set_folders(vec![folder.to_owned()]);
        let mut snapshot = lock(&documents).open(&uri, "python", DocVersion(0), text);
        if !complete::open(&workspace, &mut snapshot, Duration::from_secs(600)) {
            bail!("The index was not ready within ten minutes.");
        }
        let parser = {
            let (documents, workspace) = (documents.clone(), workspace.clone());
            ParseWorker::spawn(move |parsed| workspace.take_parsed(&documents, parsed))
        };
        let newest = || {
            lock(&documents)
                .snapshot(&uri)
                .filter(Snapshot::wants_parse)
        };
        while let Some(unparsed) = newest() {
            parser.request(unparsed);
            thread::sleep(Duration::from_millis(5));
        }
        // Within the function in the middle, below its first line.
        let lines = snapshot.rope.len_lines();
        let middle = (lines / 2..lines).find(|line| {
            snapshot
                .rope
                .line(*line)
                .to_string()
                .starts_with("    total = ")
        });
        Ok(Self {
            documents,
            workspace,
            parser,
            uri,
            version: 0,
            cursor: (middle.unwrap_or(lines) as u32 + 1, 0),
            budget: Budget::new(
                &PassCosts::default(),
                CompletionConfig::default().latency_target_ms,
            ),
        })
    }

    /// What `textDocument/didChange` does for one key.
    fn press(&mut self, key: char) -> Result<()> {
        let (line, character) = self.cursor;
        let place = json!({ "line": line, "character": character });
        let message =
            json!([{ "range": { "start": place, "end": place }, "text": key.to_string() }])
                .to_string();
        let changes: Vec<TextDocumentContentChangeEvent> = serde_json::from_str(&message)?;
        self.version += 1;
        let mut documents = lock(&self.documents);
        let before = documents.snapshot(&self.uri).context("the file is open")?;
        let snapshot = documents.change(
            &self.uri,
            DocVersion(self.version),
            &changes,
            PositionEncoding::Utf16,
        )?;
        let older = self.workspace.changed(&before.rope, &snapshot, &changes);
        self.parser.request(snapshot);
        let unneeded = older.into_iter().chain([before]);
        unneeded.for_each(|snapshot| self.parser.retire(snapshot));
        self.cursor = match key {
            '\n' => (line + 1, 0),
            _ => (line, character + 1),
        };
        Ok(())
    }

    /// The context for the cursor, all sources asked.
    fn plan(&self, folder: &Path, previous: &Plan) -> Result<Plan> {
        let snapshot: Snapshot = lock(&self.documents)
            .snapshot(&self.uri)
            .context("the file is open")?;
        let (rope, layout) = (&snapshot.rope, &self.budget.layout);
        let cursor = rope.line_to_byte(self.cursor.0 as usize) + self.cursor.1 as usize;
        let range = Anchor::place(rope, cursor, layout, snapshot.notation()).window(cursor);
        let range = range.start..range.end.min(rope.len_bytes());
        let line = |byte| rope.byte_to_line(byte) as u32 + 1;
        let window = Window {
            path: snapshot.path.as_deref(),
            lines: line(range.start)..=line(range.end),
            text: &rope.byte_slice(range.clone()).to_string(),
        };
        let candidates = self
            .workspace
            .pieces(&snapshot, cursor, &range, Some(folder), &[]);
        Ok(Plan::choose(
            candidates,
            &window,
            self.budget.related_bytes,
            previous,
        ))
    }
}

fn lock(documents: &Mutex<Documents>) -> MutexGuard<'_, Documents> {
    documents.lock().unwrap_or_else(PoisonError::into_inner)
}
