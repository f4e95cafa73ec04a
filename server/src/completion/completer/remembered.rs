//! What the prompts of a document began with, on disk: the engine's saved states are worth something after a restart only if the next
//! prompt begins like the last one did.
//!
//! One small file for each document, private to the user. It holds pieces of code as the model was shown them, without secret values, and of
//! the document itself no more than a digest. Whatever does not fit any longer counts as not there.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use grammars::Notation;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    context::{Piece, plan::Plan},
    engine::private::{PrivateFolderError, create_folders, private_folder},
    files,
    prompt::layout::{Anchor, AnchorRecord},
};

/// As many as the engine may have states of, and some.
const MAX_DOCUMENTS: usize = 64;

/// Bytes of a file at most. The pieces of a plan are a few kilobytes.
const MAX_BYTES: u64 = 256 * 1024;

/// The folder of these files.
#[derive(Debug, Clone)]
pub struct Remembered {
    folder: PathBuf,
}

/// What is remembered of a document.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// Of tacit: another one may lay prompts out differently.
    version: String,
    path: PathBuf,
    anchor: AnchorRecord,
    pieces: Vec<Piece>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RememberError {
    #[error(transparent)]
    Folder(#[from] PrivateFolderError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Record {
    pub fn new(path: &Path, anchor: &Anchor, plan: &Plan) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            path: path.to_owned(),
            anchor: anchor.record(),
            pieces: plan.pieces.clone(),
        }
    }

    /// The anchor, if the text around `cursor` is as it was, and the plan with those of its pieces that `may_show`.
    pub fn shown(
        self,
        text: &ropey::Rope,
        cursor: usize,
        notation: Notation,
        may_show: impl Fn(&Path) -> bool,
    ) -> (Option<Anchor>, Plan) {
        let anchor = self.anchor.find(text, cursor, notation);
        let mut pieces = self.pieces;
        pieces.retain(|piece| may_show(&piece.path));
        (anchor, Plan { pieces })
    }
}

impl Remembered {
    /// `folder` need not exist yet; the one around it need not either.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What is remembered of the document at `path`.
    pub fn load(&self, path: &Path) -> Option<Record> {
        let json = files::read(&self.file(path), MAX_BYTES).ok()?;
        let record: Record = serde_json::from_slice(&json).ok()?;
        let is_ours = record.version == env!("CARGO_PKG_VERSION") && record.path == path;
        is_ours.then_some(record)
    }

    /// Writes `record` in place of what was remembered of its document.
    ///
    /// # Errors
    /// If the folder is not private to the user, or cannot be written.
    pub fn save(&self, record: &Record) -> Result<(), RememberError> {
        if let Some(around) = self.folder.parent() {
            create_folders(around)?;
        }
        private_folder(&self.folder)?;
        let file = self.file(&record.path);
        // Whole or not at all: another window may read it at this moment.
        let mut written = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(&mut written, record).map_err(io::Error::from)?;
        written.persist(file).map_err(|error| error.error)?;
        self.drop_oldest()?;
        Ok(())
    }

    fn file(&self, path: &Path) -> PathBuf {
        let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
        let name: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
        self.folder.join(name + ".json")
    }

    fn drop_oldest(&self) -> io::Result<()> {
        let files = fs::read_dir(&self.folder)?.flatten().map(|entry| {
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            (written.unwrap_or(SystemTime::UNIX_EPOCH), entry.path())
        });
        let mut files: Vec<(SystemTime, PathBuf)> = files.collect();
        files.sort();
        let excess = files.len().saturating_sub(MAX_DOCUMENTS);
        for (_, file) in &files[..excess] {
            // Another window may have been quicker.
            let _ = fs::remove_file(file);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ropey::Rope;

    use super::*;
    use crate::{context::Source, prompt::layout::Layout};

    fn piece(path: &str) -> Piece {
        Piece {
            path: path.into(),
            lines: 3..=4,
            text: "fn area() -> f64;".to_owned(),
            source: Source::Definitions,
            reason: "`area` is used here".to_owned(),
            score: 0.5,
        }
    }

    fn text() -> Rope {
        let line = |n| format!("let line_{n} = {n};\n");
        Rope::from_str(&(0..200).map(line).collect::<String>())
    }

    #[test]
    fn what_was_shown_is_shown_again_where_the_text_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let remembered = Remembered::in_folder(folder.path().join("cache/shown"));
        let (path, text) = (Path::new("/project/main.rs"), text());
        let cursor = text.line_to_byte(120) + 8;
        let anchor = Anchor::place(&text, cursor, &Layout::default(), Notation::Code);
        let plan = Plan {
            pieces: vec![piece("/project/shape.rs"), piece("/project/.env")],
        };
        assert!(remembered.load(path).is_none());
        remembered.save(&Record::new(path, &anchor, &plan)).unwrap();
        assert!(remembered.load(Path::new("/project/other.rs")).is_none());

        let load = || remembered.load(path).unwrap();
        let shown = load().shown(&text, cursor, Notation::Code, |path| {
            !path.ends_with(".env")
        });
        assert_eq!(shown.0, Some(anchor));
        assert_eq!(shown.1.pieces, [piece("/project/shape.rs")]);

        // Typed before the cursor and closed behind it: still there. Changed elsewhere in the window: not.
        let mut typed = text.clone();
        typed.insert(cursor, "typed()");
        assert!(
            load()
                .shown(&typed, cursor + 6, Notation::Code, |_| true)
                .0
                .is_some()
        );
        for (line, inserted) in [(118, "x"), (90, "x"), (122, "x"), (0, "longer\n")] {
            let mut changed = text.clone();
            changed.insert(changed.line_to_char(line), inserted);
            let cursor = changed.line_to_byte(120) + 8;
            let (anchor, plan) = load().shown(&changed, cursor, Notation::Code, |_| true);
            let holds =
                anchor.is_some_and(|anchor| anchor.holds(&changed, cursor, &Layout::default()));
            assert_eq!(holds, line == 118, "changed line {line}");
            assert_eq!(plan.pieces.len(), 2);
        }
        assert!(
            load()
                .shown(&Rope::from_str("é"), 2, Notation::Code, |_| true)
                .0
                .is_none()
        );
    }

    #[test]
    fn no_text_of_the_document_is_written_and_damage_counts_as_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let remembered = Remembered::in_folder(folder.path().join("shown"));
        let (path, text) = (Path::new("/project/main.rs"), text());
        let anchor = Anchor::place(&text, 1500, &Layout::default(), Notation::Code);
        remembered
            .save(&Record::new(path, &anchor, &Plan::default()))
            .unwrap();
        let file = remembered.file(path);
        let written = fs::read_to_string(&file).unwrap();
        assert!(!written.contains("line_"), "{written}");
        for damaged in [
            "",
            "{}",
            &written[..written.len() / 2],
            &written.replace("\"at\":", "\"at\":-"),
        ] {
            fs::write(&file, damaged).unwrap();
            assert!(remembered.load(path).is_none(), "{damaged}");
        }
    }

    #[test]
    fn only_the_newest_documents_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let remembered = Remembered::in_folder(folder.path().join("shown"));
        let anchor = Arc::new(Anchor::place(
            &text(),
            1500,
            &Layout::default(),
            Notation::Code,
        ));
        let path = |n| PathBuf::from(format!("/project/{n}.rs"));
        for n in 0..MAX_DOCUMENTS + 3 {
            remembered
                .save(&Record::new(&path(n), &anchor, &Plan::default()))
                .unwrap();
        }
        assert_eq!(
            fs::read_dir(folder.path().join("shown")).unwrap().count(),
            MAX_DOCUMENTS
        );
        assert!(remembered.load(&path(MAX_DOCUMENTS + 2)).is_some());
    }
}
