//! The queries of the `grammars` crate, compiled once per language, and what their captures mean here.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use grammars::Language;
use tree_sitter::Query;

use super::DefinitionKind;

/// A compiled query. Patterns and captures are described at [`Language::symbols_query`].
pub struct SymbolQuery {
    pub query: Query,
    /// The role of each capture, by its index.
    pub roles: Vec<Role>,
}

/// What a capture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Item(ItemKind),
    Name,
    Body,
    Value,
    Container,
    Doc,
    Attribute,
    Comment,
    Import,
    Package,
    /// Only for the predicates of the query.
    Internal,
}

/// What takes part in the nesting of a file, see [`super::items`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    Group,
    Wrapper,
    Impl,
    Definition(DefinitionKind),
    Field,
    Variant,
    Access,
    Local,
}

/// The query of `language`. `None` where there is none, or where this build has no grammar for it.
pub fn of(language: &'static Language) -> Option<&'static SymbolQuery> {
    static QUERIES: LazyLock<HashMap<&'static str, OnceLock<Option<SymbolQuery>>>> =
        LazyLock::new(|| {
            let ids = Language::all().iter().map(Language::id);
            ids.map(|id| (id, OnceLock::new())).collect()
        });
    let compiled = QUERIES.get(language.id())?;
    compiled.get_or_init(|| compile(language)).as_ref()
}

/// A test of the `grammars` crate compiles every query: what fails there is never released.
fn compile(language: &Language) -> Option<SymbolQuery> {
    let query = Query::new(&language.parser()?, language.symbols_query()?).ok()?;
    let roles = query
        .capture_names()
        .iter()
        .map(|name| role(name))
        .collect();
    Some(SymbolQuery { query, roles })
}

fn role(capture: &str) -> Role {
    match capture {
        "definition.function" => Role::Item(ItemKind::Definition(DefinitionKind::Function)),
        "definition.type" => Role::Item(ItemKind::Definition(DefinitionKind::Type)),
        "definition.constant" => Role::Item(ItemKind::Definition(DefinitionKind::Constant)),
        "definition.module" => Role::Item(ItemKind::Definition(DefinitionKind::Module)),
        "group" => Role::Item(ItemKind::Group),
        "wrapper" => Role::Item(ItemKind::Wrapper),
        "impl" => Role::Item(ItemKind::Impl),
        "field" => Role::Item(ItemKind::Field),
        "variant" => Role::Item(ItemKind::Variant),
        "access" => Role::Item(ItemKind::Access),
        "local" => Role::Item(ItemKind::Local),
        "name" => Role::Name,
        "body" => Role::Body,
        "value" => Role::Value,
        "container" => Role::Container,
        "doc" => Role::Doc,
        "attribute" => Role::Attribute,
        "comment" => Role::Comment,
        "import" => Role::Import,
        "package" => Role::Package,
        _ => Role::Internal,
    }
}
