//! What no model may see, on the real server: documents of all kinds of URIs, cells, links, test files, and secret values in what an action says.
//! The model is a script that keeps what it is asked.
#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tacit::{engine::Finish, prompt::Segment};
use tests::{
    client::Client,
    completer::Scripted,
    engine::{ScriptedEngine, Talk},
    tacit_binary,
};
use tokio::sync::mpsc::UnboundedReceiver;

const CODE: &str = "def total(items):\n    return sum(items)\n";

/// A value that is a secret by its form, made so that this file holds none.
fn token() -> String {
    format!("gh{}_{}", "p", "a1B2c3D4e5".repeat(4).split_at(36).0)
}

/// An editor with a repository open.
struct Scene {
    client: Client,
    jobs: UnboundedReceiver<Talk>,
    _folder: tempfile::TempDir,
    root: PathBuf,
}

impl Scene {
    async fn open(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap().join("shop");
        fs::create_dir(&root).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (engine, jobs) = ScriptedEngine::loading();
        engine.be_ready();
        let mut client = Client::start_with_engine(64 * 1024, None, Scripted::echo(), engine);
        let capabilities = json!({
            "textDocument": { "codeAction": { "dataSupport": true, "resolveSupport": { "properties": ["edit"] } } },
            "workspace": { "workspaceEdit": { "documentChanges": true, "resourceOperations": ["create"] } },
            "experimental": { "tacit": { "instructions": true } },
        });
        let uri = format!("file://{}", root.display());
        let params = json!({ "capabilities": capabilities, "workspaceFolders": [{ "uri": uri, "name": "shop" }] });
        client.initialize(params).await;
        Self {
            client,
            jobs,
            _folder: folder,
            root,
        }
    }

    fn uri(&self, path: &str) -> String {
        format!("file://{}/{path}", self.root.display())
    }

    /// What can be done at the first line of a document.
    async fn entries(&mut self, uri: &str, diagnostics: Value) -> Vec<Value> {
        let range =
            json!({ "start": { "line": 0, "character": 5 }, "end": { "line": 0, "character": 5 } });
        let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": diagnostics } });
        let answer = self.client.call("textDocument/codeAction", params).await;
        answer["result"].as_array().cloned().unwrap_or_default()
    }

    /// Takes the entry with this title, lets the model say `answer` to whatever it is asked; all that it was asked, and what the editor is told.
    async fn act(
        &mut self,
        uri: &str,
        title: &str,
        diagnostics: Value,
        answer: &str,
    ) -> (Vec<String>, Value) {
        let entries = self.entries(uri, diagnostics).await;
        let is_titled = |entry: &Value| {
            entry["title"]
                .as_str()
                .is_some_and(|own| own.starts_with(title))
        };
        let entry = entries.iter().find(|entry| is_titled(entry));
        let entry = entry
            .unwrap_or_else(|| panic!("{title}: {entries:?}"))
            .clone();
        let id = self.client.request("codeAction/resolve", entry).await;
        let mut prompts = Vec::new();
        while !self.client.is_answered(id) {
            tokio::select! {
                Some(talk) = self.jobs.recv() => {
                    prompts.push(text(&talk));
                    talk.say(answer);
                    talk.finish(Finish::EndOfText);
                }
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
        }
        (prompts, self.client.response(id).await["result"].clone())
    }

    async fn told(&mut self) -> String {
        let told = self.client.notification("window/showMessage").await;
        told["params"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// All that the model is given.
fn text(talk: &Talk) -> String {
    let texts = talk
        .job
        .prompt
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Text(text) | Segment::Context(text) | Segment::Template(text) => text.as_str(),
            Segment::Special(_) => "",
        });
    texts.collect::<String>() + &talk.job.prompt.healed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_action_is_offered_where_no_model_may_look() {
    let mut scene = Scene::open(&[
        (".gitignore", "private.*\n"),
        ("closed/.tacitignore", &"x".repeat(2 * 1024 * 1024)),
        ("closed/a.py", CODE),
        (".env", "A=1\n"),
    ])
    .await;
    std::os::unix::fs::symlink(".env", scene.root.join("settings.py")).unwrap();
    let root = scene.root.display().to_string();
    let hidden = [
        "untitled:.env".to_owned(),
        format!("git:{root}/.env?%7B%22ref%22%3A%22%22%7D"),
        format!("fugitive://{root}/.git//0/.env"),
        format!("oil://{root}/.env"),
        "vscode-remote://ssh-remote%2Bhost/home/me/.env".to_owned(),
        "scp://host/.ssh/config".to_owned(),
        format!("untitled:{root}/private.py"),
        format!("git:{root}/private.py?%7B%22ref%22%3A%22HEAD%22%7D"),
        format!("file://{root}/secrets/prod.yaml"),
        format!("file://{root}/closed/a.py"),
        format!("file://{root}/settings.py"),
    ];
    for uri in hidden {
        let document = json!({ "uri": uri, "languageId": "python", "version": 1, "text": CODE });
        let params = json!({ "textDocument": document });
        scene.client.notify("textDocument/didOpen", params).await;
        assert_eq!(
            scene.entries(&uri, json!([])).await,
            Vec::<Value>::new(),
            "{uri}"
        );
    }
    let seen = scene.uri("a.py");
    scene.client.open(&seen, CODE).await;
    assert!(!scene.entries(&seen, json!([])).await.is_empty());
    assert_eq!(scene.client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_is_as_private_as_its_notebook() {
    let mut scene = Scene::open(&[(".gitignore", "private.ipynb\n")]).await;
    for (name, is_hidden) in [
        ("private.ipynb", true),
        ("secrets/a.ipynb", true),
        ("open.ipynb", false),
    ] {
        let notebook = scene.uri(name);
        // Not every editor names the notebook in the URI of its cells.
        for cell in [
            format!("cell:{name}"),
            format!("vscode-notebook-cell:{}/{name}#W0s", scene.root.display()),
        ] {
            let cells = json!([{ "kind": 2, "document": cell }]);
            let text = json!([{ "uri": cell, "languageId": "python", "version": 1, "text": CODE }]);
            let document = json!({ "uri": notebook, "notebookType": "jupyter-notebook", "version": 1, "cells": cells });
            let params = json!({ "notebookDocument": document, "cellTextDocuments": text });
            scene
                .client
                .notify("notebookDocument/didOpen", params)
                .await;
            let entries = scene.entries(&cell, json!([])).await;
            assert_eq!(entries.is_empty(), is_hidden, "{cell}: {entries:?}");
        }
    }
    assert_eq!(scene.client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_what_an_action_says() {
    let token = token();
    let head = format!("TOKEN = \"{token}\"\n");
    let mut scene = Scene::open(&[("shop.py", CODE), ("test_shop.py", &head)]).await;
    let uri = scene.uri("shop.py");
    scene.client.open(&uri, CODE).await;
    let tests = "import total\n\n\ndef test_total():\n    assert total([1]) == 1\n```";
    let (prompts, result) = scene.act(&uri, "Write tests", json!([]), tests).await;
    assert!(prompts[0].contains("TOKEN = "), "{prompts:?}");
    assert!(
        prompts.iter().all(|prompt| !prompt.contains(&token)),
        "{prompts:?}"
    );
    // The file itself keeps its text.
    assert!(!result["edit"].to_string().contains("***"), "{result}");

    let range =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 9 } });
    let message = format!("Type '\"{token}\"' is not assignable to {token}");
    let diagnostics = json!([{ "range": range, "message": message, "severity": 1 }]);
    let (prompts, _) = scene
        .act(&uri, "Explain", diagnostics, "It is no number.")
        .await;
    assert!(prompts[0].contains("is not assignable"), "{prompts:?}");
    assert!(
        prompts.iter().all(|prompt| !prompt.contains(&token)),
        "{prompts:?}"
    );
    assert_eq!(scene.client.leave().await, 0);
}

/// What stands for a secret in the prompt would be wrong in the code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mask_is_not_written_back() {
    let code = format!(
        "def connect(key=\"{}\"):\n    raise NotImplementedError\n",
        token()
    );
    let mut scene = Scene::open(&[]).await;
    let uri = scene.uri("shop.py");
    scene.client.open(&uri, &code).await;
    let (prompts, result) = scene
        .act(
            &uri,
            "Implement",
            json!([]),
            "    return open(\"***\")\n```",
        )
        .await;
    assert!(!prompts.is_empty() && prompts.iter().all(|prompt| !prompt.contains(&token())));
    assert!(result.get("edit").is_none(), "{result}");
    let told = scene.told().await;
    assert!(told.contains("secret value"), "{told}");
    assert_eq!(scene.client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tests_are_read_and_written_in_the_project_only() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("test_other.py"), "CUSTOMERS = 1\n").unwrap();
    for (what, files, link, reason) in [
        ("a folder that is a link", vec![], Some("tests"), "outside"),
        (
            "a file that is a link",
            vec![],
            Some("test_shop.py"),
            "outside",
        ),
        (
            "an excluded file",
            vec![
                ("test_shop.py", "x = 1\n"),
                (".tacitignore", "test_shop.py\n"),
            ],
            None,
            "tacitignore",
        ),
        (
            "a link to an excluded file",
            vec![("made.py", "x = 1\n"), (".gitignore", "made.py\n")],
            Some("test_shop.py"),
            "gitignore",
        ),
    ] {
        let mut files = files;
        files.push(("shop.py", CODE));
        let mut scene = Scene::open(&files).await;
        if let Some(link) = link {
            let target = match (link, what.contains("excluded")) {
                (_, true) => PathBuf::from("made.py"),
                ("tests", _) => elsewhere.path().to_owned(),
                _ => elsewhere.path().join("test_other.py"),
            };
            symlink(target, scene.root.join(link)).unwrap();
        }
        let uri = scene.uri("shop.py");
        scene.client.open(&uri, CODE).await;
        let (prompts, result) = scene.act(&uri, "Write tests", json!([]), "").await;
        assert_eq!(prompts, Vec::<String>::new(), "{what}");
        assert!(result.get("edit").is_none(), "{what}: {result}");
        let told = scene.told().await;
        assert!(told.contains(reason), "{what}: {told}");
        assert_eq!(scene.client.leave().await, 0);
    }
}

/// A sentence, at once, whatever the shell is told to complete in.
#[test]
fn the_command_line_reads_files_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(
        Command::new("mkfifo")
            .arg(path("fifo.py"))
            .status()
            .unwrap()
            .success()
    );
    fs::write(path("latin.py"), b"\xff").unwrap();
    fs::write(path("whole.py"), "x").unwrap();
    let large = fs::File::create(path("large.py")).unwrap();
    large.set_len(5 << 30).unwrap();
    std::os::unix::fs::symlink("/dev/zero", path("link.py")).unwrap();
    for (file, sentence) in [
        (Path::new("/dev/zero"), "not a file"),
        (&path("link.py"), "not a file"),
        (&path("fifo.py"), "not a file"),
        (folder.path(), "is a folder"),
        (&path("large.py"), "is larger than 16 MiB"),
        (&path("latin.py"), "not a UTF-8 text"),
        (&path("gone.py"), "is not there"),
        (Path::new("/proc/self/pagemap"), "pagemap"),
    ] {
        for command in ["complete", "document"] {
            let place = ["--line", "1", "--column", "1"];
            let place = &place[..if command == "complete" { 4 } else { 2 }];
            let started = Instant::now();
            let output = Command::new(tacit_binary())
                .arg(command)
                .arg(file)
                .args(place)
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                output.status.code(),
                Some(1),
                "{command} {}: {told}",
                file.display()
            );
            assert!(
                told.contains(sentence),
                "{command} {}: {told}",
                file.display()
            );
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{command} {}",
                file.display()
            );
        }
    }
}
