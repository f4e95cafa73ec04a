//! A Neovim in a terminal, driven as by its user.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use tempfile::TempDir;

/// Long enough to load a model on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// Much longer than an editor takes that is not waiting for its user.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);
/// A suggestion may grow while the model writes. It counts once it has stayed the same for so long.
const SETTLED: Duration = Duration::from_millis(1000);

/// The file that is open, of the ledger project.
const FILE: &str = "ledger/reports.py";

/// Two editors at once would share two cores with the model: one at a time.
static TURN: Mutex<()> = Mutex::new(());
static TERMINALS: AtomicU32 = AtomicU32::new(0);

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the repository")
}

/// The Neovim to drive. Inside Neovim's own terminal `NVIM` is a socket, not a program.
pub fn neovim() -> PathBuf {
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

fn project() -> PathBuf {
    repository().join("fixtures/projects/ledger")
}

/// The text of `reports.py`.
pub fn source() -> String {
    fs::read_to_string(project().join(FILE)).expect("the fixture")
}

/// A Neovim in a terminal of its own, with a copy of the ledger project.
pub struct Editor {
    terminal: String,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Editor {
    /// Opens `reports.py` without its line `left_out`, the cursor on the line before it, in normal mode.
    pub fn open_without(left_out: &str, commands: &[&str]) -> Self {
        let source = source();
        let mut lines: Vec<&str> = source.lines().collect();
        let gap = lines
            .iter()
            .position(|line| line.trim() == left_out)
            .expect("the line to leave out");
        lines.remove(gap);
        Self::open(&(lines.join("\n") + "\n"), gap, commands)
    }

    /// Opens `reports.py` with this text, the cursor on this line, counted from 1, in normal mode.
    pub fn open(text: &str, line: usize, commands: &[&str]) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy_folder(&project(), folder.path());
        let path = folder.path().join(FILE);
        fs::write(&path, text).expect("the text to open");

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
        command.arg(format!("+{line}")).arg(&path);
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

    pub fn tmux(&self, arguments: &[&str]) -> String {
        text_of(run(Command::new("tmux")
            .args(["-L", &self.terminal])
            .args(arguments)))
    }

    /// Types text, character by character.
    pub fn types(&self, text: &str) {
        for character in text.chars() {
            self.tmux(&["send-keys", "-l", &character.to_string()]);
            thread::sleep(Duration::from_millis(80));
        }
    }

    /// Presses a key by tmux's name for it.
    pub fn presses(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The value of a Vim expression; none while the editor does not listen, or wants a key first.
    pub fn try_ask(&self, expression: &str) -> Option<String> {
        let socket = self.folder.path().join("nvim.sock");
        let mut client = Command::new(neovim());
        client
            .args(["--clean", "--headless", "--server"])
            .arg(socket);
        let mut asking = client
            .args(["--remote-expr", expression])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Neovim starts");
        // While Neovim waits for a key it answers nobody.
        let start = Instant::now();
        while asking.try_wait().expect("a child").is_none() {
            if start.elapsed() > ANSWER_PATIENCE {
                asking.kill().expect("a running child");
            }
            thread::sleep(Duration::from_millis(5));
        }
        let output = asking.wait_with_output().expect("its output");
        output
            .status
            .success()
            .then(|| text_of(output).trim_end_matches('\n').to_string())
    }

    pub fn ask(&self, expression: &str) -> String {
        self.try_ask(expression)
            .unwrap_or_else(|| panic!("Neovim does not answer `{expression}`:\n{}", self.screen()))
    }

    pub fn line(&self) -> String {
        self.ask("getline('.')")
    }

    /// The whole text of the buffer.
    pub fn text(&self) -> String {
        self.ask("join(getline(1, '$'), \"\\n\")") + "\n"
    }

    /// Types a command in normal or visual mode and runs it.
    pub fn runs(&self, command: &str) {
        self.tmux(&["send-keys", "-l", &format!(":{command}")]);
        self.presses("Enter");
    }

    /// The number of an entry of the list that is open at the foot of the screen, by how the entry begins.
    pub fn number_of(&self, entry: &str) -> String {
        self.wait(&format!("`{entry}` in the list"), || {
            self.screen().lines().find_map(|row| {
                let (number, text) = row.split_once(": ")?;
                text.trim_start()
                    .starts_with(entry)
                    .then(|| number.trim().to_owned())
            })
        })
    }

    /// Chooses a code action at the cursor, by how its title begins.
    pub fn chooses(&self, title: &str) {
        self.types("gra");
        let number = self.number_of(title);
        self.types(&number);
        self.presses("Enter");
    }

    /// What the terminal shows right of the cursor. The cursor must be at the end of its line in the buffer, so
    /// that this is text which only the screen has.
    pub fn ghost(&self) -> String {
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

    pub fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
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
    pub fn settled_ghost(&self) -> String {
        let (mut last, mut since) = (String::new(), Instant::now());
        self.wait("ghost text", || {
            let now = self.ghost();
            if now != last {
                (last, since) = (now.clone(), Instant::now());
            }
            (!now.trim().is_empty() && since.elapsed() >= SETTLED).then_some(now)
        })
    }

    pub fn wait_for_screen(&self, expected: &str) {
        self.wait(&format!("`{expected}` on the screen"), || {
            self.screen().contains(expected).then_some(())
        });
    }

    pub fn wait_for_line(&self, expected: &str) {
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
