use std::fs;

use super::*;
use crate::documents::{DocVersion, Documents};

fn repository(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    (folder, root)
}

fn document(uri: &str, notebook: Option<&str>, text: &str) -> Snapshot {
    Documents::default().open_in(notebook, uri, "", DocVersion(1), text)
}

#[cfg(unix)]
#[test]
fn a_document_is_judged_by_all_that_its_uri_names() {
    let (_folder, root) = repository(&[
        (".gitignore", "private.py\nprivate.ipynb\n"),
        ("src/private.py", ""),
        ("src/open.py", ""),
    ]);
    let root_uri = root.display();
    let ignored = Ignored::default();
    for (uri, notebook, text, is_hidden) in [
        (
            format!("file://{root_uri}/src/open.py"),
            None,
            "x = 1\n",
            false,
        ),
        (format!("file://{root_uri}/src/private.py"), None, "", true),
        (format!("file://{root_uri}/new/private.py"), None, "", true),
        (
            format!("untitled:{root_uri}/src/private.py"),
            None,
            "",
            true,
        ),
        (format!("untitled:{root_uri}/src/new.py"), None, "", false),
        (
            format!("git:{root_uri}/src/private.py?%7B%22ref%22%3A%22HEAD%22%7D"),
            None,
            "",
            true,
        ),
        (
            format!("git:{root_uri}/src/open.py?%7B%22ref%22%3A%22HEAD%22%7D"),
            None,
            "",
            false,
        ),
        (
            format!("vscode-remote://wsl%2Bubuntu{root_uri}/src/private.py"),
            None,
            "",
            true,
        ),
        (
            format!("fugitive://{root_uri}/.git//0/src/private.py"),
            None,
            "",
            true,
        ),
        (
            format!("fugitive://{root_uri}/.git//0/src/open.py"),
            None,
            "",
            false,
        ),
        ("untitled:.env".to_owned(), None, "", true),
        (
            format!(
                "vscode-remote://dev-container%2B{}{root_uri}/src/open.py",
                "7b22".repeat(200)
            ),
            None,
            "",
            false,
        ),
        (format!("untitled:{root_uri}/src/a%00b.py"), None, "", false),
        ("untitled:Untitled-1".to_owned(), None, "x", false),
        (
            "untitled:Untitled-1".to_owned(),
            None,
            "$ANSIBLE_VAULT;1.1;AES256\n",
            true,
        ),
        (
            "cell:1".to_owned(),
            Some(format!("file://{root_uri}/private.ipynb")),
            "",
            true,
        ),
        (
            "cell:1".to_owned(),
            Some(format!("file://{root_uri}/open.ipynb")),
            "",
            false,
        ),
        (
            "cell:1".to_owned(),
            Some("file:///elsewhere/secrets/a.ipynb".to_owned()),
            "",
            true,
        ),
        (
            format!("vscode-notebook-cell:{root_uri}/private.ipynb#W0sZmlsZQ%3D%3D"),
            None,
            "",
            true,
        ),
    ] {
        let document = document(&uri, notebook.as_deref(), text);
        let hidden = hidden_document(&document, Some(&root), &ignored);
        assert_eq!(hidden.is_some(), is_hidden, "{uri} {notebook:?}");
        assert_eq!(
            clear(&document, Some(&root), &ignored).is_err(),
            is_hidden,
            "{uri}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_judged_by_what_it_leads_to() {
    use std::os::unix::fs::symlink;
    let (_folder, root) = repository(&[
        (".tacitignore", "private/\n"),
        (".env", "A=1\n"),
        ("private/a.py", ""),
        ("src/a.py", "a = 1\n"),
        ("keys/.ssh/config", ""),
    ]);
    symlink(".env", root.join("settings.sh")).unwrap();
    symlink("settings.sh", root.join("again.sh")).unwrap();
    symlink("gone/.env", root.join("dangling.sh")).unwrap();
    symlink("private", root.join("src/linked")).unwrap();
    symlink(root.join("private"), root.join("src/absolute")).unwrap();
    symlink("keys/.ssh", root.join("config")).unwrap();
    symlink("round.py", root.join("round.py")).unwrap();
    symlink("src", root.join("source")).unwrap();
    symlink("a.py", root.join("src/b.py")).unwrap();
    fs::remove_file(root.join("src/linked")).unwrap();
    symlink("../private", root.join("src/linked")).unwrap();
    let ignored = Ignored::default();
    for (path, is_hidden) in [
        ("settings.sh", true),
        ("again.sh", true),
        ("dangling.sh", true),
        ("src/linked/a.py", true),
        ("src/absolute/new.py", true),
        ("config/config", true),
        ("round.py", true),
        ("source/../.env", true),
        ("src/a.py", false),
        ("source/a.py", false),
        ("source/b.py", false),
    ] {
        let hidden = hidden_file(&root.join(path), Some(&root), &ignored);
        assert_eq!(hidden.is_some(), is_hidden, "{path}: {hidden:?}");
        let uri = format!("file://{}/{path}", root.display());
        let hidden = hidden_document(&document(&uri, None, "x"), Some(&root), &ignored);
        assert_eq!(hidden.is_some(), is_hidden, "{uri}");
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_read_beyond_the_project() {
    use std::os::unix::fs::symlink;
    let (_elsewhere, elsewhere) = repository(&[("customers.py", "LIST = 1\n")]);
    let (_folder, root) = repository(&[
        (".gitignore", "made.py\n"),
        ("src/a.py", "a = 1\n"),
        ("src/made.py", "m = 1\n"),
        ("src/large.py", &"x = 1\n".repeat(1000)),
        ("src/vault.py", "$ANSIBLE_VAULT;1.1;AES256\n"),
        ("lib/b.py", "b = 1\n"),
    ]);
    symlink(elsewhere.join("customers.py"), root.join("src/out.py")).unwrap();
    symlink(&elsewhere, root.join("src/folder")).unwrap();
    symlink("../lib/b.py", root.join("src/in.py")).unwrap();
    symlink("made.py", root.join("src/alias.py")).unwrap();
    symlink("/dev/zero", root.join("src/zero.py")).unwrap();
    symlink("/proc/self/pagemap", root.join("src/pagemap.py")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("src/fifo.py"))
        .status();
    assert!(made.unwrap().success());
    let ignored = Ignored::default();
    let of = root.join("src/a.py");
    for (path, expected) in [
        ("src/a.py", Ok("a = 1\n")),
        ("src/in.py", Ok("b = 1\n")),
        ("src/out.py", Err("outside")),
        ("src/folder/customers.py", Err("outside")),
        ("src/../../x.py", Err("outside")),
        ("src/made.py", Err("may not be seen")),
        ("src/alias.py", Err("may not be seen")),
        ("src/vault.py", Err("may not be seen")),
        ("src/large.py", Err("larger")),
        ("src/fifo.py", Err("pipe")),
        ("src/zero.py", Err("outside")),
        ("src/pagemap.py", Err("outside")),
        ("src/gone.py", Err("not there")),
        ("src", Err("folder")),
    ] {
        let read = read(&root.join(path), 4096, &of, Some(&root), &ignored);
        match (&read, expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected, "{path}"),
            (Err(reason), Err(expected)) => assert!(reason.contains(expected), "{path}: {reason}"),
            _ => panic!("{path}: {read:?}"),
        }
    }
    // Without a workspace: the repository, else the folder.
    assert!(inside(&root.join("lib/b.py"), &of, None).is_err());
    fs::create_dir(root.join(".git")).unwrap();
    assert!(inside(&root.join("lib/b.py"), &of, None).is_ok());
    assert!(inside(&root.join("src/folder/new.py"), &of, None).is_err());
    // A workspace that is a link itself.
    symlink(&root, elsewhere.join("ws")).unwrap();
    let workspace = elsewhere.join("ws");
    let of = workspace.join("src/a.py");
    assert!(inside(&workspace.join("lib/new.py"), &of, Some(&workspace)).is_ok());
    assert!(inside(&workspace.join("src/out.py"), &of, Some(&workspace)).is_err());
}
