//! Markdown for clients that have no place of their own for it: a document that they open, where they can. Messages are one line in some
//! editors (Helix), and gone with the next key.

use std::fs::Metadata;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempPath;
use tower_lsp::gen_lsp_types::{MessageType, ShowDocumentParams, Uri};

use super::{CLIENT_PATIENCE, Session, lock};

/// Not every editor breaks long lines by itself.
const COLUMNS: usize = 80;

/// How the names of the files begin and end; between stands a random part.
const PAGE_PREFIX: &str = "tacit-explanation-";
const PAGE_SUFFIX: &str = ".md";

/// A file that is older was left behind. Editors have read it by then, and keep its text themselves.
const PAGE_LIFE: Duration = Duration::from_secs(24 * 3600);

/// The files of a session, which nobody else can read. They go when they are dropped.
#[derive(Default)]
pub struct Pages(Mutex<Vec<TempPath>>);

impl Pages {
    /// Deletes them.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

impl Session {
    pub(super) async fn show(&self, text: String) {
        let opens_documents = self.terms().is_ok_and(|terms| terms.client.shows_documents);
        if !(opens_documents && self.open_page(text.clone()).await) {
            self.editor.show_message(MessageType::Info, text).await;
        }
    }

    /// Whether the client has opened it.
    async fn open_page(&self, text: String) -> bool {
        let written = tokio::task::spawn_blocking(move || write(&text)).await;
        let Ok(Ok(page)) = written else {
            tracing::warn!("an explanation could not be written to the folder for temporary files");
            return false;
        };
        let Some(uri) = uri_of(&page) else {
            return false;
        };
        lock(&self.pages.0).push(page);
        let request = self.editor.show_document(ShowDocumentParams {
            uri,
            external: None,
            take_focus: Some(true),
            selection: None,
        });
        let shown = tokio::time::timeout(CLIENT_PATIENCE, request).await;
        matches!(shown, Ok(Ok(true)))
    }
}

/// Deletes the pages of sessions that could not do so themselves: they were killed, or the machine stopped. Only files of the user's that
/// are older than any session that still shows them, and never through a link.
pub fn delete_old() {
    let pages = std::fs::read_dir(std::env::temp_dir());
    for file in pages.into_iter().flatten().flatten() {
        let name = file.file_name();
        let is_page = name
            .to_str()
            .is_some_and(|name| name.starts_with(PAGE_PREFIX) && name.ends_with(PAGE_SUFFIX));
        // Of the entry itself, whatever a link leads to.
        let is_old = || {
            let metadata = file.metadata().ok()?;
            let age = metadata.modified().ok()?.elapsed().ok()?;
            Some(metadata.is_file() && is_own(&metadata) && age > PAGE_LIFE)
        };
        if is_page && is_old() == Some(true) {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

#[cfg(unix)]
fn is_own(file: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(file) == rustix::process::geteuid().as_raw()
}

/// The temporary folder is the user's own.
#[cfg(not(unix))]
fn is_own(_file: &Metadata) -> bool {
    true
}

/// A file of its own for each: editors do not read one again that they have open.
fn write(text: &str) -> std::io::Result<TempPath> {
    let mut file = tempfile::Builder::new()
        .prefix(PAGE_PREFIX)
        .suffix(PAGE_SUFFIX)
        .tempfile()?;
    file.write_all(wrapped(text).as_bytes())?;
    Ok(file.into_temp_path())
}

/// The same Markdown with the long lines of its prose broken.
fn wrapped(text: &str) -> String {
    let mut wrapped = String::with_capacity(text.len());
    let mut is_code = false;
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if is_code || is_fence {
            wrapped += line;
        } else {
            break_line(line, &mut wrapped);
        }
        wrapped.push('\n');
    }
    wrapped
}

/// Appends a line, broken at blanks. What continues it stands below its first letter, so that it stays part of its list.
fn break_line(line: &str, broken: &mut String) {
    let text = line.trim_start();
    let mark = text.find(' ').map_or("", |end| &text[..=end]);
    let number = mark.trim_end().trim_end_matches(['.', ')']);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_item = is_number || matches!(mark.trim_end(), "-" | "*" | "+");
    let indent = line.len() - text.len() + if is_item { mark.len() } else { 0 };
    let mut width = line.len() - text.len();
    broken.push_str(&line[..width]);
    for (number, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if number > 0 && width + 1 + length > COLUMNS {
            broken.push('\n');
            broken.extend(std::iter::repeat_n(' ', indent));
            width = indent;
        } else if number > 0 {
            broken.push(' ');
            width += 1;
        }
        broken.push_str(word);
        width += length;
    }
}

fn uri_of(path: &Path) -> Option<Uri> {
    Some(Uri(url::Url::from_file_path(path).ok()?.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_and_code_is_not() {
        let words = "word ".repeat(30);
        let text = format!("# Title\n\n{words}\n- {words}\n```py\n{words}\n```\nend");
        let page = wrapped(&text);
        let code = format!("```py\n{words}\n```\nend\n");
        let prose = page.strip_suffix(&code).unwrap_or_else(|| panic!("{page}"));
        assert!(
            prose.lines().all(|line| line.chars().count() <= COLUMNS),
            "{page}"
        );
        assert!(
            prose.contains("\n- word") && prose.contains("\n  word"),
            "{page}"
        );
        assert!(
            prose.split_whitespace().eq(text
                .split("```")
                .next()
                .unwrap_or_default()
                .split_whitespace())
        );
        let name = "x".repeat(200);
        assert_eq!(wrapped(&name), format!("{name}\n"));
    }
}
