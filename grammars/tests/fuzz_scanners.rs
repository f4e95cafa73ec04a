//! The external scanners of all grammars at their edges: what they open, nested and repeated as often as their counters and tree-sitter's memory
//! for states are large, whole and cut off, then random combinations of that, each parsed anew and after edits.
//!
//! A scanner that fails takes the process with it, so each grammar is tried in a child process, which says beforehand what it is about to parse.
//! `FUZZ_SECONDS` is how long the random part may take for all grammars together. `cargo test -p grammars --features all` tries those that are
//! optional too.

use std::{
    collections::BTreeMap,
    env, fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use grammars::Language;
use serde::Deserialize;
use tree_sitter::{InputEdit, ParseOptions, Parser, Point, Tree};

/// Around the limits of counters of seven and eight bits, and around where states of one, two and four bytes a level fill 1,024.
const LEVELS: [usize; 13] = [
    1, 127, 128, 204, 205, 253, 255, 256, 300, 511, 520, 1023, 1024,
];

/// Where two bytes end. For what is short.
const LONG: usize = 65_536;

/// What a text may have: beyond it a parse takes longer than it teaches.
const MAX_TEXT_BYTES: usize = 200_000;

/// The language server gives a document as much at the most.
const PARSE_BUDGET: Duration = Duration::from_millis(500);

/// A parse that computes longer than this does not look at its budget: a scanner loops. Ample: tests are not optimised, and error recovery takes a
/// hundred steps between two looks.
const STUCK_AFTER: Duration = Duration::from_secs(20);

/// What the process of a grammar may have: its tables, a tree of the longest text, and what scanners forget to free.
const MAX_MEMORY_BYTES: u64 = 1 << 30;

/// The random part, for all grammars together.
const DEFAULT_SECONDS: f64 = 5.0;

/// The variables by which a child learns what to do.
const LANGUAGE: &str = "FUZZ_LANGUAGE";
const SECONDS: &str = "FUZZ_SECONDS";
const SEED: &str = "FUZZ_SEED";
const CURRENT_TEXT: &str = "FUZZ_CURRENT_TEXT";

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Edge {
    head: String,
    open: String,
    middle: String,
    close: String,
    tail: String,
}

impl Edge {
    fn text(&self, levels: usize) -> String {
        let mut text = self.opened(levels);
        text.push_str(&indented(&self.middle, levels));
        for level in (0..levels).rev() {
            text.push_str(&indented(&self.close, level));
        }
        text + &self.tail
    }

    /// Cut off where all levels are open.
    fn opened(&self, levels: usize) -> String {
        let mut text = self.head.clone();
        for level in 0..levels {
            text.push_str(&indented(&self.open, level));
        }
        text
    }
}

fn indented(part: &str, level: usize) -> String {
    part.replace('→', &" ".repeat(level))
}

/// The edges by language; "any" are those for every one.
fn table() -> BTreeMap<String, Vec<Edge>> {
    toml::from_str(include_str!("fuzz_scanners/edges.toml")).expect("edges.toml is a valid table")
}

#[test]
fn the_edges_belong_to_languages_that_have_a_grammar() {
    for name in table().keys().filter(|name| *name != "any") {
        let language = Language::by_lsp_id(name).unwrap_or_else(|| panic!("{name} is no language"));
        assert_eq!(language.id(), name);
        assert!(
            language.parser().is_some() || !cfg!(feature = "all"),
            "{name} has no grammar"
        );
    }
}

#[test]
fn fuzz_scanners_at_their_edges() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let languages: Vec<_> = Language::all()
        .iter()
        .filter(|language| language.parser().is_some())
        .collect();
    let (seconds, seed) = match env::var(SECONDS) {
        Ok(seconds) => {
            let now = SystemTime::UNIX_EPOCH
                .elapsed()
                .expect("a clock that is set");
            (
                seconds.parse().expect("FUZZ_SECONDS is a number"),
                now.as_secs(),
            )
        }
        Err(_) => (DEFAULT_SECONDS, 1),
    };
    let mut failed = Vec::new();
    for language in &languages {
        let current = folder.join(format!("scanner_{}.txt", language.id()));
        let child = Command::new(env::current_exe().expect("a path"))
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(LANGUAGE, language.id())
            .env(SECONDS, (seconds / languages.len() as f64).to_string())
            .env(SEED, seed.to_string())
            .env(CURRENT_TEXT, &current)
            .output()
            .expect("this test can be started again");
        if !child.status.success() {
            let said = String::from_utf8_lossy(&child.stderr);
            failed.push(format!(
                "{} (seed {seed}): {}\n{said}\nthe text is in {}",
                language.id(),
                child.status,
                current.display()
            ));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// Not a test of its own: what `fuzz_scanners_at_their_edges` starts.
#[test]
#[ignore = "started by fuzz_scanners_at_their_edges"]
fn child() {
    let Ok(id) = env::var(LANGUAGE) else {
        return;
    };
    let variable = |name| env::var(name).expect("set together with the language");
    let language = Language::by_lsp_id(&id)
        .and_then(Language::parser)
        .expect("a grammar");
    let mut random = Random(variable(SEED).parse().expect("a number"));
    let mut bench = Bench::new(&language, variable(CURRENT_TEXT).into());
    let mut table = table();
    let mut edges = table.remove(&id).unwrap_or_default();
    for edge in &edges {
        for levels in LEVELS {
            bench.parse_and_edit(edge.text(levels), &mut random);
            bench.parse_and_edit(edge.opened(levels), &mut random);
        }
    }
    edges.extend(table.remove("any").unwrap_or_default());
    let end =
        Instant::now() + Duration::from_secs_f64(variable(SECONDS).parse().expect("a number"));
    while Instant::now() < end {
        bench.parse_and_edit(random_text(&edges, &mut random), &mut random);
    }
}

/// Some edges within and behind one another.
fn random_text(edges: &[Edge], random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(4) {
        let edge = &edges[random.below(edges.len())];
        let levels = match random.below(4) {
            0 => LEVELS[random.below(LEVELS.len())],
            1 if edge.open.len() <= 2 => random.below(LONG + 2),
            2 => random.below(40),
            _ => random.below(4),
        };
        let piece = if random.below(3) == 0 {
            edge.opened(levels)
        } else {
            edge.text(levels)
        };
        let at = if random.below(2) == 0 {
            text.len()
        } else {
            random.place(&text)
        };
        text.insert_str(at, &piece);
    }
    text
}

/// Parses, and tells what it parses to whoever finds this process dead.
struct Bench {
    parser: Parser,
    current_text: PathBuf,
    /// Counts beginnings and ends of parses: odd while one is under way.
    turns: Arc<AtomicU64>,
}

impl Bench {
    fn new(language: &tree_sitter::Language, current_text: PathBuf) -> Self {
        let mut parser = Parser::new();
        parser.set_language(language).expect("the ABI fits");
        let turns = Arc::new(AtomicU64::new(0));
        let watched = turns.clone();
        thread::spawn(move || watch(&watched));
        Self {
            parser,
            current_text,
            turns,
        }
    }

    fn parse_and_edit(&mut self, mut text: String, random: &mut Random) {
        text.truncate(boundary(&text, MAX_TEXT_BYTES));
        let mut tree = self.parse(&text, None);
        let start = random.place(&text);
        let end = boundary(&text, start + random.below(5)).max(start);
        let inserted = ["", "x", "\n", " ", "\"", "}", "a b\n\tc"][random.below(7)];
        let before = text.clone();
        text.replace_range(start..end, inserted);
        if let Some(tree) = &mut tree {
            tree.edit(&edit(&before, &text, start, end, start + inserted.len()));
            self.parse(&text, Some(tree));
        }
    }

    fn parse(&mut self, text: &str, old_tree: Option<&Tree>) -> Option<Tree> {
        fs::write(&self.current_text, text).expect("a folder for tests");
        let start = Instant::now();
        let mut within_budget = |_: &_| match start.elapsed() < PARSE_BUDGET {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let options = ParseOptions::new().progress_callback(&mut within_budget);
        self.turns.fetch_add(1, Ordering::Relaxed);
        let bytes = text.as_bytes();
        let tree = self.parser.parse_with_options(
            &mut |at, _| &bytes[at.min(bytes.len())..],
            old_tree,
            Some(options),
        );
        self.turns.fetch_add(1, Ordering::Relaxed);
        self.parser.reset();
        tree
    }
}

/// Ends the process when a parse does not end, or when it takes too much memory.
fn watch(turns: &AtomicU64) {
    let (mut turn, mut since) = (0, computed());
    loop {
        thread::sleep(Duration::from_millis(50));
        let now = turns.load(Ordering::Relaxed);
        if now != turn {
            (turn, since) = (now, computed());
        }
        let is_parsing = turn % 2 == 1;
        if is_parsing && computed() - since > STUCK_AFTER {
            eprintln!("the parse does not end");
            process::exit(1);
        }
        if memory_bytes().is_some_and(|bytes| bytes > MAX_MEMORY_BYTES) {
            eprintln!("more than {MAX_MEMORY_BYTES} bytes of memory");
            process::exit(1);
        }
    }
}

/// What this process has computed; where that is not Linux's to say, the time that has passed.
fn computed() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let ticks = || {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // Behind the name, which may have blanks in it: 11 other fields, then those of the user and of the system.
        let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
        fields
            .map(|ticks| ticks.parse::<u64>().ok())
            .sum::<Option<u64>>()
    };
    ticks().map_or_else(
        || START.elapsed(),
        |ticks| Duration::from_millis(ticks * 10),
    )
}

/// What this process has in memory; `None` where that is not Linux's to say.
fn memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The last character boundary that is not behind `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

fn edit(before: &str, after: &str, start: usize, old_end: usize, new_end: usize) -> InputEdit {
    let point = |text: &str, byte: usize| {
        let line_start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
        let row = text[..byte].matches('\n').count();
        Point::new(row, byte - line_start)
    };
    InputEdit {
        start_byte: start,
        old_end_byte: old_end,
        new_end_byte: new_end,
        start_position: point(before, start),
        old_end_position: point(before, old_end),
        new_end_position: point(after, new_end),
    }
}

/// SplitMix64: a few lines, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A character boundary of `text`.
    fn place(&mut self, text: &str) -> usize {
        boundary(text, self.below(text.len() + 1))
    }
}
