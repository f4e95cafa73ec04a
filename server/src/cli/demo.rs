//! `tacit demo`: plays recorded typing in the terminal, with real completions by the same path as in an editor. On a terminal
//! it draws a full screen; elsewhere it prints a line for each suggestion. What happens is the same in both.

mod frame;
mod play;
mod trace;

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::sync::watch;

use super::{EngineArguments, read_text};
use crate::{
    completion::Completer,
    config::{Config, Settings},
};
use frame::{Size, View, frame};
use play::{Moment, Scene, Summary};
use trace::Trace;

/// A function body of the example project, typed by a person with the usual pauses and slips.
const TRACE: &str = include_str!("../../../fixtures/traces/demo.jsonl");

/// Play recorded typing in the terminal, with real completions as ghost text
#[derive(Debug, Args)]
pub struct Arguments {
    /// Another recording, as JSON lines
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Type so many times faster than the recording
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    speed: f64,
    #[command(flatten)]
    engine: EngineArguments,
}

/// What a user does next.
const CONNECT: &str = "\
tacit completes like this in your editor, which starts `tacit lsp` by itself:
  Neovim   0.10 or newer: add the folder editors/neovim to the runtime path, as its README.md shows
  VS Code  `make vscode`, then `code --install-extension target/tacit.vsix`
  Helix    copy your languages from editors/helix/languages.toml, as the README.md beside it shows
  Others   a client of the Language Server Protocol with the command `tacit lsp`: editors/README.md
For editors to find the program: `make install`, which copies it to ~/.local/bin.
What is wrong if it does not work: `tacit doctor`. All the rest: README.md.";

pub async fn run(arguments: Arguments) -> Result<()> {
    let Arguments {
        trace,
        speed,
        engine,
    } = arguments;
    ensure!(
        speed.is_finite() && speed > 0.0,
        "--speed must be a number above 0, e.g. 2 for twice as fast."
    );
    let trace = match trace {
        None => Trace::parse(TRACE)?,
        Some(file) => Trace::parse(&read_text(&file)?)
            .with_context(|| format!("cannot play {}", file.display()))?,
    };
    let model = engine.run()?.loader()?.model();
    println!("Loading the model {model} ...");
    // Whoever turned completion off for some language still sees how it would be.
    let settings = watch::Sender::new(Arc::new(Settings::from(Config::default())));
    let completer = Completer::new(
        engine.open()?,
        settings.subscribe(),
        Arc::default(),
        Arc::default(),
    );

    let played = {
        let mut stage = Stage::open(&trace)?;
        let mut show = |scene: &Scene<'_>, moment| stage.show(scene, moment);
        let play = play::play(&trace, &completer, speed, &mut show);
        tokio::select! {
            played = play => played,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    };
    println!("{}\n\n{CONNECT}", in_words(&played?));
    Ok(())
}

fn in_words(summary: &Summary) -> String {
    let Summary {
        keys,
        suggestions,
        accepted,
        accepted_characters,
        first_token_ms,
        prompt,
    } = summary;
    let share =
        100.0 * f64::from(prompt.reused) / f64::from((prompt.reused + prompt.evaluated).max(1));
    format!(
        "{keys} keys were pressed. {suggestions} suggestions came, each {first_token_ms:.0} ms (median) after its key, with {share:.1} % of \
         the prompt's\ntokens reused. {accepted} of them were accepted with Tab and typed {accepted_characters} characters."
    )
}

/// Where the demo is shown. A terminal is put back into its usual state when this is dropped.
enum Stage<'a> {
    Screen { title: String },
    Lines { trace: &'a Trace },
}

impl<'a> Stage<'a> {
    fn open(trace: &'a Trace) -> io::Result<Self> {
        let dumb = std::env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
        if !io::stdout().is_terminal() || dumb {
            return Ok(Self::Lines { trace });
        }
        // The alternate screen, without a cursor: the frame draws its own.
        print("\x1b[?1049h\x1b[?25l\x1b[2J")?;
        let title = format!("{}/{}", trace.project, trace.path);
        Ok(Self::Screen { title })
    }

    fn show(&mut self, scene: &Scene<'_>, moment: Moment) -> io::Result<()> {
        match self {
            Self::Screen { title } => print(&frame(
                &View {
                    title,
                    buffer: scene.buffer,
                    ghost: scene.ghost,
                    accepted: scene.accepted.clone(),
                    status: &format!(" {}", scene.status),
                },
                terminal_size(),
            )),
            Self::Lines { trace } => match line(scene, moment) {
                Some(line) => print(&format!("{}: {line}\n", trace.path)),
                None => Ok(()),
            },
        }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if matches!(self, Self::Screen { .. }) {
            // Nobody is left to be told if the terminal is gone.
            let _ = print("\x1b[0m\x1b[?25h\x1b[?1049l");
        }
    }
}

/// A moment as a line of text; `None` for those that only move pixels.
fn line(scene: &Scene<'_>, moment: Moment) -> Option<String> {
    let typed = scene.buffer.line_before_cursor();
    match moment {
        Moment::Suggested if !scene.ghost.is_empty() => {
            let ghost = scene.ghost.replace('\n', "\n          ");
            Some(format!("{typed}[{ghost}]   {}", scene.status))
        }
        Moment::Accepted => Some(format!("{typed}   Tab")),
        _ => None,
    }
}

fn terminal_size() -> Size {
    let (rows, columns) = console::Term::stdout().size();
    Size {
        rows: rows.into(),
        columns: columns.into(),
    }
}

/// All at once, so that a terminal never shows half a frame.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
