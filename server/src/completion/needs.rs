//! Names that the code below a line uses and nothing above it defines: whoever writes that line is about to define them, most likely.
//! Owns which names those are, going by the syntax tree, and how a line defines one. Where the tree is broken, no name is needed.

use std::ops::Range;

use grammars::Language;
use ropey::Rope;
use tree_sitter::{Node, Tree, TreeCursor};

use super::site::{Site, indentation};
use crate::{documents::Snapshot, words::is_identifier_char};

/// How far below the line names are looked for.
const MAX_LINES: usize = 60;

/// A name that stands in more places is taken to be known.
const MAX_OCCURRENCES: usize = 256;

/// Code that is nested deeper is not read.
const MAX_DEPTH: usize = 200;

/// What stands before a new name where a language defines variables, and the names in lower case that it knows without a definition and
/// that are used otherwise than by calling them.
struct Variables {
    opener: &'static str,
    /// The opener of one that is changed later.
    mutable_opener: &'static str,
    /// The opener of a loop that gives it one value after the other.
    loop_opener: &'static str,
    known: &'static str,
}

impl Variables {
    /// `None` where definitions begin with a type, or names of methods look like those of variables.
    fn of(language: &Language) -> Option<Self> {
        const SCRIPT: Variables = Variables {
            opener: "const ",
            mutable_opener: "let ",
            loop_opener: "for (const ",
            known: "arguments console crypto document event exports global globalThis history location localStorage module navigator performance \
                    process require screen self sessionStorage undefined window",
        };
        Some(match language.id() {
            "python" => Variables {
                opener: "",
                mutable_opener: "",
                loop_opener: "for ",
                known: "abs all any bool bytes callable chr classmethod cls dict enumerate filter float format frozenset hash hex id input int iter \
                        len list map max min next object oct open ord pow print property range repr reversed round self set slice sorted \
                        staticmethod str sum super tuple type vars zip",
            },
            "javascript" | "javascriptreact" | "typescript" | "typescriptreact" => SCRIPT,
            "go" => Variables {
                opener: "",
                mutable_opener: "",
                loop_opener: "for ",
                known: "any append cap close complex copy delete error false imag iota len make max min new nil panic print println real recover \
                        string true",
            },
            "rust" => Variables {
                opener: "let ",
                mutable_opener: "let mut ",
                loop_opener: "for ",
                known: "self super crate",
            },
            _ => return None,
        })
    }
}

/// What may be written in a line so that the code below it gets its names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The first one used comes first.
    names: Vec<String>,
    /// What a definition of the first begins with, its name included.
    opening: String,
    /// The same of a loop over its values.
    loop_opening: String,
}

impl Needs {
    /// What the code below `at` needs, if the line of `at` is empty so far; `at` is a byte of the text.
    pub fn new(snapshot: &Snapshot, at: usize) -> Self {
        Self::read(snapshot, at).unwrap_or_default()
    }

    fn read(snapshot: &Snapshot, at: usize) -> Option<Self> {
        let (rope, tree) = (&snapshot.rope, snapshot.tree.as_ref()?);
        let variables = Variables::of(snapshot.language?)?;
        let block = block_below(rope, at)?;
        // Elsewhere a gap may lack the head of a function, and all names below are its parameters.
        let function = outermost_function(tree, block.start)?;
        let names = read_names(rope, tree, &block);
        let mut needed: Vec<&Name> = Vec::new();
        for name in names.iter().filter(|name| name.role == Role::Use) {
            let is_new = needed.iter().all(|other| other.text != name.text);
            let is_defined = names.iter().any(|other| {
                other.text == name.text && other.role == Role::Definition && other.row <= name.row
            });
            let is_known = variables
                .known
                .split_whitespace()
                .any(|known| known == name.text);
            if is_new && !is_defined && !is_known && is_variable(&name.text) {
                needed.push(name);
            }
        }
        if needed.is_empty() {
            return None;
        }
        let text = rope.to_string();
        needed.retain(|name| !is_found_elsewhere(&text, tree, name, &block, function));
        let first = needed.first()?;
        let is_changed = names
            .iter()
            .any(|name| name.text == first.text && name.is_assigned);
        let opener = match is_changed {
            true => variables.mutable_opener,
            false => variables.opener,
        };
        Some(Self {
            opening: opener.to_owned() + &first.text,
            loop_opening: variables.loop_opener.to_owned() + &first.text,
            names: needed.into_iter().map(|name| name.text.clone()).collect(),
        })
    }

    /// Whether `line` leaves all of the names undefined.
    pub fn are_missed_by(&self, line: &str) -> bool {
        !self.names.is_empty() && !self.names.iter().any(|name| defines(line, name))
    }

    /// How a line at `site` begins that defines the first one, where the model began its line with `attempt`.
    pub fn opening_line(&self, site: &Site, attempt: &str) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let blank = &attempt[..indentation(attempt)];
        let level = site.line_before().len() + blank.len();
        let next = site.next_lines.first();
        let next = next.map_or("", |next| &next[..indentation(next)]);
        if next.len() > level {
            return Some(blank.to_owned() + &self.loop_opening);
        }
        // Code further out does not see what is defined further in.
        let outer = next.get(site.line_before().len()..).unwrap_or(blank);
        Some(outer.to_owned() + &self.opening)
    }
}

/// Names of variables: in the other case they are types and constants, which come from elsewhere.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_lowercase())
}

/// Whether `name` stands in `line` where it may get its value.
fn defines(line: &str, name: &str) -> bool {
    occurrences(line, name).any(|at| {
        let after = line[at + name.len()..].trim_start();
        let is_compared =
            after.starts_with("==") || after.starts_with("=>") || after.starts_with("::");
        let is_bound = after.starts_with(['=', ',', ':', ')', ']', '}'])
            || after.starts_with("in ")
            || after.starts_with("of ");
        is_bound && !is_compared
    })
}

/// Where `name` stands in `text` as a whole word that is no member of anything.
fn occurrences<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> {
    text.match_indices(name)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = text[..*at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(|c| is_identifier_char(c) || c == '.')
                && !after.is_some_and(is_identifier_char)
        })
}

/// The lines below the empty line of `at` that are no further out than the first of them.
fn block_below(rope: &Rope, at: usize) -> Option<Range<usize>> {
    let line = rope.byte_to_line(at);
    let line_start = rope.line_to_byte(line);
    let is_blank = |range: Range<usize>| rope.byte_slice(range).chars().all(char::is_whitespace);
    if !is_blank(line_start..at) {
        return None;
    }
    let mut below = (line..rope.len_lines().min(line + MAX_LINES))
        .map(|line| (rope.line_to_byte(line), rope.line(line)))
        .filter(|(_, line)| line.chars().any(|c| !c.is_whitespace()))
        .map(|(start, line)| {
            (
                start,
                line,
                line.chars().take_while(|c| matches!(c, ' ' | '\t')).count(),
            )
        });
    let (start, first, level) = below.next()?;
    let mut end = start + first.len_bytes();
    for (start, line, indentation) in below {
        if indentation < level {
            break;
        }
        end = start + line.len_bytes();
    }
    Some(start..end)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Use,
    Definition,
    /// A member, a label, what is called: no variable.
    Other,
}

#[derive(Debug)]
struct Name {
    text: String,
    row: usize,
    role: Role,
    /// It gets another value.
    is_assigned: bool,
}

/// The names that stand in `range`, in their order.
fn read_names(rope: &Rope, tree: &Tree, range: &Range<usize>) -> Vec<Name> {
    let mut reader = Reader {
        rope,
        range,
        names: Vec::new(),
    };
    reader.read(&mut tree.walk(), Role::Use, false, 0);
    reader.names
}

struct Reader<'r> {
    rope: &'r Rope,
    range: &'r Range<usize>,
    names: Vec<Name>,
}

impl Reader<'_> {
    /// Reads what is below the cursor's node. `role`: that of a name, if the node is one.
    fn read(&mut self, cursor: &mut TreeCursor<'_>, role: Role, is_assigned: bool, depth: usize) {
        let node = cursor.node();
        if node.end_byte() <= self.range.start
            || node.start_byte() >= self.range.end
            || depth > MAX_DEPTH
        {
            return;
        }
        let kind = node.kind();
        let is_name = kind == "identifier" || kind.starts_with("shorthand_");
        if is_name && node.start_byte() >= self.range.start {
            self.names.push(Name {
                text: self.rope.byte_slice(node.byte_range()).to_string(),
                row: node.start_position().row,
                role,
                is_assigned,
            });
        }
        // What a macro makes of its words, nobody knows.
        if kind == "token_tree" || !cursor.goto_first_child() {
            return;
        }
        let changes = kind.contains("augmented")
            || kind.contains("compound")
            || kind.contains("update")
            || matches!(
                kind,
                "assignment_statement" | "inc_statement" | "dec_statement"
            );
        loop {
            let field = cursor.field_name().unwrap_or_default();
            let is_left = matches!(field, "left" | "argument" | "operand") || field.is_empty();
            let assigned = is_assigned && is_list(kind)
                || changes && is_left
                || kind == "assignment_expression" && field == "left";
            self.read(
                cursor,
                role_below(kind, field, role, changes),
                assigned,
                depth + 1,
            );
            if !cursor.goto_next_sibling() {
                break;
            }
        }
        cursor.goto_parent();
    }
}

/// Several names where there may be one.
fn is_list(kind: &str) -> bool {
    matches!(kind, "expression_list" | "tuple" | "list" | "array")
}

/// The role of a name in a `field` of a node of this `kind`, which has this `role` itself.
fn role_below(kind: &str, field: &str, role: Role, changes: bool) -> Role {
    match field {
        "value" if kind.contains("pattern") => Role::Definition,
        "value" | "default" | "default_value" | "right" | "body" => Role::Use,
        "attribute" | "property" | "field" | "function" | "macro" | "type" | "label" | "path" => {
            Role::Other
        }
        "name"
            if kind.contains("keyword")
                || kind.contains("scoped")
                || kind.contains("field_initializer") =>
        {
            Role::Other
        }
        // What is changed was there before.
        "left" if changes => Role::Use,
        // Operators have a left side too.
        "left"
            if !["assignment", "for", "declaration", "range"]
                .iter()
                .any(|part| kind.contains(part)) =>
        {
            Role::Use
        }
        "left" | "name" | "pattern" | "parameters" | "parameter" | "alias" => Role::Definition,
        _ if kind.contains("pattern")
            || kind.contains("parameter")
            || kind.contains("import")
            || kind.contains("global") =>
        {
            Role::Definition
        }
        _ if is_list(kind) => role,
        _ => Role::Use,
    }
}

/// Whether the name stands where code at `block` could know it from, so that it is no gap above the block that lacks it.
fn is_found_elsewhere(
    text: &str,
    tree: &Tree,
    name: &Name,
    block: &Range<usize>,
    function: Node<'_>,
) -> bool {
    let mut seen = 0;
    occurrences(text, &name.text).any(|at| {
        seen += 1;
        if seen > MAX_OCCURRENCES {
            return true;
        }
        let range = at..at + name.text.len();
        let node = tree
            .root_node()
            .descendant_for_byte_range(range.start, range.end);
        let Some(node) =
            node.filter(|node| node.kind().contains("identifier") || is_in_import(*node))
        else {
            return false;
        };
        match function.byte_range().contains(&at) {
            true => at < block.start,
            // Other functions keep their variables for themselves.
            false => outermost_function(tree, node.start_byte()).is_none(),
        }
    })
}

/// Go's packages are named by the ends of quoted paths.
fn is_in_import(node: Node<'_>) -> bool {
    let around = std::iter::successors(Some(node), Node::parent).take(4);
    around
        .into_iter()
        .any(|node| node.kind().contains("import"))
}

/// The outermost function with byte `at` in its parameters or its body.
fn outermost_function(tree: &Tree, at: usize) -> Option<Node<'_>> {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let parameters = ["parameters", "parameter"]
            .iter()
            .find_map(|field| node.child_by_field_name(field));
        if let (Some(parameters), Some(body)) = (parameters, node.child_by_field_name("body")) {
            let is_in = parameters.start_byte() <= at && at < body.end_byte();
            if is_in {
                return Some(node);
            }
        }
        cursor.goto_first_child_for_byte(at)?;
        if cursor.node().start_byte() > at {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{DocVersion, Documents};
    use crate::syntax::{BACKGROUND_BUDGET, parse};

    impl Needs {
        /// At `$0`.
        pub fn of_cursor(language: &str, marked: &str) -> Self {
            let at = marked.find("$0").unwrap();
            let text = marked.replacen("$0", "", 1);
            let mut snapshot =
                Documents::default().open("untitled:a", language, DocVersion(0), &text);
            let grammar = snapshot.grammar.clone().unwrap();
            snapshot.tree = parse(&snapshot.rope, &grammar, None, BACKGROUND_BUDGET);
            Self::new(&snapshot, at)
        }
    }

    #[test]
    fn what_is_used_below_and_defined_nowhere_is_needed() {
        for (language, marked, opening) in [
            (
                "python",
                "def f(a):\n    $0\n    b.append(a)\n    return b\n",
                "b",
            ),
            (
                "python",
                "def f(a):\n$0    for c in a:\n        total += c\n    return total\n",
                "total",
            ),
            (
                "python",
                "def f(a):\n    for c in a:\n        $0\n        if d > c:\n            return d\n",
                "d",
            ),
            // Other functions have names of their own.
            (
                "python",
                "def g(b):\n    return b\n\ndef f(a):\n    $0\n    return b + a\n",
                "b",
            ),
            // It is there.
            (
                "python",
                "b = 1\n\ndef f(a):\n    $0\n    return b + a\n",
                "",
            ),
            (
                "python",
                "from m import b\n\ndef f(a):\n    $0\n    return b + a\n",
                "",
            ),
            ("python", "def f(a, b):\n    $0\n    return b + a\n", ""),
            (
                "python",
                "def f(a):\n    if a:\n        b = 1\n    $0\n    return b\n",
                "",
            ),
            (
                "python",
                "def f(a):\n    $0\n    return b + a\n\nb = 1\n",
                "",
            ),
            // It is defined below, or is no variable.
            (
                "python",
                "def f(a):\n    $0\n    return [b for b in a]\n",
                "",
            ),
            (
                "python",
                "def f(a):\n    $0\n    with a as b:\n        c, d = b\n        return c, d\n",
                "",
            ),
            (
                "python",
                "def f(a):\n    $0\n    return a.b(key=len, of=C, d=lambda e: e)\n",
                "",
            ),
            ("python", "def f(a):\n    $0\n    return b(a)\n", ""),
            (
                "python",
                "def f(a):\n    $0\n    \"\"\"b is not there\"\"\"\n    return a # nor c\n",
                "",
            ),
            // Further out, it is somebody else's.
            (
                "python",
                "def f(a):\n    if a:\n        $0\n        return a\n    return b\n",
                "",
            ),
            // The line has begun.
            ("python", "def f(a):\n    x$0\n    return b\n", ""),
            (
                "javascript",
                "function f(a) {\n  $0\n  return b.map((c) => c + a);\n}\n",
                "const b",
            ),
            (
                "javascript",
                "function f(a) {\n  $0\n  for (const c of a) {\n    b += c;\n  }\n  return b;\n}\n",
                "let b",
            ),
            (
                "javascript",
                "function f(a) {\n  $0\n  console.log(a);\n  const b = 1, { c, d: e } = a;\n  return { b, c, e };\n}\n",
                "",
            ),
            (
                "typescript",
                "class A {\n  f(a: number): string {\n    $0\n    return b + this.c(a);\n  }\n}\n",
                "const b",
            ),
            (
                "go",
                "package p\n\nfunc f(a string) error {\n\t$0\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n",
                "err",
            ),
            (
                "go",
                "package p\n\nimport \"fmt\"\n\nfunc f(a string) {\n\t$0\n\tfor i, c := range a {\n\t\tfmt.Println(i, c)\n\t}\n}\n",
                "",
            ),
            (
                "rust",
                "fn f(a: u32) -> u32 {\n    $0\n    b + a\n}\n",
                "let b",
            ),
            (
                "rust",
                "fn f(a: &[u32]) -> u32 {\n    $0\n    for c in a {\n        b += c;\n    }\n    b\n}\n",
                "let mut b",
            ),
            (
                "rust",
                "fn f(a: Option<u32>) -> A {\n    $0\n    if let Some(b) = a {\n        return A { b, c: g(|d| d) };\n    }\n    std::mem::take(&mut a)\n}\n",
                "",
            ),
            // Java's begin with a type.
            (
                "java",
                "class A {\n    int f() {\n        $0\n        return b;\n    }\n}\n",
                "",
            ),
        ] {
            assert_eq!(
                Needs::of_cursor(language, marked).opening,
                opening,
                "{language}: {marked}"
            );
        }
    }

    #[test]
    fn a_line_that_gives_one_of_them_a_value_is_enough() {
        let needs = Needs {
            names: vec!["low".to_owned(), "high".to_owned()],
            ..Needs::default()
        };
        for (line, missed) in [
            ("low = 0", false),
            ("let mut high: usize = 1;", false),
            ("(first, high) = pair", false),
            ("for low in lows:", false),
            ("if let Some(low) = found {", false),
            ("low, err := f()", false),
            ("if low == 0:", true),
            ("low += 1", true),
            ("low.append(1)", true),
            ("self.low = 1", true),
            ("lowest = 1", true),
            ("# low and high", true),
            ("return 1", true),
        ] {
            assert_eq!(needs.are_missed_by(line), missed, "{line}");
        }
        assert!(!Needs::default().are_missed_by("return 1"));
    }

    #[test]
    fn deeply_nested_code_is_no_harm() {
        let deep = "(".repeat(50_000);
        Needs::of_cursor(
            "python",
            &format!("def f(a):\n    $0\n    return {deep}b\n"),
        );
        Needs::of_cursor(
            "javascript",
            &format!("function f() {{\n$0\n{}\n", "{[".repeat(20_000)),
        );
    }
}
