//! What one file says of itself, as tree-sitter and our queries see it.

use std::ops::RangeInclusive;

use grammars::Language;

/// The definitions and imports of one file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSymbols {
    pub language: &'static Language,
    /// The package or namespace that the file names as its own (Go, Java, C#, PHP...).
    pub package: Option<String>,
    pub definitions: Vec<Definition>,
    pub imports: Vec<Import>,
}

/// Something with a name that other code may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    pub kind: DefinitionKind,
    /// The type, trait, interface or impl target that it is a member of.
    pub container: Option<String>,
    /// Lines of the file, counted from 1.
    pub lines: RangeInclusive<u32>,
    /// As the model is shown it: the first line of its documentation, attributes that matter, signature, fields and the signatures of
    /// members; bodies are elided. Dedented, without a line feed at the end.
    pub outline: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefinitionKind {
    Function,
    Method,
    /// Class, struct, enum, interface, trait, type alias.
    Type,
    Constant,
    /// A module or namespace inside of the file.
    Module,
}

/// One import, include or use, with what it makes visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// As it is written, without quotes: `./util`, `..models`, `crate::store::catalogue`, `java.util`, `util.h`.
    pub module: String,
    pub names: Imported,
    /// Others see the names as if they were defined here: `pub use`, `export ... from`, a Python package's `__init__`.
    pub is_reexport: bool,
}

/// What an import makes visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The module itself, under this name: `import os.path as p`, `import * as util`, `use crate::store;`, a Go import.
    Module(String),
    /// Names of the module, each with the name that it has here.
    Names(Vec<(String, String)>),
    /// All that the module defines: globs, C includes, C# usings, same-package imports.
    All,
}
