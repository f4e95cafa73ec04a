//! The Neovim plugin in a real Neovim in a real terminal, with the real server and the real model.
//!
//! Needs tmux, the Neovim that `tests/editors/install_neovim.sh` installs (or `NVIM`), `target/release/tacit` (or
//! `TACIT_BIN`) and a pulled model (`TACIT_MODELS` names its folder); `make test` provides all of them. What is
//! missing fails the test. Waits poll the screen, so a slow machine makes them longer, never wrong.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use tempfile::TempDir;

/// Long enough to load a model on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);
/// A suggestion may grow while the model writes. It counts once it has stayed the same for so long.
const SETTLED: Duration = Duration::from_millis(1000);

const FILE: &str = "ledger/reports.py";

/// Two editors at once would share two cores with the model: one at a time.
static TURN: Mutex<()> = Mutex::new(());
static TERMINALS: AtomicU32 = AtomicU32::new(0);

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the repository")
}

/// The Neovim to drive. Inside Neovim's own terminal `NVIM` is a socket, not a program.
fn neovim() -> PathBuf {
    let named = env::var_os("NVIM")
        .map(PathBuf::from)
        .filter(|path| path.is_file());
    let path = named.unwrap_or_else(|| repository().join(".cache/neovim/bin/nvim"));
    assert!(
        path.is_file(),
        "there is no Neovim at {}: run tests/editors/install_neovim.sh",
        path.display()
    );
    path
}

/// The server to test: it lies beside the folder of the test programs.
fn tacit() -> PathBuf {
    let path = env::var_os("TACIT_BIN")
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            let test_program = env::current_exe().expect("a test knows its own path");
            test_program
                .ancestors()
                .nth(2)
                .expect("target/<profile>/deps/<test>")
                .join("tacit")
        });
    assert!(
        path.is_file(),
        "there is no server at {}: run `cargo build --release`",
        path.display()
    );
    path
}

fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn text_of(output: Output) -> String {
    String::from_utf8(output.stdout).expect("UTF-8 from the editor")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a fixture folder") {
        let path = entry.expect("a fixture").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copied fixture");
        }
    }
}

/// A Neovim in a terminal of its own, with a copy of the ledger project.
struct Editor {
    terminal: String,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Editor {
    /// Opens `reports.py` without its line `left_out`, the cursor on the line before it, in normal mode.
    fn open_without(left_out: &str, commands: &[&str]) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy_folder(
            &repository().join("fixtures/projects/ledger"),
            folder.path(),
        );
        let path = folder.path().join(FILE);
        let source = fs::read_to_string(&path).expect("the fixture");
        let mut lines: Vec<&str> = source.lines().collect();
        let gap = lines
            .iter()
            .position(|line| line.trim() == left_out)
            .expect("the line to leave out");
        lines.remove(gap);
        fs::write(&path, lines.join("\n") + "\n").expect("the fixture with its gap");

        let terminal = format!(
            "tacit-test-{}-{}",
            std::process::id(),
            TERMINALS.fetch_add(1, Ordering::Relaxed)
        );
        let mut command = Command::new("tmux");
        command.args(["-L", &terminal, "-f", "/dev/null", "-u"]);
        command.args(["new-session", "-d", "-x", "120", "-y", "40"]);
        command.arg("env").arg("TERM=xterm-256color").arg(neovim());
        command
            .args(["--clean", "--listen"])
            .arg(folder.path().join("nvim.sock"));
        command
            .arg("-u")
            .arg(repository().join("tests/editors/init.lua"));
        for line in commands {
            command.args(["-c", line]);
        }
        command.arg(format!("+{gap}")).arg(&path);
        command
            .env("TACIT_BIN", tacit())
            .env("XDG_CONFIG_HOME", folder.path().join("config"))
            .env("XDG_STATE_HOME", folder.path().join("state"))
            .env_remove("TMUX")
            .env_remove("NVIM");
        run(&mut command);
        let editor = Editor {
            terminal,
            folder,
            _turn: turn,
        };
        editor.wait("the server to attach", || {
            let attached = "luaeval('#vim.lsp.get_clients({ bufnr = 0, name = \"tacit\" })')";
            (editor.try_ask(attached).as_deref() == Some("1")).then_some(())
        });
        editor
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        text_of(run(Command::new("tmux")
            .args(["-L", &self.terminal])
            .args(arguments)))
    }

    /// Types text, character by character.
    fn types(&self, text: &str) {
        for character in text.chars() {
            self.tmux(&["send-keys", "-l", &character.to_string()]);
            thread::sleep(Duration::from_millis(80));
        }
    }

    /// Presses a key by tmux's name for it.
    fn presses(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The value of a Vim expression; none while the editor does not listen yet.
    fn try_ask(&self, expression: &str) -> Option<String> {
        let socket = self.folder.path().join("nvim.sock");
        let mut client = Command::new(neovim());
        client
            .args(["--clean", "--headless", "--server"])
            .arg(socket);
        let output = client
            .args(["--remote-expr", expression])
            .output()
            .expect("Neovim starts");
        output
            .status
            .success()
            .then(|| text_of(output).trim_end_matches('\n').to_string())
    }

    fn ask(&self, expression: &str) -> String {
        self.try_ask(expression)
            .unwrap_or_else(|| panic!("Neovim does not answer `{expression}`:\n{}", self.screen()))
    }

    fn line(&self) -> String {
        self.ask("getline('.')")
    }

    /// What the terminal shows right of the cursor. The cursor must be at the end of its line in the buffer, so
    /// that this is text which only the screen has.
    fn ghost(&self) -> String {
        let place = self.tmux(&["display-message", "-p", "#{cursor_x} #{cursor_y}"]);
        let (x, y) = place.trim().split_once(' ').expect("two numbers");
        let (x, y): (usize, usize) = (x.parse().expect("a column"), y.parse().expect("a row"));
        let screen = self.screen();
        let row = screen.lines().nth(y).unwrap_or_default();
        row.chars()
            .skip(x)
            .collect::<String>()
            .trim_end()
            .to_string()
    }

    fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "waited {PATIENCE:?} for {what}; the screen:\n{}",
                self.screen()
            );
            thread::sleep(POLL);
        }
    }

    /// Waits for ghost text that no longer changes.
    fn settled_ghost(&self) -> String {
        let (mut last, mut since) = (String::new(), Instant::now());
        self.wait("ghost text", || {
            let now = self.ghost();
            if now != last {
                (last, since) = (now.clone(), Instant::now());
            }
            (!now.trim().is_empty() && since.elapsed() >= SETTLED).then_some(now)
        })
    }

    fn wait_for_line(&self, expected: &str) {
        self.wait(&format!("the line `{expected}`"), || {
            (self.line() == expected).then_some(())
        });
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = Command::new("tmux")
            .args(["-L", &self.terminal, "kill-server"])
            .output();
    }
}

/// Whether the text is one word, or one run of signs, with the blanks before it.
fn is_one_word(text: &str) -> bool {
    let word = text.trim_start();
    let is_word_character = |c: char| c.is_alphanumeric() || c == '_';
    !word.is_empty()
        && !word.contains(char::is_whitespace)
        && (word.chars().all(is_word_character) || !word.chars().any(is_word_character))
}

#[test]
fn ghost_text_is_on_the_screen_only_and_tab_takes_it() {
    let editor = Editor::open_without("total = total + balance", &[]);
    editor.presses("o");
    editor.types("tot");
    let ghost = editor.settled_ghost();
    let typed = editor.line();
    assert_eq!(typed.trim(), "tot", "the ghost text is in the buffer");

    // Dimmed: a colour of its own begins where the ghost text does.
    let coloured = editor.tmux(&["capture-pane", "-p", "-e"]);
    let first = ghost.chars().next().expect("some ghost text");
    let row = coloured
        .lines()
        .find(|row| row.contains("tot\u{1b}["))
        .unwrap_or_else(|| panic!("{coloured}"));
    let (_, after) = row.split_once("tot\u{1b}[").expect("found above");
    let (_, drawn) = after.split_once('m').expect("the end of a colour");
    assert!(drawn.starts_with(first), "{row:?}");

    let number: usize = editor.ask("line('.')").parse().expect("a line number");
    editor.presses("Tab");
    let taken = format!("{typed}{ghost}");
    editor.wait(&format!("the line `{taken}`"), || {
        (editor.ask(&format!("getline({number})")) == taken).then_some(())
    });
    assert_eq!(editor.ask("mode()"), "i");
}

#[test]
fn a_word_and_then_the_line_can_be_taken() {
    let editor = Editor::open_without("for account, balance in balances(journal).items():", &[]);
    editor.presses("o");
    editor.types("for acc");
    let ghost = editor.settled_ghost();
    let typed = editor.line();

    editor.presses("C-Right");
    let with_word = editor.wait("a word", || {
        Some(editor.line()).filter(|line| *line != typed)
    });
    let word = with_word.strip_prefix(&typed).expect("text is only added");
    assert!(
        ghost.starts_with(word) && is_one_word(word),
        "`{word}` of `{ghost}`"
    );

    let rest = editor.settled_ghost();
    editor.presses("C-Down");
    editor.wait_for_line(&format!("{with_word}{rest}"));
    assert_eq!(editor.ask("mode()"), "i");
}

#[test]
fn tab_belongs_to_the_menu_while_it_is_open() {
    let tab_selects = r"inoremap <expr> <Tab> pumvisible() ? '<C-n>' : '<Tab>'";
    let editor = Editor::open_without("total = total + balance", &[tab_selects]);
    editor.presses("o");
    editor.types("tot");
    editor.settled_ghost();

    editor.presses("C-n");
    editor.wait("the menu", || {
        (editor.ask("pumvisible()") == "1").then_some(())
    });
    editor.presses("Tab");
    editor.wait("a selected item", || {
        (editor.ask("complete_info(['selected']).selected") == "0").then_some(())
    });
    let selected = editor.ask("complete_info(['items']).items[0].word");
    editor.wait("the item in the line", || {
        (editor.line().trim() == selected).then_some(())
    });
    editor.wait("the ghost text to make room for the menu", || {
        editor.ghost().is_empty().then_some(())
    });

    // Closed without choosing: what was typed is there again, and so is a suggestion for it.
    editor.presses("C-e");
    editor.wait("what was typed", || {
        (editor.line().trim() == "tot").then_some(())
    });
    editor.settled_ghost();
}

#[test]
fn the_plugin_holds_against_a_scripted_server() {
    let mut command = Command::new(neovim());
    command
        .arg("-l")
        .arg(repository().join("tests/editors/neovim_spec.lua"));
    let output = command.env_remove("NVIM").output().expect("Neovim starts");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
