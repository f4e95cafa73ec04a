//! A repository with secrets of every form (`fixtures/secrets`): no prompt at any place of its files holds one.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use ropey::Rope;

use super::*;
use crate::documents::{DocVersion, Documents, Snapshot};

/// Characters of a made-up key; their order is random, and always the same.
fn random(seed: u64, len: usize, alphabet: &[u8]) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        // Xorshift: the numbers have to look random, nothing else.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        alphabet[(state >> 33) as usize % alphabet.len()] as char
    };
    (0..len).map(|_| next()).collect()
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8] = b"0123456789abcdef";

/// The planted values, by their names in the fixtures.
fn planted() -> HashMap<String, String> {
    let mut values: HashMap<String, String> = [
        ("aws_key_id", format!("AKIA{}", random(1, 16, CAPITALS))),
        ("aws_secret", random(2, 40, LETTERS)),
        ("url_password", "hunter2-of-the-shop".to_owned()),
        (
            "slack",
            format!(
                "xoxb-{}-{}",
                random(3, 12, b"0123456789"),
                random(4, 24, LETTERS)
            ),
        ),
        ("password", "s3cr3tPassw0rd".to_owned()),
        (
            "jwt",
            format!(
                "eyJ{}.eyJ{}.{}",
                random(5, 20, LETTERS),
                random(6, 30, LETTERS),
                random(7, 43, LETTERS)
            ),
        ),
        ("random", random(8, 32, LETTERS)),
        ("stripe", format!("sk_live_{}", random(9, 24, LETTERS))),
        ("github", format!("ghp_{}", random(10, 36, LETTERS))),
        ("gitlab", format!("glpat-{}", random(11, 20, LETTERS))),
        ("openai", format!("sk-proj-{}", random(12, 48, LETTERS))),
        ("hex", random(13, 40, HEX)),
        ("connection", "letmein".to_owned()),
        ("key_end", format!("{}==", random(14, 10, LETTERS))),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for n in 1..=8 {
        values.insert(format!("key_line_{n}"), random(20 + n, 64, LETTERS));
    }
    values
}

/// The fixture as a repository, and its files.
fn repository(values: &HashMap<String, String>) -> (tempfile::TempDir, Vec<PathBuf>) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/secrets");
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut write = |path: &Path, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        files.push(path);
    };
    for entry in ignore::WalkBuilder::new(&fixture).build().flatten() {
        if entry.path().is_file() && entry.file_name() != "README.md" {
            let mut text = fs::read_to_string(entry.path()).unwrap();
            for (name, value) in values {
                text = text.replace(&format!("{{{{{name}}}}}"), value);
            }
            text = text.replace("{{kind}}", "RSA");
            assert!(!text.contains("{{"), "{}", entry.path().display());
            write(entry.path().strip_prefix(&fixture).unwrap(), &text);
        }
    }
    // Whatever stands in these. The values are not recognised by their form.
    let plain = values["connection"].as_str();
    for name in [
        ".env",
        ".env.local",
        "server.pem",
        "id_rsa",
        ".netrc",
        "config/secrets.yaml",
        ".npmrc",
        "prod.tfvars",
    ] {
        write(
            Path::new(name),
            &format!("first = {plain}\nsecond = {plain}\n"),
        );
    }
    write(Path::new("made/keys.py"), &format!("a = '{plain}'\n"));
    write(Path::new("notes.py"), &format!("b = '{plain}'\n"));
    write(Path::new(".gitignore"), "made/\n");
    write(Path::new(".tacitignore"), "notes.py\n");
    (folder, files)
}

/// The prompts at every third byte of the text, with the text behind the cursor and without it, as if it were not written yet.
async fn prompts(completer: &Completer, folder: &Path, file: &Path, text: &str) -> Vec<String> {
    let uri = url::Url::from_file_path(file).unwrap();
    let mut prompts = Vec::new();
    for cursor in (0..=text.len())
        .step_by(3)
        .filter(|&at| text.is_char_boundary(at))
    {
        for text in [text, &text[..cursor]] {
            let request = Request {
                snapshot: Documents::default().open(uri.as_str(), "", DocVersion(0), text),
                cursor,
                trigger: Trigger::Invoked,
                selected: None,
                workspace: Some(folder.to_owned()),
            };
            let answer = completer.complete(request).await;
            completer.closed(uri.as_str());
            prompts.push(answer.prompt);
        }
    }
    prompts
}

#[tokio::test]
async fn no_prompt_holds_a_planted_secret() {
    let values = planted();
    let (folder, files) = repository(&values);
    let completer = super::tests::completer(Duration::ZERO, 1);
    let (mut asked, mut shown_lines) = (0, 0);
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let prompts = prompts(&completer, folder.path(), file, &text).await;
        for prompt in &prompts {
            for (name, value) in &values {
                assert!(
                    !prompt.contains(value),
                    "{name} of {}:\n{prompt}",
                    file.display()
                );
            }
        }
        asked += prompts.iter().filter(|prompt| !prompt.is_empty()).count();
        for line in text.lines().filter(|line| line.ends_with("«shown»")) {
            let is_shown = prompts.iter().any(|prompt| prompt.contains(line));
            assert!(is_shown, "{line} of {}", file.display());
            shown_lines += 1;
        }
    }
    assert!(
        asked > 1000 && shown_lines > 10,
        "{asked} prompts, {shown_lines} lines"
    );
}

/// Documents that are no files, cells, links: none is asked about, and none is shown beside another.
#[tokio::test]
async fn nothing_is_asked_of_what_no_model_may_see() {
    let values = planted();
    let (folder, _) = repository(&values);
    let root = fs::canonicalize(folder.path()).unwrap();
    let plain = &values["connection"];
    let workspace = Arc::<Workspace>::default();
    workspace.index.set_folders(vec![root.clone()]);
    let completer = super::tests::completer_of(workspace.clone());
    #[cfg(unix)]
    std::os::unix::fs::symlink(".env", root.join("settings.py")).unwrap();
    let root_uri = root.display();
    let mut documents = Documents::default();
    let ask = |snapshot: Snapshot| {
        completer.complete(Request {
            cursor: snapshot.rope.len_bytes(),
            snapshot,
            trigger: Trigger::Invoked,
            selected: None,
            workspace: Some(root.clone()),
        })
    };
    let text = format!("first_value = total({plain})\nsecond_value = ");
    let notebook = format!("file://{root_uri}/made/keys.ipynb");
    let mut hidden = vec![
        (None, "untitled:.env".to_owned()),
        (
            None,
            format!("git:{root_uri}/.env?%7B%22ref%22%3A%22%22%7D"),
        ),
        (None, format!("fugitive://{root_uri}/.git//0/.env")),
        (None, format!("oil://{root_uri}/.netrc")),
        (
            None,
            "vscode-remote://ssh-remote%2Bhost/home/me/.env".to_owned(),
        ),
        (None, format!("untitled:{root_uri}/notes.py")),
        (None, format!("git:{root_uri}/made/keys.py?%7B%7D")),
        (None, format!("file://{root_uri}/%2Eenv")),
        (Some(&*notebook), "cell:1".to_owned()),
    ];
    if cfg!(unix) {
        hidden.push((None, format!("file://{root_uri}/settings.py")));
    }
    for (notebook, uri) in hidden {
        let snapshot = documents.open_in(notebook, &uri, "python", DocVersion(1), &text);
        workspace.opened(&snapshot);
        drop(workspace.changed(&Rope::new(), &snapshot, &[]));
        let answer = ask(snapshot).await;
        assert!(
            answer.prompt.is_empty() && !answer.reason.is_empty(),
            "{uri}"
        );
    }
    let uri = format!("file://{root_uri}/app/open.py");
    let open = format!(
        "x = first_value\nfirst_value = total({})\nsecond_value = ",
        1
    );
    let answer = ask(documents.open(&uri, "python", DocVersion(1), &open)).await;
    assert!(answer.prompt.contains("first_value"), "{}", answer.prompt);
    assert!(!answer.prompt.contains(plain.as_str()), "{}", answer.prompt);
}

/// The tests above find what is not hidden.
#[tokio::test]
async fn a_value_that_nobody_takes_for_a_secret_is_found() {
    let values = planted();
    let (folder, _) = repository(&values);
    let completer = super::tests::completer(Duration::ZERO, 1);
    let file = folder.path().join("app/plain.py");
    let text = format!("x = plain({})\n", values["connection"]);
    let prompts = prompts(&completer, folder.path(), &file, &text).await;
    assert!(
        prompts
            .iter()
            .any(|prompt| prompt.contains(&values["connection"]))
    );
}
