//! Rust: `use`, `mod` and `extern crate`.

use tree_sitter::Node;

use super::{Reader, same};
use crate::index::symbols::Imported;

/// Groups within groups; nobody writes more than three.
const MAX_DEPTH: usize = 16;

impl Reader<'_> {
    pub(super) fn rust(&mut self, item: Node) {
        let mut cursor = item.walk();
        let is_public = item
            .children(&mut cursor)
            .any(|child| child.kind() == "visibility_modifier");
        match item.kind() {
            "mod_item" => {
                if let Some(name) = self.field(item, "name") {
                    self.add(
                        &format!("self::{name}"),
                        Imported::Module(name.to_owned()),
                        is_public,
                    );
                }
            }
            "extern_crate_declaration" => {
                if let Some(name) = self.field(item, "name") {
                    let alias = self.field(item, "alias").unwrap_or(name);
                    self.add(name, Imported::Module(alias.to_owned()), is_public);
                }
            }
            _ => {
                if let Some(argument) = item.child_by_field_name("argument") {
                    self.use_tree("", argument, is_public, 0);
                }
            }
        }
    }

    /// One branch of a `use`. Whether the last segment of a path is a module or a thing of one, only the workspace knows: it counts
    /// as a name.
    fn use_tree(&mut self, prefix: &str, tree: Node, is_public: bool, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let mut cursor = tree.walk();
        match tree.kind() {
            "use_list" => {
                for branch in tree.named_children(&mut cursor) {
                    self.use_tree(prefix, branch, is_public, depth + 1);
                }
            }
            "scoped_use_list" => {
                let path = join(prefix, self.field(tree, "path").unwrap_or_default());
                if let Some(list) = tree.child_by_field_name("list") {
                    self.use_tree(&path, list, is_public, depth + 1);
                }
            }
            "use_wildcard" => {
                let path = tree.named_child(0).map_or("", |path| self.of(path));
                self.add(&join(prefix, path), Imported::All, is_public);
            }
            "use_as_clause" => {
                let path = self.field(tree, "path").unwrap_or_default();
                self.use_path(prefix, path, self.field(tree, "alias"), is_public);
            }
            "line_comment" | "block_comment" => {}
            _ => self.use_path(prefix, self.of(tree), None, is_public),
        }
    }

    fn use_path(&mut self, prefix: &str, path: &str, alias: Option<&str>, is_public: bool) {
        let path: String = path.split_whitespace().collect();
        let path = match path.as_str() {
            "self" if !prefix.is_empty() => prefix.to_owned(),
            path => join(prefix, path),
        };
        let is_self = path == prefix;
        let (module, name) = path.rsplit_once("::").unwrap_or(("", &path));
        let local = alias.unwrap_or(name);
        if is_self || module.is_empty() {
            return self.add(&path, Imported::Module(local.to_owned()), is_public);
        }
        let name = match alias {
            Some(alias) => (name.to_owned(), alias.to_owned()),
            None => same(name),
        };
        match self.imports.last_mut() {
            Some(last) if last.module == module && last.is_reexport == is_public => {
                if let Imported::Names(names) = &mut last.names {
                    return names.push(name);
                }
            }
            _ => {}
        }
        self.add(module, Imported::Names(vec![name]), is_public);
    }
}

fn join(prefix: &str, path: &str) -> String {
    let path: String = path.split_whitespace().collect();
    match (prefix.is_empty(), path.is_empty()) {
        (true, _) => path,
        (_, true) => prefix.to_owned(),
        _ => format!("{prefix}::{path}"),
    }
}
