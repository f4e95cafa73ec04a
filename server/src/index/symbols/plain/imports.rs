//! Packages and imports, as their statements are written in the languages that are read by lines.

use super::head::Head;
use super::statements::{Code, Statement};
use crate::index::symbols::{FileSymbols, Import, Imported};
use crate::words::is_identifier_char;

/// Takes the package or the imports of a statement; whether it has any.
pub fn read(code: &Code, statement: &Statement, head: &Head, symbols: &mut FileSymbols) -> bool {
    let text = code.of(statement.start..statement.head_end);
    // Behind the attributes: `@testable import`, `@file:JvmName(...)`.
    let from = text.find(head.word).map_or("", |at| &text[at..]);
    let (word, rest) = from.split_at(head.word.len());
    if !rest.starts_with([' ', '\t', '(', '\'', '"']) {
        return false;
    }
    let rest = rest.trim().trim_end_matches(';').trim_end();
    let mut reader = Reader { symbols };
    match (code.language.id(), word) {
        ("kotlin" | "scala" | "groovy", "package") | ("php", "namespace") => {
            let package = rest.trim_end_matches('{').trim();
            reader.symbols.package = Some(package.to_owned()).filter(|name| !name.is_empty());
        }
        ("kotlin" | "scala" | "groovy", "import") => {
            // Scala's groups look like bodies.
            let group = code.of(statement.head_end..statement.end);
            reader.names(
                &format!("{}{group}", rest.trim_start_matches("static ")),
                ".",
            );
        }
        ("swift", "import") => match rest.rsplit_once(' ') {
            // `import struct Events.Loan`
            Some((_, name)) => reader.names(name, "."),
            None => reader.add(rest, Imported::All),
        },
        ("php", "use") => {
            let rest = rest
                .trim_start_matches("function ")
                .trim_start_matches("const ");
            let whole = code.of(statement.start..statement.end);
            match whole
                .split_once(['{', '}'])
                .filter(|_| statement.body.is_some())
            {
                Some((_, group)) => {
                    for name in group.trim_end_matches('}').split(',') {
                        reader.names(&format!("{rest}{}", name.trim()), "\\");
                    }
                }
                None => rest.split(',').for_each(|name| reader.names(name, "\\")),
            }
        }
        ("ruby", "require" | "require_relative" | "load")
        | ("dart", "import" | "export" | "part") => {
            let Some(module) = quoted(rest) else {
                return false;
            };
            reader.add(module, Imported::All);
        }
        ("lua", name) => {
            let Some(at) = from.find("require").filter(|_| statement.value.is_some()) else {
                return false;
            };
            let Some(module) = quoted(&from[at..]) else {
                return false;
            };
            reader.add(module, Imported::Module(name.to_owned()));
        }
        _ => return false,
    }
    true
}

struct Reader<'s> {
    symbols: &'s mut FileSymbols,
}

impl Reader<'_> {
    fn add(&mut self, module: &str, names: Imported) {
        let module = module.trim();
        if !module.is_empty() {
            self.symbols.imports.push(Import {
                module: module.to_owned(),
                names,
                is_reexport: false,
            });
        }
    }

    /// `a.b.C`, `a.b.C as D`, `a.b.*`, `a.b.{C, D => E}`.
    fn names(&mut self, written: &str, separator: &str) {
        let written = written.trim().trim_start_matches('\\');
        let before_group = written.find('{').unwrap_or(written.len());
        let path_end = written[..before_group]
            .find(char::is_whitespace)
            .unwrap_or(before_group);
        let Some(last) = written[..path_end].rfind(separator) else {
            let (theirs, ours) = renamed(written);
            return self.add("", Imported::Names(vec![(theirs, ours)]));
        };
        let (module, names) = (&written[..last], &written[last + separator.len()..]);
        let names = names.trim().trim_start_matches('{').trim_end_matches('}');
        if matches!(names.trim(), "*" | "_") {
            return self.add(module, Imported::All);
        }
        let names = names.split(',').map(renamed);
        let names: Vec<_> = names.filter(|(theirs, _)| !theirs.is_empty()).collect();
        if !names.is_empty() {
            self.add(module, Imported::Names(names));
        }
    }
}

/// A name and what it is called here.
fn renamed(written: &str) -> (String, String) {
    let mut words = written
        .split(|c| !is_identifier_char(c) && c != '`')
        .filter(|word| !word.is_empty() && *word != "as")
        .map(|word| word.trim_matches('`').to_owned());
    let theirs = words.next().unwrap_or_default();
    let ours = words.next().unwrap_or_else(|| theirs.clone());
    (theirs, ours)
}

fn quoted(text: &str) -> Option<&str> {
    let start = text.find(['"', '\''])?;
    let rest = &text[start + 1..];
    Some(&rest[..rest.find(['"', '\''])?])
}
