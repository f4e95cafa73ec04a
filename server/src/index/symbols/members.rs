//! Outlines of types: which members are shown, and how.

use super::DefinitionKind;
use super::items::Item;
use super::notation::Blocks;
use super::outline::Outlines;
use super::query::ItemKind;
use super::text::MAX_OUTLINE_LINES;

/// Variants of an enum share lines up to this length.
const MAX_JOINED_BYTES: usize = 100;
/// What constructors assign beyond this is more than anybody knows by heart.
const MAX_ASSIGNED_FIELDS: usize = 12;

/// A block of an outline: the type itself, an `impl` of it, or the methods that stand outside of it.
struct Section {
    open: String,
    close: String,
    indent: &'static str,
    members: Vec<Member>,
}

struct Member {
    text: String,
    importance: Importance,
    /// May share a line with its neighbours.
    joins: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Importance {
    /// Fields, variants and constructors: what the type is.
    Part,
    Public,
    Private,
}

impl Outlines<'_, '_> {
    /// A type with a block, in at most `room` bytes.
    pub(super) fn type_outline(
        &self,
        index: usize,
        docstring: Option<String>,
        room: usize,
    ) -> String {
        let mut sections = self.sections(index, docstring);
        let blocks: usize = sections
            .iter()
            .map(|section| section.open.len() + section.close.len() + 2)
            .sum();
        let is_cut = keep_what_fits(&mut sections, room.saturating_sub(blocks));
        let last = sections
            .iter()
            .rposition(|section| !section.members.is_empty());
        let mut out: Vec<String> = Vec::new();
        for (at, section) in sections.iter().enumerate() {
            if at > 0 && section.members.is_empty() && !section.close.is_empty() {
                continue;
            }
            let mark = is_cut && at == last.unwrap_or(0);
            out.push(self.rendered(section, mark));
        }
        self.with_implemented_traits(index, out, room)
    }

    fn sections(&self, index: usize, docstring: Option<String>) -> Vec<Section> {
        let item = &self.items.all[index];
        let is_indented = self.notation.blocks == Blocks::Indentation;
        let indent = self.notation.indent;
        let mut open = self.signature(item);
        if item
            .body
            .is_some_and(|body| body.kind() == "interface_type")
        {
            open.push_str(" interface");
        }
        if !is_indented {
            open.push_str(" {");
        }
        if item.node.kind() == "class_specifier" {
            open.push_str("\npublic:");
        }
        if let Some(docstring) = docstring {
            open.push_str(&format!("\n{indent}\"\"\"{docstring}\"\"\""));
        }
        let members = self.members(index);
        let mut sections = vec![Section {
            open,
            close: self.type_end(item),
            indent,
            members,
        }];
        let outside = self.outside.get(&index).map_or(&[][..], Vec::as_slice);
        for &other in outside {
            let block = &self.items.all[other];
            if block.kind != ItemKind::Impl {
                let members = self.member(block).into_iter();
                match sections.iter_mut().find(|section| section.open.is_empty()) {
                    Some(section) => section.members.extend(members),
                    None => {
                        sections.push(Section {
                            open: String::new(),
                            close: String::new(),
                            indent: "",
                            members: members.collect(),
                        });
                    }
                }
            } else if block.node.child_by_field_name("trait").is_none() {
                let open = self.signature(block) + " {";
                let members = self.members(other);
                match sections.iter_mut().find(|section| section.open == open) {
                    Some(section) => section.members.extend(members),
                    None => sections.push(Section {
                        open,
                        close: "}".into(),
                        indent,
                        members,
                    }),
                }
            }
        }
        sections
    }

    /// One line for each trait that the type implements, as far as there is room.
    fn with_implemented_traits(&self, index: usize, sections: Vec<String>, room: usize) -> String {
        let mut out = sections.join("\n");
        for &other in self.outside.get(&index).map_or(&[][..], Vec::as_slice) {
            let block = &self.items.all[other];
            if block.kind == ItemKind::Impl && block.node.child_by_field_name("trait").is_some() {
                let line = self.signature(block) + " { ... }";
                let lines = out.matches('\n').count() + 2;
                if !line.contains('\n')
                    && out.len() + line.len() < room
                    && lines <= MAX_OUTLINE_LINES
                {
                    out.push('\n');
                    out.push_str(&line);
                }
            }
        }
        out
    }

    fn members(&self, owner: usize) -> Vec<Member> {
        let children = self.children.get(&owner).map_or(&[][..], Vec::as_slice);
        let children = children
            .iter()
            .map(|&child| (child, &self.items.all[child]));
        let mut members: Vec<Member> = children
            .filter_map(|(index, child)| {
                let mut member = self.member(child)?;
                if child.is(DefinitionKind::Function) {
                    self.add_assigned_fields(&mut member, owner, index);
                }
                Some(member)
            })
            .collect();
        if self.language.id() == "java"
            && let Some(last) = members.iter_mut().rfind(|member| member.joins)
        {
            last.text.pop();
            last.text.push(';');
        }
        members
    }

    fn member(&self, item: &Item) -> Option<Member> {
        let mut text = String::new();
        // Nothing in the outline would say so.
        if item.is_private {
            return None;
        }
        let mut importance = if self.is_private(item) {
            Importance::Private
        } else {
            Importance::Public
        };
        match item.kind {
            ItemKind::Definition(DefinitionKind::Function) => {
                if self.is_setter(item) {
                    return None;
                }
                for attribute in self.above(item).attributes {
                    let attribute = self.of(attribute);
                    if self.keeps_attribute(attribute, true) {
                        text.push_str(attribute);
                        text.push('\n');
                    }
                }
                text.push_str(&self.function_outline(item, None));
                let owner = item.owner.map(|owner| self.name(&self.items.all[owner]));
                let name = self.name(item);
                if matches!(name, "__init__" | "constructor" | "new") || owner == Some(name) {
                    importance = Importance::Part;
                }
            }
            ItemKind::Definition(DefinitionKind::Type) => {
                let whole = self.on_one_line(item);
                if let Some(whole) = whole.filter(|_| self.notation.blocks == Blocks::Braces) {
                    return Some(Member {
                        text: whole,
                        importance,
                        joins: false,
                    });
                }
                let header = self.signature(item);
                text = match (item.body.is_some(), self.notation.blocks) {
                    (true, Blocks::Braces) => {
                        header + " { ... }" + self.type_end(item).trim_start_matches('}')
                    }
                    (true, Blocks::Indentation) => header + " ...",
                    (false, _) => header,
                };
            }
            ItemKind::Definition(DefinitionKind::Constant) | ItemKind::Field => {
                text = self.with_short_value(item);
                if importance == Importance::Public {
                    importance = Importance::Part;
                }
            }
            ItemKind::Variant => {
                // Java's may have methods of their own.
                let body = item
                    .node
                    .child_by_field_name("body")
                    .filter(|body| body.kind() == "class_body");
                text = match body {
                    Some(body) => self
                        .of(item.node.start_byte()..body.start_byte())
                        .trim_end()
                        .to_owned(),
                    None => self.signature(item).trim_end_matches([',', ';']).to_owned(),
                };
                text.push(',');
                importance = Importance::Part;
            }
            _ => return None,
        }
        let joins = item.kind == ItemKind::Variant && !text.contains('\n');
        (!text.is_empty()).then_some(Member {
            text,
            importance,
            joins,
        })
    }

    /// In Python and JavaScript the constructor says which fields there are.
    fn add_assigned_fields(&self, member: &mut Member, owner: usize, constructor: usize) {
        let has_declared_fields = self.language.id().starts_with("typescript");
        let assigned = self
            .children
            .get(&constructor)
            .filter(|_| !has_declared_fields);
        let Some(assigned) = assigned else { return };
        let declared = self
            .children
            .get(&owner)
            .map_or(&[][..], Vec::as_slice)
            .iter();
        let mut seen: Vec<&str> = declared
            .map(|&index| self.name(&self.items.all[index]))
            .collect();
        let mut lines = Vec::new();
        for &index in assigned {
            let field = &self.items.all[index];
            let name = self.name(field);
            if name.starts_with('_') || seen.contains(&name) || lines.len() == MAX_ASSIGNED_FIELDS {
                continue;
            }
            seen.push(name);
            lines.push(format!(
                "\n{}{}",
                self.notation.indent,
                self.with_short_value(field)
            ));
        }
        if lines.is_empty() {
            return;
        }
        let is_indented = self.notation.blocks == Blocks::Indentation;
        let signature = member.text.trim_end_matches(self.notation.elided_body);
        let close = if is_indented { "" } else { "\n}" };
        let open = if is_indented { "" } else { " {" };
        member.text = format!("{signature}{open}{}{close}", lines.concat());
    }

    /// What closes the block of a type: `}`, `} name_t;`.
    fn type_end(&self, item: &Item) -> String {
        if self.notation.blocks == Blocks::Indentation {
            return String::new();
        }
        let end = item
            .body
            .map_or(item.node.end_byte(), |body| body.end_byte());
        let tail = self.of(end..item.node.end_byte()).trim_end();
        let needs_semicolon = matches!(self.language.id(), "c" | "cpp") && !tail.ends_with(';');
        format!(
            "}}{}{}",
            tail.lines().next().unwrap_or_default(),
            if needs_semicolon { ";" } else { "" }
        )
    }

    fn is_private(&self, item: &Item) -> bool {
        let name = self.name(item);
        let end = item
            .name
            .map_or(item.node.end_byte(), |name| name.start_byte());
        let head = self.of(item.outer.start..end);
        let says = |word: &str| {
            head.split(|c: char| !c.is_alphanumeric())
                .any(|part| part == word)
        };
        let owner = item.owner.map(|owner| &self.items.all[owner].node);
        match self.language.id() {
            "python" => name.starts_with('_') && !name.ends_with("__"),
            "javascript" | "typescript" | "typescriptreact" => {
                says("private") || head.ends_with('#') || name.starts_with('#')
            }
            "rust" => {
                let always_public =
                    owner.is_some_and(|owner| matches!(owner.kind(), "trait_item" | "enum_item"));
                !always_public && !says("pub") && item.is(DefinitionKind::Function)
            }
            "go" => item.is(DefinitionKind::Function) && !name.starts_with(char::is_uppercase),
            "csharp" => {
                let in_interface =
                    owner.is_some_and(|owner| owner.kind() == "interface_declaration");
                !in_interface
                    && item.kind != ItemKind::Variant
                    && !(says("public") || says("protected") || says("internal"))
            }
            _ => says("private"),
        }
    }

    fn rendered(&self, section: &Section, is_cut: bool) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut can_join = false;
        for member in &section.members {
            match lines.last_mut() {
                Some(line)
                    if can_join
                        && member.joins
                        && line.len() + member.text.len() < MAX_JOINED_BYTES =>
                {
                    line.push(' ');
                    line.push_str(&member.text);
                }
                _ => lines.push(member.text.clone()),
            }
            can_join = member.joins;
        }
        if is_cut {
            lines.push(self.notation.elided_members.to_owned());
        }
        let is_indented = self.notation.blocks == Blocks::Indentation;
        if lines.is_empty() {
            let has_docstring = section.open.contains('\n');
            let body = if is_indented && !has_docstring {
                " ..."
            } else {
                ""
            };
            return format!("{}{body}{}", section.open, section.close);
        }
        let mut out = section.open.clone();
        for line in lines.iter().flat_map(|text| text.lines()) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(if line.is_empty() { "" } else { section.indent });
            out.push_str(line);
        }
        if !section.close.is_empty() {
            out.push('\n');
            out.push_str(&section.close);
        }
        out
    }
}

/// Leaves out private members, then the last ones, until the rest fits into `room`. Says whether public ones are missing.
fn keep_what_fits(sections: &mut [Section], room: usize) -> bool {
    let fits = |sections: &[Section]| {
        let members = || sections.iter().flat_map(|section| &section.members);
        let bytes: usize = members().map(|member| member.text.len() + 5).sum();
        bytes <= room
            && members().map(lines).sum::<f32>() as usize + 2 * sections.len() <= MAX_OUTLINE_LINES
    };
    if fits(sections) {
        return false;
    }
    for section in &mut *sections {
        section
            .members
            .retain(|member| member.importance != Importance::Private);
    }
    if fits(sections) {
        return false;
    }
    // What the type is gets two thirds, so that something is left for what it does.
    let limits = [
        (Importance::Part, room * 2 / 3, MAX_OUTLINE_LINES * 2 / 3),
        (Importance::Public, room, MAX_OUTLINE_LINES - 2),
    ];
    let (mut bytes, mut height) = (0, 2.0 * sections.len() as f32);
    let mut kept: Vec<Vec<bool>> = sections
        .iter()
        .map(|section| vec![false; section.members.len()])
        .collect();
    for (importance, most_bytes, most_lines) in limits {
        let mut is_full = false;
        for (section, kept) in sections.iter().zip(&mut kept) {
            for (member, kept) in section.members.iter().zip(kept) {
                let fits = bytes + member.text.len() + 5 <= most_bytes
                    && height + lines(member) <= most_lines as f32;
                is_full |= member.importance == importance && !fits;
                if member.importance == importance && !is_full {
                    bytes += member.text.len() + 5;
                    height += lines(member);
                    *kept = true;
                }
            }
        }
    }
    for (section, kept) in sections.iter_mut().zip(kept) {
        let mut kept = kept.into_iter();
        section.members.retain(|_| kept.next().unwrap_or(false));
    }
    true
}

/// Lines that a member takes; several variants share one.
fn lines(member: &Member) -> f32 {
    match member.joins {
        true => (member.text.len() + 1) as f32 / MAX_JOINED_BYTES as f32,
        false => 1.0 + member.text.matches('\n').count() as f32,
    }
}
