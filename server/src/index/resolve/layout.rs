//! How the modules of a language lie in files: what each language answers to the questions of the resolver.

use std::path::Path;

use grammars::Language;

use super::{Via, c, csharp, go, java, javascript, python, rust, swift};
use crate::index::symbols::FileSymbols;
use crate::index::workspace::{Entry, WorkspaceSymbols};

/// How a language maps modules to files.
pub(super) struct Layout {
    /// Between the parts of a module's name.
    pub separator: &'static str,
    /// The files of the module `written` as the file `from` sees it, best first. `name` is what is looked for in them, so that large
    /// packages need not be listed.
    pub files: for<'a> fn(
        index: &'a WorkspaceSymbols,
        from: &Path,
        written: &str,
        name: &str,
    ) -> Vec<&'a Entry>,
    /// Imports are includes: what a file sees of the ones that it includes is known at once, see [`c::included`].
    pub includes: bool,
    /// How surely a file sees what another one defines without naming it in an import. `None` if it does not.
    pub sees: fn(from: &Path, file: &FileSymbols, other: &Entry) -> Option<(Via, f32)>,
}

impl Layout {
    pub fn join(&self, module: &str, name: &str) -> String {
        if module.is_empty() || module.ends_with(self.separator) {
            return format!("{module}{name}");
        }
        format!("{module}{}{name}", self.separator)
    }

    pub fn split<'m>(&self, module: &'m str) -> Option<(&'m str, &'m str)> {
        module.rsplit_once(self.separator)
    }
}

/// How the modules of a language lie; `None` where names are not followed from file to file.
pub(super) fn layout_of(language: &Language) -> Option<&'static Layout> {
    Some(match language.id() {
        "python" => &python::LAYOUT,
        "javascript" | "javascriptreact" | "typescript" | "typescriptreact" | "vue" | "svelte" => {
            &javascript::LAYOUT
        }
        "rust" => &rust::LAYOUT,
        "go" => &go::LAYOUT,
        "java" | "kotlin" | "scala" | "groovy" => &java::LAYOUT,
        "php" => &java::PHP_LAYOUT,
        "swift" | "ruby" => &swift::LAYOUT,
        "csharp" => &csharp::LAYOUT,
        "c" | "cpp" => &c::LAYOUT,
        _ => return None,
    })
}
