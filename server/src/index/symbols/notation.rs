//! How outlines are written in each language, so that they read like code of it: what stands for a body, for what was left out, and
//! how documentation looks.

use grammars::Language;

/// Of one language.
pub struct Notation {
    /// After the signature of a function, in place of its body.
    pub elided_body: &'static str,
    /// A line in place of members that were left out.
    pub elided_members: &'static str,
    pub indent: &'static str,
    pub blocks: Blocks,
    pub docs: Docs,
}

/// What encloses the members of a type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    Braces,
    Indentation,
}

/// How a sentence of documentation is written, and which comments are taken for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Docs {
    /// A string in the body.
    Docstring,
    /// Comments that begin like this only.
    Marked(&'static str),
    /// Any comment directly above, written as a line comment.
    Plain,
    /// `/** ... */` only.
    Block,
}

const BRACES: Notation = Notation {
    elided_body: ";",
    elided_members: "// ...",
    indent: "    ",
    blocks: Blocks::Braces,
    docs: Docs::Plain,
};

/// Notation of a language whose symbols can be told.
pub fn of(language: &Language) -> Notation {
    match language.id() {
        "python" => Notation {
            elided_body: " ...",
            elided_members: "...",
            blocks: Blocks::Indentation,
            docs: Docs::Docstring,
            ..BRACES
        },
        "rust" => Notation {
            docs: Docs::Marked("///"),
            ..BRACES
        },
        "go" => Notation {
            elided_body: "",
            indent: "\t",
            ..BRACES
        },
        "csharp" => Notation {
            docs: Docs::Marked("///"),
            ..BRACES
        },
        "java" => Notation {
            docs: Docs::Block,
            ..BRACES
        },
        "kotlin" | "scala" | "groovy" => Notation {
            elided_body: "",
            docs: Docs::Block,
            ..BRACES
        },
        "swift" => Notation {
            elided_body: "",
            docs: Docs::Marked("///"),
            ..BRACES
        },
        "php" => Notation {
            docs: Docs::Block,
            ..BRACES
        },
        "dart" => Notation {
            indent: "  ",
            docs: Docs::Marked("///"),
            ..BRACES
        },
        "ruby" | "lua" => Notation {
            elided_body: "",
            indent: "  ",
            blocks: Blocks::Indentation,
            ..BRACES
        },
        "javascript" => Notation {
            elided_body: " { ... }",
            indent: "  ",
            ..BRACES
        },
        "typescript" | "typescriptreact" => Notation {
            indent: "  ",
            ..BRACES
        },
        _ => BRACES,
    }
}
