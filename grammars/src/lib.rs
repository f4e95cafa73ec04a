//! The languages that tacit knows: how to recognise them, how to comment in them, how to parse them.
//!
//! Owns the table (`languages.toml`), the choice of grammar crates and the queries. Must not read files, parse text or know about
//! editors: callers bring a language id, or a path and a first line, and get facts back.

#![deny(unsafe_code)]

use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;
use tree_sitter_language::LanguageFn;

mod guard;

use guard::guarded;

/// A row of the table. There is one `'static` value per language: compare them with `==`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// What people call it, e.g. "C#".
    pub name: String,
    /// Identifiers that editors send in `textDocument/didOpen`; never empty, the first is the canonical one.
    pub lsp_ids: Vec<String>,
    /// Whole file names, case-sensitive.
    #[serde(default)]
    pub file_names: Vec<String>,
    /// Lower case, without the dot.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// Programs that a `#!` line names, without path and version.
    #[serde(default)]
    pub interpreters: Vec<String>,
    /// Starts a comment that runs to the end of the line.
    #[serde(default)]
    pub line_comment: Option<String>,
    /// Encloses a comment.
    #[serde(default)]
    pub block_comment: Option<BlockComment>,
    /// How values are written.
    #[serde(default)]
    pub notation: Notation,
    #[serde(default)]
    grammar: Option<String>,
}

/// How values are written in a language, apart from strings in quotes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notation {
    /// A bare word is the name of something: a variable, a type.
    #[default]
    Code,
    /// A bare word behind a key is its value, to the end of the line: YAML, properties.
    Data,
    /// A bare word is an argument, and `NAME=word` assigns it.
    Shell,
    /// Anything may stand anywhere: text that nothing reads but people, and files of no known language.
    Prose,
}

impl Notation {
    /// The notation of a document; of one in no known language `Prose`.
    pub fn of(language: Option<&Language>) -> Self {
        language.map_or(Self::Prose, |language| language.notation)
    }
}

/// The tokens around a comment, e.g. `/*` and `*/`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockComment {
    pub open: String,
    pub close: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    language: Vec<Language>,
}

/// The table is compiled in and every test reads it: it cannot be malformed in a build that passed them.
static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    toml::from_str::<Table>(include_str!("../languages.toml"))
        .expect("languages.toml is a valid table")
        .language
});

impl Language {
    /// Every language of the table, those without a grammar included.
    pub fn all() -> &'static [Language] {
        &LANGUAGES
    }

    /// The language that an editor means by `id`; `None` for unknown ids and for "plaintext".
    pub fn by_lsp_id(id: &str) -> Option<&'static Language> {
        find(|language| &language.lsp_ids, id)
    }

    /// The language of a file, by what says most: its name, its extension, its name without extension
    /// (`Dockerfile.dev`), the interpreter of its `#!` line. `None` when nothing matches: plain text.
    pub fn detect(path: &Path, first_line: &str) -> Option<&'static Language> {
        let text = |part: Option<&std::ffi::OsStr>| {
            part.and_then(|part| part.to_str())
                .unwrap_or_default()
                .to_owned()
        };
        let extension = text(path.extension()).to_lowercase();
        find(|language| &language.file_names, &text(path.file_name()))
            .or_else(|| find(|language| &language.extensions, &extension))
            .or_else(|| find(|language| &language.file_names, &text(path.file_stem())))
            .or_else(|| find(|language| &language.interpreters, interpreter(first_line)?))
    }

    /// The canonical identifier, e.g. "typescriptreact".
    pub fn id(&self) -> &str {
        &self.lsp_ids[0]
    }

    /// The grammar; `None` where the table names none or this build was made without it (feature `all`).
    pub fn parser(&self) -> Option<tree_sitter::Language> {
        grammar(self.grammar.as_deref()?).map(Into::into)
    }

    /// The query that finds what a file defines and imports; `None` for languages that have none. Several patterns may match one
    /// node: the first one of the query holds. A dialect's query is that of the language it grew from, with its own behind it. Its
    /// captures:
    ///
    /// - `@definition.function`, `.type`, `.constant`, `.module`: a definition, with its `@name`; a function within a type is a
    ///   method. `@body` is what an outline leaves out (functions) or what holds the members (types, modules); `@value` what a
    ///   constant stands for; `@container` the type of a method that stands outside of it; `@doc` a string that documents it.
    /// - `@impl`: a block whose functions are methods of `@container`.
    /// - `@field`, `@variant`: what types are made of beside methods.
    /// - `@wrapper`: a node around a definition that belongs to it (`export`, decorators, `template`); `@group` one around
    ///   several, whose first word belongs to each (`const (...)`). `@local`: what holds only things that nobody outside sees.
    /// - `@attribute`, `@comment`: what may stand before a definition. `@access`: the visibility of the members that follow.
    /// - `@import`: a statement that imports or exports. `@package`: the package or namespace of the file.
    pub fn symbols_query(&self) -> Option<&'static str> {
        Some(match self.grammar.as_deref()? {
            "c" => include_str!("../queries/c/symbols.scm"),
            "cpp" => concat!(
                include_str!("../queries/c/symbols.scm"),
                include_str!("../queries/cpp/symbols.scm"),
            ),
            "csharp" => include_str!("../queries/csharp/symbols.scm"),
            "go" => include_str!("../queries/go/symbols.scm"),
            "java" => include_str!("../queries/java/symbols.scm"),
            "javascript" => concat!(
                include_str!("../queries/ecmascript/symbols.scm"),
                include_str!("../queries/javascript/symbols.scm"),
            ),
            "python" => include_str!("../queries/python/symbols.scm"),
            "rust" => include_str!("../queries/rust/symbols.scm"),
            "tsx" | "typescript" => concat!(
                include_str!("../queries/ecmascript/symbols.scm"),
                include_str!("../queries/typescript/symbols.scm"),
            ),
            _ => return None,
        })
    }

    /// `text`, which must be a single line, as a comment: with the line token if there is one, else between the block
    /// tokens. `None` where the language has no comments, or where `text` would end the comment early.
    pub fn comment_line(&self, text: &str) -> Option<String> {
        if text.contains(['\n', '\r']) {
            return None;
        }
        if let Some(token) = &self.line_comment {
            return Some(format!("{token} {text}"));
        }
        let BlockComment { open, close } = self.block_comment.as_ref()?;
        (!text.contains(close.as_str())).then(|| format!("{open} {text} {close}"))
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Language {}

fn find(column: impl Fn(&Language) -> &Vec<String>, value: &str) -> Option<&'static Language> {
    Language::all()
        .iter()
        .find(|language| column(language).iter().any(|entry| entry == value))
}

/// The program that a `#!` line runs: "python" for `#!/usr/bin/env -S python3.12 -u`.
fn interpreter(first_line: &str) -> Option<&str> {
    let mut words = first_line.strip_prefix("#!")?.split_whitespace();
    let mut program = words.next()?.rsplit('/').next()?;
    if program == "env" {
        program = words
            .find(|word| !word.starts_with('-') && !word.contains('='))?
            .rsplit('/')
            .next()?;
    }
    let unversioned = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(unversioned.strip_suffix('-').unwrap_or(unversioned))
}

fn grammar(name: &str) -> Option<LanguageFn> {
    Some(match name {
        "bash" => guarded!(
            tree_sitter_bash::LANGUAGE,
            const LAST_CODE_POINT: i32 = 0xFF;
        ),
        "c" => guarded!(tree_sitter_c::LANGUAGE),
        "cpp" => guarded!(tree_sitter_cpp::LANGUAGE),
        "csharp" => guarded!(tree_sitter_c_sharp::LANGUAGE),
        "css" => guarded!(tree_sitter_css::LANGUAGE),
        "go" => guarded!(tree_sitter_go::LANGUAGE),
        "html" => guarded!(tree_sitter_html::LANGUAGE),
        "java" => guarded!(tree_sitter_java::LANGUAGE),
        "javascript" => guarded!(tree_sitter_javascript::LANGUAGE),
        "json" => guarded!(tree_sitter_json::LANGUAGE),
        "lua" => guarded!(tree_sitter_lua::LANGUAGE),
        "markdown" => guarded!(tree_sitter_md::LANGUAGE),
        "php" => guarded!(tree_sitter_php::LANGUAGE_PHP),
        "python" => guarded!(tree_sitter_python::LANGUAGE),
        "ruby" => guarded!(
            tree_sitter_ruby::LANGUAGE,
            fn can_read(state: &[u8]) -> bool {
                guard::ruby_can_read(state)
            }
        ),
        "rust" => guarded!(tree_sitter_rust::LANGUAGE),
        "toml" => guarded!(tree_sitter_toml_ng::LANGUAGE),
        "tsx" => guarded!(tree_sitter_typescript::LANGUAGE_TSX),
        "typescript" => guarded!(tree_sitter_typescript::LANGUAGE_TYPESCRIPT),
        "yaml" => guarded!(tree_sitter_yaml::LANGUAGE),
        #[cfg(feature = "all")]
        "dockerfile" => guarded!(tree_sitter_containerfile::LANGUAGE),
        #[cfg(feature = "all")]
        "elixir" => guarded!(tree_sitter_elixir::LANGUAGE),
        #[cfg(feature = "all")]
        "haskell" => guarded!(tree_sitter_haskell::LANGUAGE),
        #[cfg(feature = "all")]
        "kotlin" => guarded!(tree_sitter_kotlin_ng::LANGUAGE),
        #[cfg(feature = "all")]
        "scala" => guarded!(tree_sitter_scala::LANGUAGE),
        #[cfg(feature = "all")]
        "sql" => guarded!(
            tree_sitter_sequel::LANGUAGE,
            const FREES_BY_WRITING: bool = true;
        ),
        #[cfg(feature = "all")]
        "swift" => guarded!(tree_sitter_swift::LANGUAGE),
        #[cfg(feature = "all")]
        "zig" => guarded!(tree_sitter_zig::LANGUAGE),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
