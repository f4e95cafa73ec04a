//! Python: `import` and `from ... import`.

use tree_sitter::Node;

use super::{Reader, same};
use crate::index::symbols::Imported;

impl Reader<'_> {
    pub(super) fn python(&mut self, statement: Node) {
        let mut cursor = statement.walk();
        let names: Vec<Node> = statement
            .children_by_field_name("name", &mut cursor)
            .collect();
        if statement.kind() == "import_statement" {
            for name in names {
                let (module, alias) = self.aliased(name);
                self.add(&module, Imported::Module(alias), false);
            }
            return;
        }
        let Some(module) = self.field(statement, "module_name") else {
            return;
        };
        let module: String = module.split_whitespace().collect();
        let is_star = statement
            .named_children(&mut statement.walk())
            .any(|child| child.kind() == "wildcard_import");
        if is_star {
            self.add(&module, Imported::All, false);
        } else if !names.is_empty() {
            let names = names.into_iter().map(|name| self.aliased(name)).collect();
            self.add(&module, Imported::Names(names), false);
        }
    }

    /// `a.b as c`: the name and what it is called here.
    fn aliased(&self, name: Node) -> (String, String) {
        match (self.field(name, "name"), self.field(name, "alias")) {
            (Some(name), Some(alias)) => (name.to_owned(), alias.to_owned()),
            _ => same(self.of(name)),
        }
    }
}
