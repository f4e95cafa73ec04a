//! Declarations by the names that grammars give to their nodes. Walks down from the root once: nodes do not know their parents.

use std::ops::Range;

use tree_sitter::{Node, Tree};

use super::{Declaration, Source};
use crate::actions::TargetKind;

/// The nodes from the root to the innermost one that holds all of `range`.
pub fn path<'tree>(tree: &'tree Tree, range: &Range<usize>) -> Vec<Node<'tree>> {
    let mut cursor = tree.walk();
    let mut path = vec![cursor.node()];
    while cursor.goto_first_child_for_byte(range.start).is_some() {
        let node = cursor.node();
        if node.start_byte() > range.start || node.end_byte() < range.end {
            break;
        }
        path.push(node);
    }
    path
}

/// The statements and members that hold all of `range`, innermost first.
pub fn statements(tree: &Tree, range: &Range<usize>) -> Vec<Range<usize>> {
    let path = path(tree, range);
    let held = (1..path.len()).rev().filter(|&index| {
        path[index].is_named() && (index == 1 || holds_statements(path[index - 1]))
    });
    held.map(|index| path[index].byte_range()).collect()
}

/// A node that holds statements or members, by the names that the grammars give to such.
fn holds_statements(node: Node) -> bool {
    let kind = node.kind();
    kind.ends_with("block")
        || kind.ends_with("body")
        || kind.ends_with("declaration_list")
        || matches!(
            kind,
            "compound_statement" | "body_statement" | "statement_list" | "do_group" | "then"
        )
}

pub fn around(source: &Source, tree: &Tree, range: &Range<usize>) -> Vec<Declaration> {
    let mut path = path(tree, range);
    settle(source, &mut path, range);
    let mut found: Vec<Declaration> = Vec::new();
    let mut index = path.len();
    while index > 1 {
        index -= 1;
        let Some(kind) = kind(path[index], source) else {
            continue;
        };
        let mut outer = index;
        while outer > 1 && declared(path[outer - 1]) == Some(path[outer]) {
            outer -= 1;
        }
        let above = declaration(source, path[index], path[outer], kind);
        // `typedef struct a {...} b;` is one type.
        index = outer;
        found.extend(
            above.filter(|above| found.last().is_none_or(|last| last.range != above.range)),
        );
    }
    found
}

/// Makes a path that ends beside a declaration lead to it: from the comments and attributes above, or from a word such as `export`.
fn settle<'tree>(source: &Source, path: &mut Vec<Node<'tree>>, range: &Range<usize>) {
    if let Some(at) = path.iter().skip(1).position(|node| is_above(*node)) {
        let mut next = path[at + 1];
        while is_above(next) {
            let below = next.next_named_sibling().filter(|below| {
                source.leads_line(next.start_byte()) && is_adjacent(source, next, *below)
            });
            let Some(below) = below else { return };
            next = below;
        }
        path.truncate(at + 1);
        path.push(next);
    } else if !range.is_empty()
        && let Some(parent) = path.last()
    {
        // The selection of one declaration with what stands above it.
        let mut cursor = parent.walk();
        let held = parent.named_children(&mut cursor).filter(|child| {
            child.start_byte() < range.end && child.end_byte() > range.start && !is_above(*child)
        });
        if let [only] = held.collect::<Vec<_>>()[..]
            && only.start_byte() >= range.start
        {
            path.push(only);
        }
    }
    let in_body = |index: usize| path[index..].iter().any(|node| holds_statements(*node));
    let wrapper = (1..path.len()).find(|&index| {
        declared(path[index]).is_some_and(|inner| path.get(index + 1) != Some(&inner))
            && !in_body(index + 1)
    });
    if let Some(wrapper) = wrapper {
        path.truncate(wrapper + 1);
        while let Some(inner) = path.last().and_then(|last| declared(*last)) {
            path.push(inner);
        }
    }
}

/// Stands before a declaration and belongs to it, without being part of it for the grammar.
fn is_above(node: Node) -> bool {
    is_attribute(node) || node.kind().ends_with("comment")
}

fn is_attribute(node: Node) -> bool {
    matches!(
        node.kind(),
        "attribute_item" | "decorator" | "attribute_list" | "annotation"
    )
}

/// No blank line between two nodes.
fn is_adjacent(source: &Source, above: Node, below: Node) -> bool {
    let text = source.slice(above.start_byte()..below.start_byte());
    // Some grammars let comments end behind the line feed.
    let end = above.start_byte() + source.text_of(above).trim_end().len();
    let between = text.get(end - above.start_byte()..).unwrap_or_default();
    between.trim().is_empty() && between.matches('\n').count() <= 1
}

/// What a node that is only there to declare something else declares.
fn declared(node: Node) -> Option<Node> {
    let inner = match node.kind() {
        "decorated_definition" => node.child_by_field_name("definition"),
        "export_statement" => node
            .child_by_field_name("declaration")
            .or_else(|| node.child_by_field_name("value")),
        "template_declaration" | "ambient_declaration" | "expression_statement" => {
            last_named_child(node)
        }
        "lexical_declaration" | "variable_declaration" | "type_declaration" => {
            (node.named_child_count() == 1).then(|| last_named_child(node))?
        }
        "type_definition" | "declaration" => node.child_by_field_name("type"),
        _ => None,
    }?;
    let is_whole = match node.kind() {
        "expression_statement" => {
            matches!(inner.kind(), "assignment_expression" | "internal_module")
        }
        "type_definition" | "declaration" => inner.child_by_field_name("body").is_some(),
        _ => true,
    };
    is_whole.then_some(inner)
}

fn last_named_child(node: Node) -> Option<Node> {
    let last = u32::try_from(node.named_child_count())
        .ok()?
        .checked_sub(1)?;
    node.named_child(last)
}

/// What a node declares, if it does.
fn kind(node: Node, source: &Source) -> Option<TargetKind> {
    if !node.is_named() {
        return None;
    }
    Some(match node.kind() {
        "function_definition"
        | "function_item"
        | "function_signature_item"
        | "function_declaration"
        | "generator_function_declaration"
        | "method_definition"
        | "method_declaration"
        | "constructor_declaration"
        | "compact_constructor_declaration"
        | "destructor_declaration"
        | "operator_declaration"
        | "local_function_statement"
        | "function_signature"
        | "abstract_method_signature"
        | "method_signature"
        | "method"
        | "singleton_method"
        | "secondary_constructor"
        | "init_declaration"
        | "protocol_function_declaration" => TargetKind::Function,
        "variable_declarator"
        | "public_field_definition"
        | "field_definition"
        | "pair"
        | "assignment_expression" => {
            function_value(node)?;
            TargetKind::Function
        }
        "arrow_function" | "function_expression" if source.text_of(node).len() > 1 => {
            // `export default () => ...`; others have no name of their own.
            (node.parent()?.kind() == "export_statement").then_some(TargetKind::Function)?
        }
        "declaration" | "field_declaration" => {
            let is_prototype = declarator(node).is_some_and(|(inner, is_function)| {
                is_function && inner.end_byte() <= node.end_byte()
            });
            let in_function = node.parent()?.kind() == "compound_statement";
            (is_prototype && !in_function).then_some(TargetKind::Function)?
        }
        "class_definition"
        | "class_declaration"
        | "abstract_class_declaration"
        | "class"
        | "struct_item"
        | "enum_item"
        | "union_item"
        | "trait_item"
        | "type_item"
        | "type_spec"
        | "type_alias"
        | "interface_declaration"
        | "enum_declaration"
        | "record_declaration"
        | "struct_declaration"
        | "annotation_type_declaration"
        | "trait_declaration"
        | "type_alias_declaration"
        | "alias_declaration"
        | "delegate_declaration"
        | "trait_definition"
        | "object_definition"
        | "object_declaration"
        | "protocol_declaration"
        | "concept_definition"
        | "type_definition" => TargetKind::Type,
        "struct_specifier" | "union_specifier" | "enum_specifier" | "class_specifier" => {
            node.child_by_field_name("body")?;
            TargetKind::Type
        }
        "mod_item"
        | "internal_module"
        | "module"
        | "namespace_definition"
        | "namespace_declaration" => TargetKind::Module,
        _ => return None,
    })
}

/// The function that a name stands for.
fn function_value(node: Node) -> Option<Node> {
    let value = ["value", "right"]
        .iter()
        .find_map(|field| node.child_by_field_name(field))?;
    let is_function = matches!(
        value.kind(),
        "arrow_function" | "function_expression" | "generator_function"
    );
    is_function.then_some(value)
}

/// The name that a declaration of C declares, and whether it is that of a function.
fn declarator(node: Node) -> Option<(Node, bool)> {
    let mut inner = node.child_by_field_name("declarator")?;
    let mut is_function = false;
    loop {
        is_function |= inner.kind() == "function_declarator";
        let next = inner.child_by_field_name("declarator").or_else(|| {
            (inner.kind() == "reference_declarator").then(|| last_named_child(inner))?
        });
        match next {
            Some(next) => inner = next,
            None => return Some((inner, is_function)),
        }
    }
}

fn declaration(source: &Source, node: Node, outer: Node, kind: TargetKind) -> Option<Declaration> {
    let core = function_value(node).unwrap_or(node);
    let name = ["name", "left", "key", "property"]
        .iter()
        .find_map(|field| node.child_by_field_name(field))
        .or_else(|| declarator(node).map(|(name, _)| name))
        .or_else(|| declarator(outer).map(|(name, _)| name));
    let name = name.map_or("", |name| source.text_of(name)).trim();
    let name = match node.kind() {
        "assignment_expression" => name.rsplit('.').next().unwrap_or(name),
        "arrow_function" | "function_expression" => "default",
        _ => name,
    };
    // A tree that lags behind may have names that have been cut in two.
    if name.is_empty() || name.contains('\n') {
        return None;
    }
    let block = core
        .child_by_field_name("body")
        .or_else(|| {
            let ty = core.child_by_field_name("type")?;
            let members =
                last_named_child(ty).filter(|last| last.kind() == "field_declaration_list");
            ty.child_by_field_name("body").or(members)
        })
        .or_else(|| last_named_child(core).filter(|last| last.kind().ends_with("body")));
    let body = block
        .and_then(|block| inner(source, core, block))
        .or_else(|| empty_body(core));
    let mut start = outer.start_byte();
    let mut above = outer;
    while let Some(previous) = above.prev_named_sibling() {
        if !is_above(previous) || !is_adjacent(source, previous, above) {
            break;
        }
        if is_attribute(previous) {
            start = previous.start_byte();
        }
        above = previous;
    }
    let start_of_node = outer.start_byte();
    let doc = block.and_then(docstring).or_else(|| {
        (start < start_of_node)
            .then(|| crate::actions::convention::doc_above(source, start_of_node))?
    });
    Some(Declaration {
        kind,
        name: name.to_owned(),
        range: start..outer.start_byte() + source.text_of(outer).trim_end().len(),
        is_prototype: block.is_none() && body.is_none(),
        body,
        doc,
        is_test: false,
        is_local: false,
    })
}

/// Between the braces of a block, or all of it.
fn inner(source: &Source, core: Node, block: Node) -> Option<Range<usize>> {
    let text = source.text_of(block);
    if text.starts_with('{') {
        let end = block.end_byte() - usize::from(text.len() > 1 && text.ends_with('}'));
        return Some(block.start_byte() + 1..end);
    }
    let is_expression =
        core.kind() == "arrow_function" || text.starts_with("=>") || text.starts_with('=');
    // Comments between the colon and the first statement are not part of the block of Python.
    let mut start = block.start_byte();
    let mut first = block;
    while let Some(comment) = first
        .prev_sibling()
        .filter(|above| above.kind() == "comment")
    {
        start = comment.start_byte();
        first = comment;
    }
    (!is_expression).then(|| start..block.end_byte())
}

/// The place of a body that the grammar has no node for, because it is empty: before `end`.
fn empty_body(core: Node) -> Option<Range<usize>> {
    let end = core.child(core.child_count().checked_sub(1)?)?;
    let head = end.prev_sibling()?;
    (end.kind() == "end").then(|| head.end_byte()..end.start_byte())
}

/// The string that a block of Python begins with.
fn docstring(block: Node) -> Option<Range<usize>> {
    let mut cursor = block.walk();
    let first = block
        .named_children(&mut cursor)
        .find(|child| child.kind() != "comment")?;
    let string = first.named_child(0)?;
    let is_doc = block.kind() == "block"
        && first.kind() == "expression_statement"
        && first.named_child_count() == 1
        && string.kind() == "string";
    is_doc.then(|| string.byte_range())
}
