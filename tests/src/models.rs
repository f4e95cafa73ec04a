//! A model store of its own for each test: a small catalogue, empty folders, a hub on loopback.

use std::fs;
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tacit::models::catalogue::{Catalogue, Entry};
use tacit::models::discover::Places;
use tacit::models::pull::{self, Mirror, Outcome, PullError, Sources};
use tacit::models::store::{Resolved, Store};
use tempfile::TempDir;

use crate::gguf::Gguf;

/// File name of the one model in the catalogue of a [`Scene`].
pub const FILE: &str = "tiny-q4_k_m.gguf";
/// Its name.
pub const NAME: &str = "tiny-q4_k_m";

/// A store with one pinned model, and a home folder for other programs' files.
pub struct Scene {
    pub root: TempDir,
    pub store: Store,
    /// The bytes that are pinned.
    pub body: Vec<u8>,
}

impl Scene {
    pub fn new() -> Self {
        Self::with_parts(Value::Null)
    }

    /// With the `parts` of the catalogue's entry.
    pub fn with_parts(parts: Value) -> Self {
        let body = Gguf {
            weights: 50_000,
            ..Gguf::default()
        }
        .bytes();
        let root = TempDir::new().expect("a temporary folder");
        let store = store_in(root.path(), catalogue(&body, parts));
        Self { root, store, body }
    }

    pub fn entry(&self) -> Entry {
        self.store.entry(NAME).expect("the one entry").clone()
    }

    /// Writes a file below the scene's root.
    pub fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(&path, bytes).expect("a file");
        path
    }

    /// The part file of the one model.
    pub fn part(&self) -> PathBuf {
        self.store.folder().join(format!("{FILE}.part"))
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// The store that a scene has in its root folder: `models`, and `home` for other programs.
pub fn store_in(root: &Path, catalogue: Catalogue) -> Store {
    let mut places = Places::of(Some(&root.join("home")), |_| None);
    places.ollama.truncate(1);
    Store::new(root.join("models"), catalogue, places)
}

/// A catalogue that pins `body` as [`FILE`].
pub fn catalogue(body: &[u8], parts: Value) -> Catalogue {
    let entry = json!({
        "repo": "Org/Tiny-GGUF", "revision": "abc", "file": FILE, "sha256": sha256(body), "bytes": body.len(),
        "base_or_instruct": "base", "license": "Apache-2.0", "confidence": "test", "verified": true,
        "url": format!("https://huggingface.co/Org/Tiny-GGUF/resolve/abc/{FILE}"), "parts": parts,
    });
    Catalogue::parse(&json!([entry]).to_string()).expect("a catalogue")
}

/// Sources with this hub, without leave to use the mirror, with no proxy, no pip, and little patience.
pub fn sources(hub: &str) -> Sources {
    Sources {
        hub: hub.to_owned(),
        mirror: Mirror::NotAllowed,
        proxy: None,
        certificates: None,
        pips: Vec::new(),
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_secs(2),
        retry_pause: Duration::from_millis(1),
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Pulls the one model without listening to its progress.
pub fn pull_from(scene: &Scene, sources: &Sources) -> Result<(Resolved, Outcome), PullError> {
    pull::pull(&scene.store, &scene.entry(), sources, &mut |_| {
        ControlFlow::Continue(())
    })
}

/// An address where nobody listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("its address"))
}
