//! What stands before a dot: of which type a variable, a field or a call is, and what its module has.

use grammars::Language;
use ropey::Rope;

use super::near::{Candidate, Near};
use super::scope::{self, Scope};
use super::types::{self, Said};
use super::words::{self, Token};
use super::{MAX_ALIKE, MAX_PIECES, Search, is_self};
use crate::index::resolve::{Resolved, Resolver, Via};
use crate::index::symbols::DefinitionKind;

/// What tells of which type a variable is.
pub(super) struct Variables<'t> {
    /// The code from the head of the enclosing type or function to the cursor.
    pub declarations: Vec<Token<'t>>,
    /// The type that `self` has.
    pub class: Option<String>,
}

impl<'a> Search<'a> {
    /// What is in front of the dot before the cursor: a variable, `self`, or a module.
    pub(super) fn receiver(
        &mut self,
        above: &[Token<'_>],
        variables: &Variables<'_>,
        near: &Near<'_>,
    ) {
        let typed = usize::from(above.last().is_some_and(Token::is_word));
        let Some(dot) = above
            .len()
            .checked_sub(1 + typed)
            .filter(|&dot| above[dot].joins())
        else {
            return;
        };
        let mut start = dot;
        while start >= 1 && above[start - 1].is_word() {
            start -= 1;
            match start.checked_sub(1) {
                Some(before) if above[before].joins() => start = before,
                _ => break,
            }
        }
        let (names, _) = words::chain(&above[..dot], start);
        let Some((&first, fields)) = names.split_first() else {
            return;
        };
        let receiver = names.join(".");
        if is_self(first) && fields.is_empty() {
            self.own_members(variables);
        }
        for (order, of_type) in self.type_of(&names, variables).into_iter().enumerate() {
            // `Result<Room, RoomError>`: what is meant comes first.
            self.add(
                of_type,
                1.0 - 0.2 * order as f32,
                format!("`{receiver}` before the cursor is of this type"),
            );
        }
        let prefix = if typed == 1 {
            above[above.len() - 1].text
        } else {
            ""
        };
        let mut members: Vec<Candidate<'a>> = Vec::new();
        for entry in self.resolver.module(&receiver) {
            let wanted = entry
                .symbols
                .top_level()
                .filter(|each| each.name.starts_with(prefix) && !each.name.starts_with('_'));
            members.extend(wanted.map(|definition| Candidate {
                path: &entry.path,
                definition,
                scope: None,
            }));
        }
        let base = if members.len() <= MAX_ALIKE {
            0.96
        } else {
            0.8
        };
        for (
            likeness,
            Candidate {
                path, definition, ..
            },
        ) in near.most_alike(members, |_| false, MAX_ALIKE)
        {
            let resolved = Resolved {
                path,
                definition,
                via: Via::Import,
                certainty: 0.95,
            };
            self.add(
                resolved,
                (base + 0.2 * likeness).min(1.0),
                format!("`{receiver}` before the cursor is its module"),
            );
        }
    }

    /// The members of the enclosing type that the prompt does not show, those before the window and those after it.
    fn own_members(&mut self, variables: &Variables<'_>) {
        let Some(class) = &variables.class else {
            return;
        };
        for of_type in self.type_of(&["self"], variables) {
            self.add(
                of_type,
                1.0,
                "`self` before the cursor is of this type".to_owned(),
            );
        }
        let shown = self.shown.clone();
        let members: Vec<_> = self.resolver.members(self.path, class).collect();
        let outside = members
            .into_iter()
            .filter(|each| !shown.contains(each.lines.start()));
        for definition in outside.take(4 * MAX_PIECES) {
            let resolved = Resolved {
                path: self.path,
                definition,
                via: Via::SameFile,
                certainty: 1.0,
            };
            self.add(
                resolved,
                0.8,
                format!("`{}` is a member of the enclosing type", definition.name),
            );
        }
    }

    /// The types that a variable or a field of one (`["self", "shelf"]`) may have.
    pub(super) fn type_of(&self, names: &[&str], variables: &Variables<'_>) -> Vec<Resolved<'a>> {
        let Some((&first, fields)) = names.split_first() else {
            return Vec::new();
        };
        let language = Some(self.file.language);
        let mut types = if is_self(first) {
            let class = variables.class.as_deref();
            class
                .map(|class| self.types(&self.resolver, &Said::Type(class.to_owned())))
                .unwrap_or_default()
        } else {
            let said = types::said_of(&variables.declarations, first, false, language);
            said.iter()
                .flat_map(|said| self.types(&self.resolver, said))
                .collect()
        };
        for (depth, field) in fields.iter().enumerate() {
            let mut of_field: Vec<Resolved<'a>> = Vec::new();
            if depth == 0 && is_self(first) {
                let said = types::said_of(&variables.declarations, field, true, language);
                of_field.extend(
                    said.iter()
                        .flat_map(|said| self.types(&self.resolver, said)),
                );
            }
            let is_known = !of_field.is_empty();
            for owner in types.iter().filter(|_| !is_known).take(2) {
                let Some(resolver) = self.resolver_of(owner.path) else {
                    continue;
                };
                let tokens = words::tokens(&owner.definition.outline, language);
                let mut said = types::said_of(&tokens, field, true, language);
                if said.is_empty() {
                    let returned = types::returned(&tokens, field, self.file.language);
                    said.extend(returned.into_iter().map(Said::Type));
                }
                of_field.extend(said.iter().flat_map(|said| self.types(&resolver, said)));
            }
            types = of_field;
        }
        types.truncate(3);
        types
    }

    /// The definitions of the types that something was said to have.
    fn types(&self, resolver: &Resolver<'a>, said: &Said) -> Vec<Resolved<'a>> {
        match said {
            Said::Type(name) => {
                let mut types = resolver.resolve(name);
                types.retain(|each| each.definition.kind == DefinitionKind::Type);
                types
            }
            Said::Made(name) => resolver
                .resolve(name)
                .into_iter()
                .flat_map(|made| self.given_back(made))
                .collect(),
        }
    }

    /// What a call of it gives: a type itself, what a function returns, the type of a constructor.
    fn given_back(&self, made: Resolved<'a>) -> Vec<Resolved<'a>> {
        if made.definition.kind == DefinitionKind::Type {
            return vec![made];
        }
        let Some(resolver) = self.resolver_of(made.path) else {
            return Vec::new();
        };
        let tokens = words::tokens(&made.definition.outline, Some(self.file.language));
        let names = types::returned(&tokens, &made.definition.name, self.file.language);
        let is_own = |name: &String| name == "Self";
        if let Some(container) = &made.definition.container
            && (names.is_empty() || names.iter().any(is_own))
        {
            return self.types(&resolver, &Said::Type(container.clone()));
        }
        names
            .into_iter()
            .flat_map(|name| self.types(&resolver, &Said::Type(name)))
            .collect()
    }
}

/// The type that the enclosing function is a member of, where it stands outside of it: the receiver in Go, `Shelf::add` in C++.
pub(super) fn method_of(rope: &Rope, scope: &Scope, language: &Language) -> Option<String> {
    let head = scope::text(rope, scope.functions.last()?);
    let tokens = words::tokens(&head, Some(language));
    let open = tokens.iter().position(|token| token.is("("))?;
    if language.id() == "go" {
        let receiver = tokens
            .get(open.checked_sub(1)?)
            .is_some_and(|token| token.text == "func");
        let close = tokens.iter().position(|token| token.is(")"))?;
        let of_type = tokens[open..close]
            .iter()
            .rev()
            .find(|token| token.is_word() && receiver)?;
        return Some(of_type.text.to_owned());
    }
    let is_qualified = open >= 3
        && tokens[open - 1].is_word()
        && tokens[open - 2].joins()
        && tokens[open - 3].is_word();
    is_qualified.then(|| tokens[open - 3].text.to_owned())
}
