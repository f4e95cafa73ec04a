//! JavaScript and TypeScript: `import`, `export` and `require`. What a file exports by default is imported from it as `default`; a
//! file that names its default export re-exports it from the module "", which is itself.

use tree_sitter::Node;

use super::{Reader, same, unquoted};
use crate::index::symbols::Imported;

impl Reader<'_> {
    pub(super) fn ecmascript(&mut self, statement: Node) {
        match statement.kind() {
            "import_statement" => self.import_statement(statement),
            "export_statement" => self.export_statement(statement),
            "expression_statement" => self.module_exports(statement),
            _ => self.required(statement),
        }
    }

    fn import_statement(&mut self, statement: Node) {
        let source = self
            .field(statement, "source")
            .map(unquoted)
            .unwrap_or_default()
            .to_owned();
        let mut names = Vec::new();
        let mut cursor = statement.walk();
        for clause in statement.named_children(&mut cursor) {
            if clause.kind() == "import_require_clause" {
                // import fs = require("fs")
                let source = self
                    .field(clause, "source")
                    .map(unquoted)
                    .unwrap_or_default();
                if let Some(name) = clause.named_child(0) {
                    self.add(source, Imported::Module(self.of(name).to_owned()), false);
                }
                return;
            }
            if clause.kind() != "import_clause" {
                continue;
            }
            for part in clause.named_children(&mut clause.walk()) {
                match part.kind() {
                    "identifier" => names.push(("default".to_owned(), self.of(part).to_owned())),
                    "namespace_import" => {
                        let name = part
                            .named_child(0)
                            .map_or("", |name| self.of(name))
                            .to_owned();
                        self.add(&source, Imported::Module(name), false);
                    }
                    "named_imports" => names.extend(self.specifiers(part)),
                    _ => {}
                }
            }
        }
        if !names.is_empty() {
            self.add(&source, Imported::Names(names), false);
        }
    }

    fn export_statement(&mut self, statement: Node) {
        let source = self
            .field(statement, "source")
            .map(unquoted)
            .unwrap_or_default()
            .to_owned();
        let mut cursor = statement.walk();
        let children: Vec<Node> = statement.children(&mut cursor).collect();
        let child = |kind: &str| children.iter().find(|child| child.kind() == kind).copied();
        if let Some(clause) = child("export_clause") {
            let names = self.specifiers(clause);
            self.add(&source, Imported::Names(names), true);
        } else if let Some(namespace) = child("namespace_export") {
            let name = namespace
                .named_child(0)
                .map_or("", |name| self.of(name))
                .to_owned();
            self.add(&source, Imported::Module(name), true);
        } else if child("*").is_some() {
            self.add(&source, Imported::All, true);
        } else if child("default").is_some() {
            let declared = statement
                .child_by_field_name("declaration")
                .and_then(|node| node.child_by_field_name("name"));
            let named = statement
                .child_by_field_name("value")
                .filter(|node| node.kind() == "identifier");
            self.default_export(declared.or(named));
        }
    }

    fn default_export(&mut self, name: Option<Node>) {
        if let Some(name) = name {
            let names = vec![(self.of(name).to_owned(), "default".to_owned())];
            self.add("", Imported::Names(names), true);
        }
    }

    /// `module.exports = Foo`; an object names what others see as it is called here.
    fn module_exports(&mut self, statement: Node) {
        let value = statement
            .named_child(0)
            .and_then(|assignment| assignment.child_by_field_name("right"));
        if let Some(value) = value.filter(|value| value.kind() == "identifier") {
            self.default_export(Some(value));
        }
    }

    /// `const { a, b: c } = require("m")`, `const m = require("m")`, `const a = require("m").a`.
    fn required(&mut self, statement: Node) {
        let mut cursor = statement.walk();
        for declarator in statement.named_children(&mut cursor) {
            let (Some(name), Some(mut value)) = (
                declarator.child_by_field_name("name"),
                declarator.child_by_field_name("value"),
            ) else {
                continue;
            };
            let mut property = None;
            if value.kind() == "member_expression" {
                property = self.field(value, "property");
                let Some(object) = value.child_by_field_name("object") else {
                    continue;
                };
                value = object;
            }
            let is_require = self.field(value, "function") == Some("require");
            let source = value
                .child_by_field_name("arguments")
                .and_then(|arguments| arguments.named_child(0));
            let Some(source) = source.filter(|source| is_require && source.kind() == "string")
            else {
                continue;
            };
            let source = unquoted(self.of(source));
            let local = self.of(name).to_owned();
            let names = match (name.kind(), property) {
                ("identifier", Some(property)) => {
                    Imported::Names(vec![(property.to_owned(), local)])
                }
                ("identifier", None) => Imported::Module(local),
                ("object_pattern", _) => Imported::Names(self.destructured(name)),
                _ => continue,
            };
            self.add(source, names, false);
        }
    }

    fn destructured(&self, pattern: Node) -> Vec<(String, String)> {
        let mut cursor = pattern.walk();
        let parts = pattern.named_children(&mut cursor);
        let names = parts.filter_map(|part| match part.kind() {
            "shorthand_property_identifier_pattern" => Some(same(self.of(part))),
            "pair_pattern" => Some((
                self.field(part, "key")?.to_owned(),
                self.field(part, "value")?.to_owned(),
            )),
            _ => None,
        });
        names.collect()
    }

    /// `{ a, b as c, default as d }`, in imports and exports alike.
    fn specifiers(&self, clause: Node) -> Vec<(String, String)> {
        let mut cursor = clause.walk();
        let specifiers = clause.named_children(&mut cursor);
        let names = specifiers.filter_map(|specifier| {
            let name = unquoted(self.field(specifier, "name")?);
            let alias = self.field(specifier, "alias").map_or(name, unquoted);
            Some((name.to_owned(), alias.to_owned()))
        });
        names.collect()
    }
}
