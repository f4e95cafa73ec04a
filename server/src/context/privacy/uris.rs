//! What a URI may name. Editors show the same file under many schemes: as it is in a commit (`git:`), before it is first saved (`untitled:`), on
//! another machine (`vscode-remote:`), inside an archive (`jar:`). No list of schemes is ever whole, so every path that can be read out of a URI
//! counts. Pure.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::{documents::MAX_URI_BYTES, text::floor_char_boundary};

/// Some clients encode what is encoded already.
const MAX_DECODED: usize = 4;

/// Paths that one URI may mean, at most: the likely ones come first.
const MAX_PATHS: usize = 64;

/// Every path that `uri` may mean, each once. Those on this machine, if it is one there, are among the absolute ones.
pub fn paths(uri: &str) -> Vec<PathBuf> {
    // No document has a longer one.
    let uri = &uri[..floor_char_boundary(uri, MAX_URI_BYTES)];
    let (named, rest) = uri.split_at(uri.find(['?', '#']).unwrap_or(uri.len()));
    let mut found = Vec::new();
    add(&mut found, &decoded(named));
    if !rest.is_empty() {
        // Not everybody encodes the `?` or `#` of a name.
        add(&mut found, &decoded(uri));
        // `git:` says in the query which file it means.
        let parts = |c: char| c.is_whitespace() || "?#&=,;<>()[]{}'\"".contains(c);
        let rest = decoded(rest);
        let names = rest.split(parts).filter(|part| part.contains(['/', '.']));
        names.for_each(|name| add(&mut found, name));
    }
    found
}

fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_DECODED {
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            break;
        }
        text = decoded;
    }
    text.replace('\\', "/")
}

/// Adds what `text` may mean, which begins with a scheme or with the path.
fn add(found: &mut Vec<PathBuf>, text: &str) {
    let mut path = without_scheme(text);
    // Archives: `jar:file:/a.jar!/b`, `zipfile:///a.zip::b`.
    let inner = path.replace("!/", "/").replace("::", "/");
    if let Some(outer) = path.find("!/").map(|at| &path[at + 2..]) {
        push(found, outer);
    }
    push(found, &inner);
    // `//host/path`: the host is no folder.
    if let Some(behind) = path.strip_prefix("//") {
        path = behind.find('/').map_or(behind, |at| &behind[at..]);
        push(found, path);
    }
    // A URI in a URI, and the drive of `/c:/path`.
    let inside = without_scheme(path.trim_start_matches('/'));
    if inside.len() < path.trim_start_matches('/').len() {
        push(found, inside);
    }
    // VS Code puts `.git` behind the name of an older state.
    if let Some(original) = path.strip_suffix(".git") {
        push(found, original);
    }
    // `HEAD:.env` in a repository; `.env::$DATA` on NTFS.
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split(':')
        .filter(|part| *part != name)
        .for_each(|part| push(found, part));
    in_work_tree(found, path);
}

/// `/project/.git//0/src/a.py`, as Vim's plugins name what git has of `/project/src/a.py`: what lies between the two is anybody's guess.
fn in_work_tree(found: &mut Vec<PathBuf>, path: &str) {
    let Some((tree, object)) = path.split_once("/.git/") else {
        return;
    };
    for (at, _) in object.match_indices(['/', ':']) {
        let inside = object[at + 1..].trim_start_matches('/');
        push(found, &format!("{tree}/{inside}"));
    }
}

fn push(found: &mut Vec<PathBuf>, path: &str) {
    let path = PathBuf::from(path);
    if path.file_name().is_some() && found.len() < MAX_PATHS && !found.contains(&path) {
        found.push(path);
    }
}

fn without_scheme(text: &str) -> &str {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{super::names, *};

    #[test]
    fn a_secret_is_one_under_every_scheme() {
        for uri in [
            "file:///w/.env",
            "FILE:///w/%2Eenv",
            "file:///w/%252Eenv",
            "file:///w/.ENV",
            "file:///w/.env.",
            "file:///w/.env%20",
            "file:///w/.env::$DATA",
            "file:///w/.env:stream",
            "file:///c%3A/w/.env",
            "file://server/share/.ssh/config",
            "file:///w/x%23.env",
            "untitled:.env",
            "untitled:/w/.env",
            "untitled:C:%5Cw%5C.env",
            "untitled://.env",
            "git:/w/.env?%7B%22path%22%3A%22%2Fw%2F.env%22%2C%22ref%22%3A%22%22%7D",
            "git:/w/.env.git?%7B%22path%22%3A%22x%22%7D",
            "git:/w/x?%7B%22path%22%3A%22%2Fw%2F.env%22%7D",
            "gitlens://1a2b/w/.env?%7B%22ref%22%3A%221a2b%22%7D",
            "fugitive:///w/.git//0/.env",
            "fugitive:///w/.git//1a2b3c/deploy/.env",
            "gitsigns:///w/.git//HEAD:.env",
            "diffview:///w/.git/:0:/.env",
            "oil:///w/.env",
            "oil-ssh://host//home/me/.env",
            "vscode-remote://ssh-remote%2Bhost/home/me/.env",
            "vscode-remote://wsl%2Bubuntu/home/me/.aws/credentials",
            "vscode-vfs://github/owner/repository/.env",
            "vscode-notebook-cell:/w/secrets.ipynb.bak/../.env#W0s",
            "scp://host/.ssh/config",
            "sftp://me@host:22/home/me/.netrc",
            "jar:file:/w/app.jar!/.env",
            "jar:file:/w/app.jar!/config/secrets.yaml",
            "zipfile:///w/app.zip::.env",
            "dav://host/a/id_rsa?version=2",
            "buffer:///.env",
            "/w/.env",
            ".env",
            "C:\\w\\.env",
        ] {
            let is_secret = |path: &PathBuf| names::secret(path).is_some();
            let found = paths(uri);
            assert!(found.iter().any(is_secret), "{uri}: {found:?}");
        }
    }

    #[test]
    fn code_is_code_under_every_scheme() {
        for uri in [
            "file:///w/src/secrets.py",
            "file:///w/a%20b/main.rs",
            "untitled:Untitled-1",
            "untitled:/w/new.py",
            "git:/w/main.py?%7B%22path%22%3A%22%2Fw%2Fmain.py%22%2C%22ref%22%3A%22HEAD%22%7D",
            "git:/w/main.py.git?%7B%22path%22%3A%22%2Fw%2Fmain.py%22%2C%22ref%22%3A%22~%22%7D",
            "fugitive:///w/.git//0/src/environment.rs",
            "diffview:///w/.git/1a2b3c4d/src/keys.go",
            "vscode-notebook-cell:/w/analysis.ipynb#W0sZmlsZQ%3D%3D",
            "vscode-remote://dev-container%2B7b22/workspaces/app/main.ts",
            "vscode-vfs://github/owner/repository/src/token.rs",
            "oil:///w/src/tokens.ts",
            "output:extension-output-me.tacit-%231-tacit",
            "https://example.org/a/b?q=1",
            "",
            "#",
            "%",
            "%ff",
            "file:",
        ] {
            let is_secret = |path: &&PathBuf| names::secret(path).is_some();
            let found = paths(uri);
            assert_eq!(found.iter().find(is_secret), None, "{uri}");
        }
    }

    #[test]
    fn the_file_on_this_machine_is_among_them() {
        for (uri, path) in [
            ("file:///w/a.py", "/w/a.py"),
            ("untitled:/w/a.py", "/w/a.py"),
            ("vscode-remote://ssh-remote%2Bhost/w/a%20b.py", "/w/a b.py"),
            ("git:/w/a.py.git?%7B%22ref%22%3A%22%22%7D", "/w/a.py"),
            ("git:/x?%7B%22path%22%3A%22%2Fw%2Fa.py%22%7D", "/w/a.py"),
            ("fugitive:///w/.git//0/src/a.py", "/w/src/a.py"),
            ("diffview:///w/.git/:0:/src/a.py", "/w/src/a.py"),
            ("gitsigns:///w/.git//HEAD~1:src/a.py", "/w/src/a.py"),
            ("oil:///w/a.py", "/w/a.py"),
        ] {
            let found = paths(uri);
            assert!(
                found.contains(&Path::new(path).to_owned()),
                "{uri}: {found:?}"
            );
        }
    }
}
