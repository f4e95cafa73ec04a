//! Imports, includes and re-exports, in all the forms of each language. A statement may make several: one per module and kind.

mod ecmascript;
mod python;
mod rust;

use grammars::Language;
use tree_sitter::Node;

use super::items::slice;
use super::{Import, Imported};

/// What the statements `nodes` of one file import.
pub fn read(text: &str, language: &Language, nodes: &[Node]) -> Vec<Import> {
    let mut reader = Reader {
        text,
        imports: Vec::new(),
    };
    for &node in nodes {
        match language.id() {
            "python" => reader.python(node),
            "rust" => reader.rust(node),
            "javascript" | "typescript" | "typescriptreact" => reader.ecmascript(node),
            "go" => reader.go(node),
            "java" => reader.java(node),
            "csharp" => reader.csharp(node),
            "c" | "cpp" => reader.include(node),
            _ => {}
        }
    }
    reader.imports
}

struct Reader<'a> {
    text: &'a str,
    imports: Vec<Import>,
}

impl<'a> Reader<'a> {
    fn of(&self, node: Node) -> &'a str {
        slice(self.text, node.byte_range()).trim()
    }

    fn field(&self, node: Node, name: &str) -> Option<&'a str> {
        node.child_by_field_name(name).map(|child| self.of(child))
    }

    fn add(&mut self, module: &str, names: Imported, is_reexport: bool) {
        self.imports.push(Import {
            module: module.to_owned(),
            names,
            is_reexport,
        });
    }

    /// `import "net/http"`, with `p`, `.` or `_` before the path.
    fn go(&mut self, spec: Node) {
        let Some(path) = self
            .field(spec, "path")
            .map(unquoted)
            .filter(|path| !path.is_empty())
        else {
            return;
        };
        let last = path
            .rsplit('/')
            .find(|part| !is_version(part))
            .unwrap_or(path);
        let names = match self.field(spec, "name") {
            Some(".") => Imported::All,
            Some("_") => Imported::Names(Vec::new()),
            Some(alias) => Imported::Module(alias.to_owned()),
            None => Imported::Module(package_of(last).to_owned()),
        };
        self.add(path, names, false);
    }

    /// `import java.util.List;`, `import java.util.*;`, `import static java.lang.Math.max;`.
    fn java(&mut self, statement: Node) {
        let mut cursor = statement.walk();
        let children: Vec<Node> = statement.named_children(&mut cursor).collect();
        let Some(path) = children
            .iter()
            .find(|node| matches!(node.kind(), "scoped_identifier" | "identifier"))
        else {
            return;
        };
        let path = self.of(*path);
        if children.iter().any(|node| node.kind() == "asterisk") {
            return self.add(path, Imported::All, false);
        }
        let (package, name) = path.rsplit_once('.').unwrap_or(("", path));
        self.add(package, Imported::Names(vec![same(name)]), false);
    }

    /// `using System.Text;`, `using static System.Math;`, `using Map = My.Map;`, each `global` or not.
    fn csharp(&mut self, directive: Node) {
        let alias = self.field(directive, "name");
        let mut cursor = directive.walk();
        let alias_node = directive.child_by_field_name("name");
        let target = directive
            .named_children(&mut cursor)
            .filter(|child| Some(*child) != alias_node)
            .last();
        let Some(target) = target.map(|node| self.of(node)) else {
            return;
        };
        let target = target.strip_prefix("global::").unwrap_or(target);
        match alias {
            Some(alias) => {
                let target = target.split('<').next().unwrap_or_default();
                let (namespace, name) = target.rsplit_once('.').unwrap_or(("", target));
                let names = vec![(name.to_owned(), alias.to_owned())];
                self.add(namespace, Imported::Names(names), false);
            }
            None => self.add(target, Imported::All, false),
        }
    }

    /// `#include "list.h"`; `<list>` keeps its angles, which say that it is most likely not of the workspace.
    fn include(&mut self, directive: Node) {
        let Some(path) = directive.child_by_field_name("path") else {
            return;
        };
        if matches!(path.kind(), "string_literal" | "system_lib_string") {
            self.add(unquoted(self.of(path)), Imported::All, false);
        }
    }
}

/// A name that is imported as it is.
fn same(name: &str) -> (String, String) {
    (name.to_owned(), name.to_owned())
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}

/// `v2` at the end of a Go path is no name.
fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What the package of a Go path is usually called: `yaml` of `yaml.v3`, `redis` of `go-redis`.
fn package_of(last: &str) -> &str {
    let name = last.split_once(".v").map_or(last, |(name, _)| name);
    name.strip_prefix("go-").unwrap_or(name)
}
