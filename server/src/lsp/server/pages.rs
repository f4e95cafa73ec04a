//! Markdown for clients that have no place of their own for it: a document that they open, where they can. Messages are one line in some
//! editors (Helix), and gone with the next key.

use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use tempfile::TempPath;
use tower_lsp::gen_lsp_types::{MessageType, ShowDocumentParams, Uri};

use super::{CLIENT_PATIENCE, Session, lock};

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
            self.client.show_message(MessageType::Info, text).await;
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
        let request = self.client.show_document(ShowDocumentParams {
            uri,
            external: None,
            take_focus: Some(true),
            selection: None,
        });
        let shown = tokio::time::timeout(CLIENT_PATIENCE, request).await;
        matches!(shown, Ok(Ok(true)))
    }
}

/// A file of its own for each: editors do not read one again that they have open.
fn write(text: &str) -> std::io::Result<TempPath> {
    let mut file = tempfile::Builder::new()
        .prefix("tacit-explanation-")
        .suffix(".md")
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    Ok(file.into_temp_path())
}

fn uri_of(path: &Path) -> Option<Uri> {
    Some(Uri(url::Url::from_file_path(path).ok()?.to_string()))
}
