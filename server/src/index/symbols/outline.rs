//! Outlines: definitions as a model is shown them. Signatures are the text of the file; only bodies, long values and what does not fit
//! are replaced.

use std::collections::HashMap;
use std::ops::Range;

use grammars::Language;

use super::DefinitionKind;
use super::comments::first_sentence;
use super::items::{Item, Items, slice};
use super::notation::{self, Blocks, Docs, Notation};
use super::query::ItemKind;
use super::text::{
    MAX_LINE_BYTES, MAX_OUTLINE_BYTES, base_name, clip, dedented, joined, shortened, unqualified,
};

/// A group of constants up to this length is shown for each of them.
const MAX_ENUMERATION_BYTES: usize = 400;
/// Comments and attributes looked at above one definition.
const MAX_ABOVE: usize = 100;

/// Renders the items of one file.
pub struct Outlines<'a, 'tree> {
    pub(super) text: &'a str,
    pub(super) language: &'a Language,
    pub(super) notation: Notation,
    pub(super) items: &'a Items<'tree>,
    /// What each type, block and constructor directly contains, by its index.
    pub(super) children: HashMap<usize, Vec<usize>>,
    /// `impl` blocks and methods that stand outside of their type, by the type's index.
    pub(super) outside: HashMap<usize, Vec<usize>>,
}

/// What stands directly above a definition.
pub(super) struct Surroundings {
    sentence: Option<String>,
    pub(super) attributes: Vec<Range<usize>>,
    /// With its attributes.
    start: usize,
}

impl<'a, 'tree> Outlines<'a, 'tree> {
    pub fn new(text: &'a str, language: &'a Language, items: &'a Items<'tree>) -> Self {
        let mut outlines = Self {
            text,
            language,
            notation: notation::of(language),
            items,
            children: HashMap::new(),
            outside: HashMap::new(),
        };
        let visible = || {
            items
                .all
                .iter()
                .enumerate()
                .filter(|(_, item)| !item.is_local)
        };
        let types = visible().filter(|(_, item)| item.is(DefinitionKind::Type));
        let types: HashMap<&str, usize> = types
            .map(|(index, item)| (outlines.name(item), index))
            .collect();
        for (index, item) in visible() {
            if let Some(owner) = item.owner {
                outlines.children.entry(owner).or_default().push(index);
            }
            let container = item
                .container
                .map(|node| base_name(outlines.of(node.byte_range())));
            if let Some(&ty) = container.and_then(|name| types.get(name)) {
                outlines.outside.entry(ty).or_default().push(index);
            }
        }
        outlines
    }

    pub(super) fn of(&self, range: Range<usize>) -> &'a str {
        slice(self.text, range)
    }

    /// The name of a definition, without what it is qualified by; empty if it has none.
    pub fn name(&self, item: &Item) -> &'a str {
        let name = item.name.map_or("", |name| self.of(name.byte_range()));
        unqualified(name).1
    }

    /// The type that the item is a member of.
    pub fn container(&self, item: &Item) -> Option<&'a str> {
        if let Some(container) = item.container {
            return Some(base_name(self.of(container.byte_range())));
        }
        let (scope, _) = unqualified(item.name.map_or("", |name| self.of(name.byte_range())));
        if !scope.is_empty() {
            return Some(base_name(scope));
        }
        let owner = &self.items.all[item.owner?];
        match owner.kind {
            ItemKind::Definition(DefinitionKind::Type) => Some(self.name(owner)),
            ItemKind::Impl => self.container_of_impl(owner),
            _ => None,
        }
    }

    fn container_of_impl(&self, block: &Item) -> Option<&'a str> {
        Some(base_name(self.of(block.container?.byte_range())))
    }

    /// Another half of a property that was there before.
    pub fn is_setter(&self, item: &Item) -> bool {
        let attributes = self.above(item).attributes;
        attributes
            .into_iter()
            .map(|range| self.of(range))
            .any(|text| text.ends_with(".setter") || text.ends_with(".deleter"))
    }

    /// Where the item begins with its attributes, and its whole outline.
    pub fn outline(&self, index: usize) -> (usize, String) {
        let item = &self.items.all[index];
        let above = self.above(item);
        let mut head = String::new();
        for attribute in &above.attributes {
            let text = self.of(attribute.clone());
            if self.keeps_attribute(text, false) {
                head.push_str(text);
                head.push('\n');
            }
        }
        let sentence = self.sentence(item, &above);
        if let Some(sentence) = &sentence {
            let comment = match self.notation.docs {
                Docs::Docstring => String::new(),
                Docs::Marked(mark) => format!("{mark} {sentence}\n"),
                Docs::Block => format!("/** {sentence} */\n"),
                Docs::Plain if self.language.id() == "c" => format!("/* {sentence} */\n"),
                Docs::Plain if self.language.line_comment.is_some() => format!("// {sentence}\n"),
                Docs::Plain => String::new(),
            };
            head.insert_str(0, &comment);
        }
        let docstring = sentence.filter(|_| self.notation.docs == Docs::Docstring);
        let body = match item.kind {
            ItemKind::Definition(DefinitionKind::Type) if item.body.is_some() => {
                // Its members are chosen for the room; what stands above them may still be too long where the code is broken.
                let room = MAX_OUTLINE_BYTES.saturating_sub(head.len());
                self.type_outline(index, docstring, room)
            }
            ItemKind::Definition(DefinitionKind::Function) => {
                self.function_outline(item, docstring)
            }
            ItemKind::Definition(DefinitionKind::Module) => self.module_outline(item),
            _ if item.node.kind() == "const_spec" && item.value.is_none() => self.enumeration(item),
            _ => self.with_short_value(item),
        };
        (
            above.start,
            clip(&(head + &body), self.notation.elided_members),
        )
    }

    /// Comments and attributes that stand directly above, and the attributes that the item begins with.
    pub(super) fn above(&self, item: &Item) -> Surroundings {
        let all = &self.items.above;
        let mut start = item.outer.start;
        let (mut attributes, mut comments) = (Vec::new(), Vec::new());
        // Decorators and annotations that are part of the item.
        let inner_start = self.signature_start(item);
        for above in &all[all.partition_point(|above| above.range.end <= start)..] {
            if above.range.end > inner_start {
                break;
            }
            if !above.is_comment {
                attributes.push(above.range.clone());
            }
        }
        let mut before = all.partition_point(|above| above.range.end <= start);
        while before > 0 && comments.len() + attributes.len() < MAX_ABOVE {
            let above = &all[before - 1];
            let between = self.of(above.range.end..start);
            if !between.trim().is_empty()
                || between.matches('\n').count() > 1
                || !self.begins_line(above.range.start)
            {
                break;
            }
            if above.is_comment {
                comments.push(above.range.clone());
            } else {
                attributes.insert(0, above.range.clone());
            }
            start = above.range.start;
            before -= 1;
        }
        comments.reverse();
        let first_attribute = attributes.first().map_or(usize::MAX, |range| range.start);
        let sentence = self.sentence_of(&comments);
        Surroundings {
            sentence,
            start: item.outer.start.min(first_attribute),
            attributes,
        }
    }

    fn sentence_of(&self, comments: &[Range<usize>]) -> Option<String> {
        let texts = comments.iter().map(|range| self.of(range.clone()));
        let is_documentation = |text: &&str| match self.notation.docs {
            Docs::Docstring => false,
            Docs::Marked(mark) => text.starts_with(mark) || text.starts_with("/**"),
            Docs::Block => text.starts_with("/**"),
            Docs::Plain => true,
        };
        let lines: Vec<&str> = texts.filter(is_documentation).collect();
        first_sentence(&lines.join("\n"))
    }

    fn sentence(&self, item: &Item, above: &Surroundings) -> Option<String> {
        if self.notation.docs != Docs::Docstring {
            return above.sentence.clone();
        }
        let start = item.body?.start_byte();
        let docs = &self.items.docs;
        let at = docs
            .binary_search_by_key(&start, |range| range.start)
            .ok()?;
        first_sentence(self.of(docs[at].clone()))
    }

    fn begins_line(&self, at: usize) -> bool {
        let line = self.of(0..at);
        line[line.rfind('\n').map_or(0, |end| end + 1)..]
            .trim()
            .is_empty()
    }

    /// Behind the attributes that the item begins with.
    fn signature_start(&self, item: &Item) -> usize {
        let all = &self.items.above;
        let mut start = item.outer.start;
        let mut next =
            all.partition_point(|above| above.range.start < start && above.range.end <= start);
        while let Some(above) = all.get(next) {
            if above.range.start != start {
                break;
            }
            start = above.range.end;
            start += self.of(start..item.outer.end).len()
                - self.of(start..item.outer.end).trim_start().len();
            next += 1;
            // An attribute may hold another one.
            while all.get(next).is_some_and(|inner| inner.range.start < start) {
                next += 1;
            }
        }
        start
    }

    /// The signature: from the first word behind the attributes to the body, or to the end without one.
    pub(super) fn signature(&self, item: &Item) -> String {
        let start = if item.prefix.is_some() {
            item.node.start_byte()
        } else {
            self.signature_start(item)
        };
        let end = match item.body {
            Some(body) => self.end_before(item, body),
            None => self.with_punctuation(item.outer.end.max(item.node.end_byte())),
        };
        let prefix = item
            .prefix
            .clone()
            .map(|range| format!("{} ", self.of(range).trim_end()))
            .unwrap_or_default();
        let text = self.dedented(start, self.of(start..end).trim_end());
        format!("{prefix}{}", joined(&text))
    }

    /// The whole item, if that is no longer than a signature.
    pub(super) fn on_one_line(&self, item: &Item) -> Option<String> {
        let text = self.of(self.signature_start(item)..self.with_punctuation(item.outer.end));
        let line = joined(&self.dedented(item.outer.start, text.trim_end()));
        (line.len() <= MAX_LINE_BYTES * 4 / 5 && !line.contains('\n')).then_some(line)
    }

    /// The end of what stands before a body: not comments, nor what a constructor initialises.
    fn end_before(&self, item: &Item, body: tree_sitter::Node) -> usize {
        let mut cursor = item.node.walk();
        let mut end = body.start_byte();
        if item.node.children(&mut cursor).any(|child| child == body) {
            end = item.node.start_byte();
            for child in item.node.children(&mut cursor) {
                if child == body
                    || matches!(
                        child.kind(),
                        "field_initializer_list" | "constructor_initializer"
                    )
                {
                    break;
                }
                if !child.kind().contains("comment") {
                    end = child.end_byte();
                }
            }
        }
        end
    }

    pub(super) fn with_punctuation(&self, end: usize) -> usize {
        match self.text.as_bytes().get(end) {
            Some(b';' | b',') => end + 1,
            _ => end,
        }
    }

    /// Without the indentation that its first line has in the file.
    fn dedented(&self, start: usize, text: &str) -> String {
        dedented(self.of(0..start), text)
    }

    pub(super) fn function_outline(&self, item: &Item, docstring: Option<String>) -> String {
        if item.node.kind() == "macro_definition" {
            return self.macro_outline(item);
        }
        let mut signature = self.signature(item);
        let Some(body) = item.body else {
            return signature;
        };
        if item.node.kind() == "preproc_function_def" {
            let whole = self.of(item.node.byte_range()).trim_end();
            let is_short = whole.len() <= MAX_LINE_BYTES && !whole.contains('\n');
            return if is_short {
                whole.to_owned()
            } else {
                signature + " ..."
            };
        }
        if let Some(docstring) = docstring {
            return format!(
                "{signature}\n{}\"\"\"{docstring}\"\"\"",
                self.notation.indent
            );
        }
        if self.notation.blocks == Blocks::Braces {
            let is_value = item.node.kind() == "variable_declarator" || signature.ends_with("=>");
            if is_value {
                let open = signature
                    .matches('(')
                    .count()
                    .saturating_sub(signature.matches(')').count());
                let body = if signature.ends_with("=>") && body.kind() != "statement_block" {
                    "..."
                } else {
                    "{ ... }"
                };
                signature.push_str(&format!(" {body}{};", ")".repeat(open)));
                return signature;
            }
        }
        if item
            .owner
            .is_some_and(|owner| self.items.all[owner].node.kind() == "trait_item")
        {
            return signature + " { ... }";
        }
        signature.truncate(signature.trim_end_matches(',').len());
        signature + self.notation.elided_body
    }

    /// The patterns of a `macro_rules!`.
    fn macro_outline(&self, item: &Item) -> String {
        let mut cursor = item.node.walk();
        let rules = item
            .node
            .named_children(&mut cursor)
            .filter(|child| child.kind() == "macro_rule");
        let patterns = rules.filter_map(|rule| rule.child_by_field_name("left"));
        let mut outline = format!("macro_rules! {} {{\n", self.name(item));
        for pattern in patterns.take(4) {
            let pattern =
                joined(&self.dedented(pattern.start_byte(), self.of(pattern.byte_range())));
            outline.push_str(&format!("    {} => {{ ... }};\n", clip(&pattern, "...")));
        }
        outline + "}"
    }

    /// A constant of Go without a value means nothing without those before it.
    fn enumeration(&self, item: &Item) -> String {
        let all = &self.items.all;
        let start = item
            .prefix
            .as_ref()
            .map_or(item.outer.start, |prefix| prefix.start);
        let group = all.get(all.partition_point(|other| other.node.start_byte() < start));
        let group = group.map(|group| self.dedented(start, self.of(group.node.byte_range())));
        group
            .filter(|group| group.len() <= MAX_ENUMERATION_BYTES)
            .unwrap_or_else(|| self.with_short_value(item))
    }

    /// `{ get; private set; }`, whatever the accessors do.
    fn accessors(&self, list: tree_sitter::Node) -> String {
        let mut cursor = list.walk();
        let accessors = list
            .named_children(&mut cursor)
            .filter(|child| child.kind() == "accessor_declaration");
        let heads = accessors.map(|accessor| {
            let end = accessor
                .child_by_field_name("body")
                .map_or(accessor.end_byte(), |body| body.start_byte());
            format!(
                "{}; ",
                self.of(accessor.start_byte()..end)
                    .trim()
                    .trim_end_matches(';')
            )
        });
        format!("{{ {}}}", heads.collect::<String>())
    }

    fn module_outline(&self, item: &Item) -> String {
        self.signature(item) + " { ... }"
    }

    /// Text of a constant or field; a value that is long is cut down to what it begins with.
    pub(super) fn with_short_value(&self, item: &Item) -> String {
        let value = item
            .value
            .or_else(|| item.node.child_by_field_name("value"));
        let is_definition = matches!(item.kind, ItemKind::Definition(DefinitionKind::Constant));
        let cut = match value {
            Some(value) if is_definition || item.kind == ItemKind::Field => {
                let text = self.of(value.byte_range());
                (text.len() > MAX_LINE_BYTES * 4 / 5 || text.contains('\n')).then_some(value)
            }
            _ => None,
        };
        let Some(value) = cut else {
            let mut whole = self.signature(item);
            if let Some(tag) = item.node.child_by_field_name("tag") {
                // A raw string may have several lines, which the signature joins.
                let tag = self.of(tag.byte_range()).lines().next();
                if let Some(start) = tag.and_then(|tag| whole.rfind(tag)) {
                    whole.truncate(whole[..start].trim_end().len());
                }
            }
            return whole;
        };
        let start = if item.prefix.is_some() {
            item.node.start_byte()
        } else {
            self.signature_start(item)
        };
        let prefix = item
            .prefix
            .clone()
            .map(|range| format!("{} ", self.of(range).trim_end()))
            .unwrap_or_default();
        if let Some(body) = value
            .child_by_field_name("body")
            .filter(|_| value.kind() == "arrow_function")
        {
            let head = joined(&self.dedented(start, self.of(start..body.start_byte()).trim_end()));
            return format!("{prefix}{head} {{ ... }};");
        }
        let head = joined(&self.dedented(start, self.of(start..value.start_byte()).trim_end()));
        let end = self.with_punctuation(value.end_byte());
        let end = self.of(value.end_byte()..end);
        if value.kind() == "accessor_list" {
            return format!("{prefix}{head} {}", self.accessors(value));
        }
        format!(
            "{prefix}{head} {}{end}",
            shortened(self.of(value.byte_range()))
        )
    }

    pub(super) fn keeps_attribute(&self, attribute: &str, is_member: bool) -> bool {
        if attribute.len() > MAX_LINE_BYTES || attribute.contains('\n') {
            return false;
        }
        let name = attribute.trim_start_matches(['@', '#', '[', '!']);
        let is_one_of = |names: &[&str]| names.iter().any(|kept| name.starts_with(kept));
        match (self.language.id(), is_member) {
            ("rust", false) => is_one_of(&[
                "derive",
                "macro_export",
                "non_exhaustive",
                "deprecated",
                "proc_macro",
            ]),
            ("python", true) => is_one_of(&[
                "property",
                "cached_property",
                "staticmethod",
                "classmethod",
                "abstract",
                "abc.",
            ]),
            ("java", _) => !is_one_of(&["Override", "SuppressWarnings"]) && !is_member,
            (_, is_member) => !is_member,
        }
    }
}
