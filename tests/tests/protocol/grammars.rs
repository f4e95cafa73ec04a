//! Texts over which external scanners of grammars, C code in this process, have aborted, crashed or looped: opened in a real server, and lying in its folder.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use tests::client::Client;

/// By name: the language, and what its scanner cannot bear.
fn texts() -> Vec<(&'static str, &'static str, String)> {
    let nested = |opener: &str, count: usize| -> String {
        (0..count).map(|level| " ".repeat(level) + opener).collect()
    };
    let bottom = " ".repeat(520) + "y = \"\"\"a\nb\"\"\"\n";
    let name = |length: usize| "A".repeat(length);
    vec![
        ("blocks.py", "python", nested("if x:\n", 520) + &bottom),
        ("formats.py", "python", "f'{".repeat(300)),
        ("items.yaml", "yaml", "- ".repeat(254) + "x\n"),
        ("keys.yaml", "yaml", nested("a:\n", 300)),
        ("name.rb", "ruby", format!("x = <<{0}\ny\n{0}\n", name(256))),
        (
            "names.rb",
            "ruby",
            format!("f(<<~{0}, <<-{0})\n", name(300)),
        ),
        ("brace.sh", "shellscript", "{\u{10ffff}".into()),
        (
            "payload.sh",
            "shellscript",
            format!("exit\n{}", "\0".repeat(200_000)),
        ),
        ("quotes.md", "markdown", "> ".repeat(1024) + "x\n"),
        (
            "raw.cs",
            "csharp",
            format!("var x = {0}x{0};", "\"".repeat(256)),
        ),
        ("tags.html", "html", "<a-b>".repeat(1024)),
        (
            "heredoc.php",
            "php",
            format!("<?php $x = <<<{0}\ny\n{0};\n", name(1024)),
        ),
    ]
}

struct Server {
    folder: TempDir,
    client: Client,
}

impl Server {
    /// In a folder with these files, without a model.
    async fn start(files: &[(&str, &str, String)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let project = folder.path().join("project");
        fs::create_dir(&project).expect("a folder");
        for (name, _, text) in files {
            fs::write(project.join(name), text).expect("a file");
        }
        let variables = [
            ("HOME", "."),
            ("OLLAMA_MODELS", "."),
            ("HF_HUB_CACHE", "."),
            ("TACIT_MODELS", "."),
            ("XDG_RUNTIME_DIR", "."),
            ("TACIT_CONFIG", "tacit.toml"),
            ("TACIT_CACHE", "cache"),
            ("TACIT_STATE", "state"),
        ]
        .map(|(name, file)| (name, folder.path().join(file)));
        let environment: Vec<(&str, &Path)> = variables
            .iter()
            .map(|(name, path)| (*name, path.as_path()))
            .collect();
        let log = File::create(folder.path().join("log")).expect("a log");
        let mut client = Client::spawn(&["lsp"], &environment, log);
        let uri = format!("file://{}", project.display());
        let folders = json!([{ "uri": uri, "name": "project" }]);
        client
            .initialize(json!({ "capabilities": {}, "rootUri": uri, "workspaceFolders": folders }))
            .await;
        client.notify("initialized", json!({})).await;
        Self { folder, client }
    }

    fn uri(&self, name: &str) -> String {
        format!(
            "file://{}",
            self.folder.path().join("project").join(name).display()
        )
    }

    async fn open(&mut self, name: &str, language: &str, text: &str) {
        let document =
            json!({ "uri": self.uri(name), "languageId": language, "version": 1, "text": text });
        self.client
            .notify("textDocument/didOpen", json!({ "textDocument": document }))
            .await;
    }

    /// Parses what is open, where that has not been done yet.
    async fn ask_for_actions(&mut self, name: &str) {
        let start = json!({ "line": 0, "character": 0 });
        let answer = self
            .client
            .call(
                "textDocument/codeAction",
                json!({
                    "textDocument": { "uri": self.uri(name) },
                    "range": { "start": start, "end": start },
                    "context": { "diagnostics": [] },
                }),
            )
            .await;
        assert!(answer.get("result").is_some(), "{name}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_in_an_open_document_ends_the_server() {
    let texts = texts();
    let mut server = Server::start(&[]).await;
    for (name, language, text) in &texts {
        server.open(name, language, text).await;
        server.ask_for_actions(name).await;
        let insert = json!([{ "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } }, "text": " " }]);
        let document = json!({ "uri": server.uri(name), "version": 2 });
        server
            .client
            .notify(
                "textDocument/didChange",
                json!({ "textDocument": document, "contentChanges": insert }),
            )
            .await;
        server.ask_for_actions(name).await;
    }
    // The parse thread takes them one after the other, each within its budget.
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.ask_for_actions(texts[0].0).await;
    assert_eq!(server.client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_in_the_folder_ends_the_server() {
    let mut server = Server::start(&texts()).await;
    let process = server.client.server_pid().expect("a process");
    index_rests(process).await;
    server.open("own.py", "python", "x = 1\n").await;
    server.ask_for_actions("own.py").await;
    assert_eq!(server.client.leave().await, 0);
}

/// Until the index thread of the server has not computed for half a second; where that cannot be seen, for some seconds.
async fn index_rests(process: u32) {
    const TICK: Duration = Duration::from_millis(100);
    let threads = PathBuf::from(format!("/proc/{process}/task"));
    let computed = || {
        let entries = fs::read_dir(&threads).ok()?;
        let stats =
            entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
        let stat = stats.into_iter().find(|stat| stat.contains("(index)"))?;
        Some((
            stat.contains(") S "),
            stat.split_whitespace().nth(13)?.to_owned(),
        ))
    };
    let mut quiet = 0;
    let mut before = computed();
    for _ in 0..300 {
        tokio::time::sleep(TICK).await;
        let now = computed();
        let rests = now.as_ref().is_none_or(|(sleeps, _)| *sleeps) && now == before;
        quiet = if rests { quiet + 1 } else { 0 };
        before = now;
        if quiet == 20 {
            return;
        }
    }
}
