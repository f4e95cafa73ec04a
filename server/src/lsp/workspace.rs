//! The workspace folders of a window. Pure: URIs and paths only.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tower_lsp::gen_lsp_types::{
    InitializeParams, RootPath, WorkspaceFolder, WorkspaceFolders, WorkspaceFoldersChangeEvent,
};

use crate::documents::file_path;

/// The folders, as the client listed them. Folders that are no files (`vscode-remote:` and the like) are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders(Vec<PathBuf>);

impl Folders {
    /// From the newest field that the client filled: `workspaceFolders`, `rootUri`, `rootPath`.
    #[allow(deprecated)] // rootUri and rootPath are what older clients send
    pub fn of_client(params: &InitializeParams) -> Self {
        let mut folders = Self::default();
        match &params.workspace_folders_initialize_params.workspace_folders {
            Some(WorkspaceFolders::WorkspaceFolderList(list)) if !list.is_empty() => {
                folders.add(list)
            }
            _ => {
                let root_path = match &params.root_path {
                    Some(RootPath::String(path)) => Some(PathBuf::from(path)),
                    _ => None,
                };
                let root = params
                    .root_uri
                    .as_ref()
                    .and_then(|uri| file_path(&uri.0))
                    .or(root_path);
                folders.0.extend(root.filter(|path| path.is_absolute()));
            }
        }
        folders
    }

    pub fn change(&mut self, event: &WorkspaceFoldersChangeEvent) {
        let removed: HashSet<PathBuf> = event
            .removed
            .iter()
            .filter_map(|folder| file_path(&folder.uri.0))
            .collect();
        self.0.retain(|path| !removed.contains(path));
        self.add(&event.added);
    }

    fn add(&mut self, folders: &[WorkspaceFolder]) {
        let mut known: HashSet<PathBuf> = self.0.iter().cloned().collect();
        let paths = folders.iter().filter_map(|folder| file_path(&folder.uri.0));
        self.0
            .extend(paths.filter(|path| known.insert(path.clone())));
    }

    pub fn paths(&self) -> &[PathBuf] {
        &self.0
    }

    /// The innermost folder that holds a file.
    pub fn holding(&self, file: &Path) -> Option<&Path> {
        let holding = self.0.iter().filter(|folder| file.starts_with(folder));
        holding
            .max_by_key(|folder| folder.components().count())
            .map(PathBuf::as_path)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_client(params: serde_json::Value) -> Vec<PathBuf> {
        Folders::of_client(&serde_json::from_value(params).expect("params")).0
    }

    #[test]
    fn the_newest_field_that_is_filled_counts() {
        let folder = |uri: &str| json!({ "uri": uri, "name": "x" });
        let none = Vec::<PathBuf>::new();
        for (params, expected) in [
            (json!({ "capabilities": {} }), none.clone()),
            (
                json!({ "capabilities": {}, "workspaceFolders": null, "rootUri": "file:///a%20b" }),
                vec!["/a b".into()],
            ),
            (
                json!({ "capabilities": {}, "workspaceFolders": [], "rootPath": "/c" }),
                vec!["/c".into()],
            ),
            (json!({ "capabilities": {}, "rootUri": "untitled:x" }), none),
            (
                json!({ "capabilities": {}, "rootUri": "file:///a",
                        "workspaceFolders": [folder("file:///b"), folder("vscode-remote://x/y"), folder("file:///b")] }),
                vec!["/b".into()],
            ),
        ] {
            assert_eq!(of_client(params.clone()), expected, "{params}");
        }
    }

    #[test]
    fn ten_thousand_folders_hold_nothing_up() {
        let folders: Vec<_> = (0..10_000)
            .map(|number| json!({ "uri": format!("file:///a/{number}"), "name": "x" }))
            .collect();
        let twice = [folders.clone(), folders].concat();
        let begun = std::time::Instant::now();
        let known = of_client(json!({ "capabilities": {}, "workspaceFolders": twice }));
        assert_eq!(known.len(), 10_000);
        assert!(begun.elapsed() < std::time::Duration::from_secs(2));
    }

    #[test]
    fn the_innermost_folder_holds_a_file() {
        let folder = |uri: &str| WorkspaceFolder {
            uri: uri.into(),
            name: String::new(),
        };
        let mut folders = Folders::default();
        folders.change(&WorkspaceFoldersChangeEvent {
            added: vec![folder("file:///a"), folder("file:///a/b")],
            removed: vec![],
        });
        assert_eq!(
            folders.holding(Path::new("/a/b/c.rs")),
            Some(Path::new("/a/b"))
        );
        assert_eq!(
            folders.holding(Path::new("/a/bc.rs")),
            Some(Path::new("/a"))
        );
        assert_eq!(folders.holding(Path::new("/other")), None);
        folders.change(&WorkspaceFoldersChangeEvent {
            added: vec![],
            removed: vec![folder("file:///a/b")],
        });
        assert_eq!(
            folders.holding(Path::new("/a/b/c.rs")),
            Some(Path::new("/a"))
        );
    }
}
