//! Finds in an answer the part that belongs at the target: a definition by its name, its body alone, or the lines between those that
//! the document has too.

use std::ops::Range;
use std::time::Duration;

use ropey::Rope;
use similar::TextDiff;

use super::checks::{self, filled_lines};
use super::fault::Fault;
use super::indent::dedented;
use super::{Asked, said};
use crate::actions::names::mentions;
use crate::actions::{Action, TargetKind};
use crate::completion::brackets::{self, Lexis};
use crate::completion::site::{BlockStyle, indentation, says_the_same, significant};
use crate::completion::stop::is_comment;
use crate::index::symbols::{DefinitionKind, DefinitionPlace, Places, places};
use crate::syntax::{self, MAX_PARSED_BYTES};

/// What one parse of an answer may take: answers are short.
const PARSE_BUDGET: Duration = Duration::from_millis(100);

/// A line with fewer characters stands in many places.
const TELLING: usize = 3;

/// Lines of a comment that an answer may repeat.
const MAX_COMMENT_LINES: usize = 20;

/// Less alike is another line, not the same one mended.
const LEAST_ALIKE: f32 = 0.8;

/// Around methods, which stand nowhere else in many languages.
const CLASS: (&str, &str) = ("class Wrapper {\n", "\n}\n");

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Without common indentation.
    pub code: String,
    /// Nothing follows it in the answer.
    pub is_last: bool,
}

/// The definitions and imports of a piece of a file. Methods are found too where they need a class around them.
pub fn places_of(code: &str, asked: &Asked) -> Option<Places> {
    let language = asked.language?;
    let grammar = asked.grammar.as_ref()?;
    let find = |text: &str| {
        let rope = Rope::from_str(text);
        let tree = syntax::parse(&rope, grammar, None, PARSE_BUDGET)?;
        let has_error = tree.root_node().has_error();
        Some((places(text, &tree, language)?, has_error))
    };
    if code.len() > MAX_PARSED_BYTES {
        return None;
    }
    let (alone, has_error) = find(code)?;
    let needs_class = matches!(
        language.id(),
        "java" | "csharp" | "javascript" | "typescript" | "typescriptreact" | "cpp"
    );
    if !needs_class || !has_error && !alone.definitions.is_empty() {
        return Some(alone);
    }
    let (wrapped, _) = find(&format!("{}{code}{}", CLASS.0, CLASS.1))?;
    let unwrapped = |range: &Range<usize>| {
        let shifted = |at: usize| at.saturating_sub(CLASS.0.len()).min(code.len());
        shifted(range.start)..shifted(range.end)
    };
    let members = wrapped
        .definitions
        .iter()
        .skip(1)
        .map(|place| DefinitionPlace {
            range: unwrapped(&place.range),
            body: place.body.as_ref().map(unwrapped),
            depth: place.depth.saturating_sub(1),
            ..place.clone()
        });
    let members: Vec<_> = members.collect();
    if members.len() <= alone.definitions.len() {
        return Some(alone);
    }
    Some(Places {
        definitions: members,
        imports: alone.imports,
    })
}

/// The definition called `name`, out of whatever stands around it: imports, a class, the whole file. Definitions that are new and that
/// it uses come along.
pub fn definition(code: &str, name: &str, asked: &Asked) -> Option<Found> {
    let Some(places) = places_of(code, asked) else {
        let range = by_lines(code, name, asked)?;
        return Some(Found {
            code: lines_from(code, &range),
            is_last: code[range.end..].trim().is_empty(),
        });
    };
    let place = named(&places, name, code, asked).or_else(|| renamed(&places, name, asked))?;
    let range = with_end(code, &place.range, &asked.old);
    let cut = with_attributes(lines_from(code, &range), &asked.old);
    let mut parts = vec![(range.start, cut.clone())];
    for other in &places.definitions {
        let is_beside = other.depth == place.depth && other.range.start != place.range.start;
        let is_new = !asked.document.contains(&other.name);
        if is_beside && is_new && mentions(&cut, &other.name) && other.name != name {
            parts.push((
                other.range.start,
                lines_from(code, &with_end(code, &other.range, &asked.old)),
            ));
        }
    }
    parts.sort_by_key(|(start, _)| *start);
    let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
    Some(Found {
        code: parts.join("\n\n"),
        is_last: code[range.end..].trim().is_empty(),
    })
}

/// Of several definitions of one name the one that has most in common with the old text.
fn named<'a>(
    places: &'a Places,
    name: &str,
    code: &str,
    asked: &Asked,
) -> Option<&'a DefinitionPlace> {
    let is_type = asked.offer.target.kind == TargetKind::Type;
    let fits = |place: &&DefinitionPlace| {
        place.name == name && (place.kind == DefinitionKind::Type) == is_type
    };
    let in_common = |place: &&DefinitionPlace| {
        let lines = code[place.range.clone()].lines();
        let known = lines.filter(|line| asked.old.lines().any(|old| old.trim() == line.trim()));
        known.count()
    };
    // The first of equals.
    places
        .definitions
        .iter()
        .rev()
        .filter(fits)
        .max_by_key(in_common)
}

/// The only definition of an answer under another name, if it was asked to have one.
fn renamed<'a>(places: &'a Places, name: &str, asked: &Asked) -> Option<&'a DefinitionPlace> {
    let speaks_of_it = |text: &str| {
        let lower = text.to_lowercase();
        ["rename", "naming", "name it", "call it"]
            .iter()
            .any(|word| lower.contains(word))
    };
    let may_change = match &asked.offer.action {
        Action::Edit { instruction } => speaks_of_it(instruction),
        Action::Fix { problems } => problems.iter().any(|problem| {
            let message = &problem.message;
            speaks_of_it(message) || message.contains("name") && mentions(message, name)
        }),
        _ => false,
    };
    let mut outermost = places.definitions.iter().filter(|place| place.depth == 0);
    let only = outermost.next().filter(|_| outermost.next().is_none());
    only.filter(|_| may_change)
}

/// With the semicolon that the old text ends with.
fn with_end(code: &str, range: &Range<usize>, old: &str) -> Range<usize> {
    let semicolon = old.trim_end().ends_with(';') && code[range.end..].starts_with(';');
    range.start..range.end + usize::from(semicolon)
}

/// From the beginning of the range's line, if only blanks stand before it there; without common indentation.
fn lines_from(code: &str, range: &Range<usize>) -> String {
    let line = code[..range.start].rfind('\n').map_or(0, |feed| feed + 1);
    let start = if code[line..range.start].trim().is_empty() {
        line
    } else {
        range.start
    };
    dedented(&code[start..range.end])
}

/// Attributes and decorators that the old text begins with and the new one has none of.
fn with_attributes(code: String, old: &str) -> String {
    let is_attribute = |line: &&str| ["@", "#[", "["].iter().any(|start| line.starts_with(start));
    if code.lines().next().is_some_and(|line| is_attribute(&line)) {
        return code;
    }
    let attributes: Vec<&str> = old.lines().take_while(is_attribute).collect();
    match attributes.is_empty() {
        true => code,
        false => format!("{}\n{code}", attributes.join("\n")),
    }
}

fn imports_outside(code: &str, places: &Places, range: &Range<usize>) -> Vec<String> {
    let is_within = |import: &Range<usize>, around: &Range<usize>| {
        around.start <= import.start && import.end <= around.end
    };
    let definitions = || places.definitions.iter().map(|place| &place.range);
    let is_outside = |import: &&Range<usize>| {
        let mut around = definitions().chain([range]);
        !around.any(|around| is_within(import, around))
    };
    let outside = places.imports.iter().filter(is_outside);
    outside
        .map(|import| code[import.clone()].trim().to_owned())
        .collect()
}

/// Code for lines without an import of their own, without the imports that it begins with: they would belong to the head of the file, which
/// nobody asked to change.
pub fn without_imports(code: String, asked: &Asked) -> String {
    let has_own = places_of(&asked.old, asked).is_none_or(|places| !places.imports.is_empty());
    let places = places_of(&code, asked).filter(|_| !has_own);
    let mut head = 0;
    for import in places.iter().flat_map(|places| &places.imports) {
        let is_first = code
            .get(head..import.start)
            .is_some_and(|between| between.trim().is_empty());
        if !is_first {
            break;
        }
        head = import.end;
    }
    let rest = code[head..].trim_start_matches([';', '\r', '\n']);
    rest.to_owned()
}

/// The same for languages without a query: from the line that seems to define the name to where its block ends.
fn by_lines(code: &str, name: &str, asked: &Asked) -> Option<Range<usize>> {
    const KEYWORDS: [&str; 16] = [
        "fun",
        "function",
        "def",
        "func",
        "sub",
        "fn",
        "class",
        "struct",
        "trait",
        "object",
        "interface",
        "module",
        "proc",
        "record",
        "enum",
        "local",
    ];
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        if mentions(line, name) && words.any(|word| KEYWORDS.contains(&word)) {
            break;
        }
        start += line.len();
    }
    let text = code.get(start..).filter(|text| !text.is_empty())?;
    let end = match BlockStyle::of(asked.language) {
        BlockStyle::Brackets => end_of_brackets(text, Lexis::of(asked.language))?,
        BlockStyle::Words => {
            let depth = indentation(text);
            let mut at = 0;
            let ends =
                |line: &str| indentation(line) == depth && line.trim_start().starts_with("end");
            text.split_inclusive('\n').find_map(|line| {
                at += line.len();
                ends(line).then_some(at)
            })?
        }
        _ => return None,
    };
    Some(start..start + text[..end].trim_end().len())
}

/// Behind the bracket that closes the first curly one.
fn end_of_brackets(text: &str, lexis: Lexis) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in brackets::blanked(text, lexis).char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at + 1),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Why no definition called `name` was found.
pub fn why_not(code: &str, name: &str, asked: &Asked) -> Fault {
    let defines = places_of(code, asked).is_some_and(|places| !places.definitions.is_empty());
    if defines {
        Fault::NotDefined(name.to_owned())
    } else if !said::looks_like_code(code) {
        Fault::Prose
    } else {
        Fault::Part
    }
}

/// The answer defines something, and not what has this name.
pub fn defines_another(code: &str, name: &str, asked: &Asked) -> bool {
    let first = code.len() - code.trim_start().len();
    places_of(code, asked).is_some_and(|places| {
        let begins = places
            .definitions
            .iter()
            .any(|place| place.range.start == first);
        begins && !places.definitions.iter().any(|place| place.name == name)
    })
}

/// The function's body in an answer that has more; what is in the brackets of an answer that has no more. `None` if it is neither.
pub fn implementation(code: &str, asked: &Asked) -> Option<Found> {
    let lexis = Lexis::of(asked.language);
    let defined = asked.offer.target.name.as_deref().and_then(|name| {
        let Some(places) = places_of(code, asked) else {
            let range = by_lines(code, name, asked)?;
            let open = range.start + brackets::blanked(&code[range.clone()], lexis).find('{')?;
            return Some((open..range.end, Vec::new(), range.end));
        };
        let place = named(&places, name, code, asked)?;
        let imports = imports_outside(code, &places, &place.range);
        Some((place.body.clone()?, imports, place.range.end))
    });
    let (body, mut imports, end) = match defined {
        Some(found) => found,
        None => {
            let text = code.trim();
            let is_block =
                text.starts_with('{') && end_of_brackets(text, lexis) == Some(text.len());
            let start = code.len() - code.trim_start().len();
            is_block.then(|| (start..start + text.len(), Vec::new(), code.len()))?
        }
    };
    let text = &code[body.clone()];
    let inner = match text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
    {
        Some(inner) => dedented(inner.trim_matches('\n').trim_end()),
        None => lines_from(code, &body),
    };
    let mut inner = without_docstring(&inner, asked);
    if asked
        .language
        .is_some_and(|language| language.id() == "python")
    {
        // There they may stand in the function itself.
        imports.retain(|import| !asked.document.contains(import.as_str()));
        imports.push(inner);
        inner = imports.join("\n");
    }
    Some(Found {
        code: inner,
        is_last: code[end..].trim().is_empty(),
    })
}

/// Without the docstring that the function has already, above the target.
fn without_docstring(body: &str, asked: &Asked) -> String {
    let above = asked.document[..asked.range.start].trim_end();
    for quotes in ["\"\"\"", "'''"] {
        let begins = body
            .trim_start()
            .trim_start_matches(['r', 'R'])
            .strip_prefix(quotes);
        let has_one = above.ends_with("\"\"\"") || above.ends_with("'''");
        if let (Some(rest), true) = (begins, has_one)
            && let Some(end) = rest.find(quotes)
        {
            return dedented(rest[end + quotes.len()..].trim_matches('\n'));
        }
    }
    body.to_owned()
}

/// The old function with a new body, if the answer is that: lines most of which the old body has, and not many fewer.
pub fn body_alone(code: &str, asked: &Asked) -> Option<String> {
    let name = asked.defined()?;
    let places = places_of(&asked.old, asked)?;
    let body = named(&places, name, &asked.old, asked)?.body.clone()?;
    let old_body = &asked.old[body.clone()];
    let is_braced = old_body.starts_with('{');
    let telling = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| significant(line) >= TELLING);
        lines.map(str::to_owned).collect()
    };
    let (old_lines, new_lines) = (telling(old_body), telling(code));
    let known = new_lines
        .iter()
        .filter(|line| old_lines.contains(line))
        .count();
    let is_most = known * 2 >= new_lines.len() && new_lines.len() * 10 >= old_lines.len() * 6;
    let same_end = new_lines
        .first()
        .is_some_and(|line| old_lines.first() == Some(line))
        || new_lines
            .last()
            .is_some_and(|line| old_lines.last() == Some(line));
    if old_lines.len() < 2 || !is_most || !same_end {
        return None;
    }
    let first = old_body
        .lines()
        .find(|line| significant(line) > usize::from(is_braced) && line.trim() != "{")?;
    let line = asked.old[..body.start]
        .rfind('\n')
        .map_or(0, |feed| feed + 1);
    let indent = match is_braced {
        true => first[..indentation(first)].to_owned(),
        false => asked.old[line..body.start].to_owned(),
    };
    if !indent.trim().is_empty() || indent.is_empty() {
        return None;
    }
    let code = match code
        .trim()
        .strip_prefix('{')
        .and_then(|code| code.strip_suffix('}'))
    {
        Some(inner) if is_braced => dedented(inner.trim_matches('\n').trim_end()),
        _ => code.to_owned(),
    };
    let inner = indented(&code, &indent);
    Some(match is_braced {
        true => format!(
            "{}{{\n{inner}\n}}{}",
            &asked.old[..body.start],
            &asked.old[body.end..]
        ),
        false => format!("{}{inner}{}", &asked.old[..line], &asked.old[body.end..]),
    })
}

fn indented(code: &str, indent: &str) -> String {
    let lines = code.lines().map(|line| match line.trim().is_empty() {
        true => String::new(),
        false => format!("{indent}{line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The old text with some lines replaced: the answer begins and ends with lines that it has, each of them once.
pub fn between_anchors(code: &str, asked: &Asked) -> Option<String> {
    let old: Vec<&str> = asked.old.lines().collect();
    let filled: Vec<&str> = code
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let (first, last) = (filled.first()?, filled.last()?);
    let only = |wanted: &str| {
        let mut found = old
            .iter()
            .enumerate()
            .filter(|(_, line)| line.trim() == wanted.trim());
        let (at, _) = found.next()?;
        (found.next().is_none() && significant(wanted) >= TELLING).then_some(at)
    };
    let (from, to) = (only(first)?, only(last)?);
    if from >= to || filled.len() < 3 {
        return None;
    }
    let indent = &old[from][..indentation(old[from])];
    let lines = indented(&dedented(code), indent);
    let mut parts = old[..from].to_vec();
    parts.push(&lines);
    parts.extend(&old[to + 1..]);
    Some(parts.join("\n"))
}

/// All of the lines, if the answer is only the one that the problem is in, mended: the others stay.
pub fn line_alone(code: &str, asked: &Asked) -> Option<String> {
    let problem = asked.offer.action.only_problem()?;
    let line = checks::line_of(problem, &asked.document)?;
    let new = code.trim();
    let mut found = asked.old.lines().filter(|old| old.trim() == line);
    let old = found.next().filter(|_| found.next().is_none())?;
    let is_alone = filled_lines(code).count() == 1 && filled_lines(&asked.old).count() > 1;
    let is_mended = new != line && TextDiff::from_chars(new, line).ratio() >= LEAST_ALIKE;
    let indented = old.replace(line, new);
    let mended = |each| if each == old { indented.as_str() } else { each };
    let lines: Vec<&str> = asked.old.lines().map(mended).collect();
    (is_alone && is_mended).then(|| lines.join("\n"))
}

/// The answer without the lines around the target, if it repeats the one above or the one below; on one line, without what
/// stands beside the target.
pub fn between_neighbours(code: &str, asked: &Asked) -> Option<String> {
    let (above, below) = (
        &asked.document[..asked.range.start],
        &asked.document[asked.range.end..],
    );
    let (lead, rest) = (
        above.rsplit('\n').next()?.trim(),
        below.lines().next().unwrap_or_default().trim(),
    );
    if !lead.is_empty() || !rest.is_empty() {
        let inner = code.trim().strip_prefix(lead)?.strip_suffix(rest)?;
        return (!inner.trim().is_empty()).then(|| inner.trim().to_owned());
    }
    let is_telling = |line: &&str| {
        significant(line) >= TELLING && !asked.old.lines().any(|old| says_the_same(old, line))
    };
    let nearest_above = above
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .filter(is_telling);
    let nearest_below = below
        .lines()
        .find(|line| !line.trim().is_empty())
        .filter(is_telling);
    let lines: Vec<&str> = code.lines().collect();
    let only = |wanted: Option<&str>| {
        let wanted = wanted?;
        let mut found = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| says_the_same(line, wanted));
        let (at, _) = found.next()?;
        found.next().is_none().then_some(at)
    };
    let from = only(nearest_above).map_or(0, |at| at + 1);
    let to = only(nearest_below)
        .filter(|at| *at >= from)
        .unwrap_or(lines.len());
    let is_cut = from > 0 || to < lines.len();
    is_cut.then(|| dedented(&lines[from..to].join("\n")))
}

/// The answer without the comment above the target, if it begins with that.
pub fn below_comment(code: &str, asked: &Asked) -> String {
    let above: Vec<&str> = asked.document[..asked.range.start]
        .lines()
        .rev()
        .take(MAX_COMMENT_LINES)
        .map(str::trim)
        .collect();
    let is_repeated = |line: &&str| {
        line.trim().is_empty() || is_comment(line.trim()) && above.contains(&line.trim())
    };
    let lines: Vec<&str> = code.lines().skip_while(is_repeated).collect();
    dedented(&lines.join("\n"))
}
