//! Outlines of what was read by lines: as those that queries make, from less knowledge.

use super::Item;
use super::head::Declares;
use super::statements::Code;
use crate::index::symbols::comments::first_sentence;
use crate::index::symbols::notation::{self, Blocks, Docs, Notation};
use crate::index::symbols::text::{
    MAX_LINE_BYTES, MAX_OUTLINE_BYTES, MAX_OUTLINE_LINES, clip, dedented, joined, shortened,
};
use crate::words::is_identifier_start;

/// Lines of comments looked at above one definition.
const MAX_ABOVE: usize = 100;
/// Lines shown of a block within a type whose members are those of the type.
const MAX_PART_LINES: usize = 8;
/// Bodies of properties up to this length are shown: `{ get set }`.
const MAX_SHOWN_BODY_BYTES: usize = 16;
/// Methods that make a value of their type.
const INITIALIZERS: [&str; 5] = ["init", "constructor", "initialize", "__construct", "this"];

struct Member {
    text: String,
    importance: Importance,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Importance {
    /// Fields, cases and initializers: what the type is.
    Part,
    Public,
    Private,
}

/// A definition as a model is shown it. `top` are the items of the file, among which are extensions of it.
pub fn outline(code: &Code, item: &Item, top: &[Item]) -> String {
    let renderer = Renderer {
        code,
        notation: notation::of(code.language),
    };
    let doc = renderer.doc(item).unwrap_or_default();
    let shown = match item.head.declares {
        // An alias is its value.
        Some(Declares::Type) if item.statement.body.is_none() && item.statement.value.is_some() => {
            renderer.with_short_value(item)
        }
        Some(Declares::Type | Declares::Module) => renderer.type_outline(item, top, doc.len()),
        Some(Declares::Function) => renderer.function(item),
        _ => renderer.with_short_value(item),
    };
    clip(&(doc + &shown), &renderer.elided_members())
}

struct Renderer<'c, 'a> {
    code: &'c Code<'a>,
    notation: Notation,
}

impl Renderer<'_, '_> {
    /// The first sentence of the comment directly above, as a comment.
    fn doc(&self, item: &Item) -> Option<String> {
        let start = item.statement.start;
        let line_start = self.code.code[..start].rfind('\n')? + 1;
        let above = self.code.of(0..line_start);
        let mut at = line_start;
        let mut lines: Vec<&str> = above
            .lines()
            .rev()
            .take(MAX_ABOVE)
            .take_while(|line| {
                // Line feeds are one byte, or two with a carriage return.
                let end = at - 1;
                at = self.code.code[..end].rfind('\n').map_or(0, |feed| feed + 1);
                at < line_start
                    && !line.trim().is_empty()
                    && self.code.code[at..end].trim().is_empty()
            })
            .collect();
        lines.reverse();
        let block = lines
            .iter()
            .rposition(|line| line.trim_start().starts_with("/**"));
        match (self.notation.docs, block) {
            (Docs::Plain, None) => {}
            (Docs::Marked(mark), None) => lines.retain(|line| line.trim_start().starts_with(mark)),
            (_, None) => lines.clear(),
            (_, Some(first)) => drop(lines.drain(..first)),
        }
        let text = lines.join("\n");
        let sentence = match &self.code.language.line_comment {
            Some(token) => first_sentence(&text.replace(token.as_str(), "//")),
            None => first_sentence(&text),
        }?;
        Some(match self.notation.docs {
            Docs::Block => format!("/** {sentence} */\n"),
            Docs::Marked(mark) => format!("{mark} {sentence}\n"),
            _ => self.code.language.comment_line(&sentence)? + "\n",
        })
    }

    fn elided_members(&self) -> String {
        let comment = self.code.language.comment_line("...");
        comment.unwrap_or_else(|| self.notation.elided_members.to_owned())
    }

    /// From the first modifier to the body or the value, on one line if that is short.
    fn signature(&self, item: &Item) -> String {
        let statement = &item.statement;
        let end = statement
            .value
            .unwrap_or(usize::MAX)
            .min(statement.head_end);
        self.dedented(item, end)
    }

    /// The text of the item up to `end`, without the indentation of its first line and on one line if that is short.
    fn dedented(&self, item: &Item, end: usize) -> String {
        let start = item.head.start;
        let text = self.code.of(start..end).trim_end();
        let text = text.trim_end_matches([',', ';']).trim_end();
        joined(&dedented(self.code.of(0..start), text))
    }

    fn function(&self, item: &Item) -> String {
        self.signature(item) + self.notation.elided_body
    }

    fn with_short_value(&self, item: &Item) -> String {
        let statement = &item.statement;
        let end = self.notation.elided_body;
        let Some(value) = statement.value.filter(|&value| value < statement.head_end) else {
            let whole = self.dedented(item, statement.end);
            let body = statement.body.clone().unwrap_or_default();
            if body.len() <= MAX_SHOWN_BODY_BYTES && !whole.contains('\n') {
                return whole + end;
            }
            let signature = self.signature(item);
            let is_delegated = signature.contains(" by ");
            return signature + if is_delegated { " { ... }" } else { end };
        };
        let whole = self.dedented(item, statement.head_end);
        if whole.len() <= MAX_LINE_BYTES && !whole.contains('\n') {
            return whole + end;
        }
        let value = shortened(self.code.of(value + 1..statement.head_end).trim());
        format!("{} = {value}{end}", self.signature(item))
    }

    fn type_outline(&self, item: &Item, top: &[Item], doc_bytes: usize) -> String {
        let signature = self.signature(item);
        let mut members: Vec<Member> = item
            .children
            .iter()
            .filter_map(|child| self.member(child, item.head.name))
            .collect();
        let extensions = top.iter().filter(|other| {
            other.head.declares == Some(Declares::Extension) && other.head.name == item.head.name
        });
        for extension in extensions {
            let children = extension.children.iter();
            members.extend(children.filter_map(|child| self.member(child, item.head.name)));
        }
        let room = MAX_OUTLINE_BYTES.saturating_sub(doc_bytes + signature.len() + 16);
        let height = MAX_OUTLINE_LINES - 3 - signature.matches('\n').count().min(10);
        if keep_what_fits(&mut members, room, height) {
            members.push(Member {
                text: self.elided_members(),
                importance: Importance::Public,
            });
        }
        let texts = members.iter().map(|member| member.text.as_str());
        self.block(&signature, &texts.collect::<Vec<_>>())
    }

    fn block(&self, signature: &str, members: &[&str]) -> String {
        let is_indented = self.notation.blocks == Blocks::Indentation;
        if members.is_empty() {
            return signature.to_owned();
        }
        let mut out = signature.to_owned();
        out.push_str(if is_indented { "\n" } else { " {\n" });
        for line in members.iter().flat_map(|text| text.lines()) {
            out.push_str(self.notation.indent);
            out.push_str(line);
            out.push('\n');
        }
        out.push_str(if is_indented { "end" } else { "}" });
        out
    }

    fn member(&self, item: &Item, owner: &str) -> Option<Member> {
        let head = &item.head;
        let mut importance = Importance::Part;
        let text = match head.declares {
            Some(Declares::Function) => {
                let makes_it = INITIALIZERS.contains(&head.name) || head.name == owner;
                if !makes_it {
                    importance = Importance::Public;
                }
                self.function(item)
            }
            Some(Declares::Type) if head.name.is_empty() => self.part(item, owner),
            Some(Declares::Type | Declares::Module) => {
                importance = Importance::Public;
                self.nested_type(item)
            }
            Some(Declares::Extension) => return None,
            Some(Declares::Constant) => self.with_short_value(item),
            None => {
                // Blocks that run when a value is made, accessors, directives, the end of something.
                let starts_word = head.word.starts_with(is_identifier_start);
                let has_parameters = || self.signature(item).contains('(');
                let is_code = item.statement.body.is_some() && !has_parameters();
                if !starts_word || is_code || matches!(head.word, "get" | "set" | "end" | "deinit")
                {
                    return None;
                }
                self.with_short_value(item)
            }
        };
        if head.is_private {
            importance = Importance::Private;
        }
        (!text.is_empty()).then_some(Member { text, importance })
    }

    /// On one line, or only that it is there.
    fn nested_type(&self, item: &Item) -> String {
        let whole = self.dedented(item, item.statement.end);
        let is_short = whole.len() <= MAX_LINE_BYTES * 4 / 5 && !whole.contains('\n');
        if is_short && self.notation.blocks == Blocks::Braces {
            return whole;
        }
        let signature = self.signature(item);
        match (item.statement.body.is_some(), self.notation.blocks) {
            (true, Blocks::Braces) => signature + " { ... }",
            (true, Blocks::Indentation) => signature + "; ... end",
            (false, _) => signature,
        }
    }

    /// A block whose members are those of the type around it.
    fn part(&self, item: &Item, owner: &str) -> String {
        let children = item.children.iter();
        let members: Vec<Member> = children
            .filter_map(|child| self.member(child, owner))
            .filter(|member| member.importance != Importance::Private)
            .take(MAX_PART_LINES)
            .collect();
        let texts = members.iter().map(|member| member.text.as_str());
        self.block(&self.signature(item), &texts.collect::<Vec<_>>())
    }
}

/// Leaves out private members, then the last ones, until the rest fits; whether public ones are missing.
fn keep_what_fits(members: &mut Vec<Member>, room: usize, height: usize) -> bool {
    let bytes = |member: &Member| member.text.len() + 5 * (1 + member.text.matches('\n').count());
    let lines = |member: &Member| 1 + member.text.matches('\n').count();
    let fits = |members: &[Member]| {
        members.iter().map(bytes).sum::<usize>() <= room
            && members.iter().map(lines).sum::<usize>() <= height
    };
    if fits(members) {
        return false;
    }
    members.retain(|member| member.importance != Importance::Private);
    if fits(members) {
        return false;
    }
    // What the type is gets two thirds, so that something is left for what it does.
    let limits = [
        (Importance::Part, room * 2 / 3, height * 2 / 3),
        (Importance::Public, room, height - 1),
    ];
    let mut kept = vec![false; members.len()];
    let (mut used, mut rows) = (0, 0);
    for (importance, most_bytes, most_lines) in limits {
        for (member, kept) in members.iter().zip(&mut kept) {
            if member.importance == importance {
                if used + bytes(member) > most_bytes || rows + lines(member) > most_lines {
                    break;
                }
                used += bytes(member);
                rows += lines(member);
                *kept = true;
            }
        }
    }
    let mut kept = kept.into_iter();
    members.retain(|_| kept.next().unwrap_or(false));
    true
}
