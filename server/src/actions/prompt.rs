//! What the model is told for an action: the code, what is wrong with it or wanted of it, and how its answer begins. Pure.
//!
//! The answer's beginning is written for the model wherever it is known: the fence, the signature of what it implements, the opening of a
//! doc comment. A small model that has begun rightly goes on rightly.

use std::ops::Range;

use grammars::Notation;
use ropey::Rope;

use super::{
    Action, Offer, Problem, TargetKind, answer,
    convention::Form,
    offer::{Place, Source},
    test_place::TestPlace,
};
use crate::{
    completion::stop::is_comment,
    context::{Piece, privacy},
    prompt::chat::{Messages, Part},
    words::is_word_char,
};

/// The system text. Short: it is read before every answer, and models of this size follow the question rather than it.
const SYSTEM: &str = "You are a careful programmer. You answer with code and nothing else.";
const SYSTEM_OF_WORDS: &str = "You are a careful programmer who explains code briefly and plainly.";

/// Lines of the file above and below the target that are shown, so that the model knows what names stand for.
const LINES_ABOVE: usize = 20;
const LINES_BELOW: usize = 6;
/// Of a comment above a function.
const MOST_COMMENT_LINES: usize = 60;

/// Bytes of source code to a token, at least: what an answer may be long follows from what it replaces.
const BYTES_PER_TOKEN: usize = 3;

/// Tokens of an answer that replaces nothing: a body, tests, a comment.
const TOKENS_OF_CODE: u32 = 512;
const TOKENS_OF_TESTS: u32 = 768;
const TOKENS_OF_WORDS: u32 = 320;
/// Beyond what is replaced, an answer may have so many tokens more.
const MORE_TOKENS: u32 = 160;

/// What goes to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub messages: Messages,
    /// What of the head belongs to the answer and is read with it.
    pub answer_begins: String,
    /// Tokens of the answer at most; one that is longer has lost its way.
    pub max_tokens: u32,
    pub end: End,
}

impl Question {
    /// One that is answered with code that begins with `head`.
    fn of_code(user: Vec<Part>, head: String, max_tokens: u32, end: End) -> Self {
        Self {
            messages: Messages {
                system: SYSTEM.to_owned(),
                user,
                retries: Vec::new(),
                answer_head: head.clone(),
            },
            answer_begins: head,
            max_tokens,
            end,
        }
    }

    /// All of an answer of which the model has `written` what comes behind its beginning. Some models say that once more.
    pub fn answer(&self, written: &str) -> String {
        let (fence, code) = match self.answer_begins.split_once('\n') {
            Some((_, code)) => self
                .answer_begins
                .split_at(self.answer_begins.len() - code.len()),
            None => (self.answer_begins.as_str(), ""),
        };
        let again = written.trim_start();
        let rest = again.strip_prefix(code.trim_end());
        let is_said_again = rest.is_some_and(|rest| !rest.starts_with(is_word_char));
        match is_said_again && !code.trim().is_empty() {
            true => fence.to_owned() + again,
            false => self.answer_begins.clone() + written,
        }
    }
}

/// Where an answer has said what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At the fence that closes the code.
    Fence,
    /// There, or where tests say nothing new any more.
    Tests,
    /// At the first line that is no documentation, of comments that begin with this.
    CommentLines(&'static str),
    /// At this text.
    Text(&'static str),
    /// Where the model ends.
    Model,
}

impl End {
    /// Whether `written`, what has come behind the answer's head, is all that is wanted.
    pub fn is_reached(self, written: &str) -> bool {
        let whole_lines = written.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let mut lines = whole_lines.lines();
        let is_fenced_off = || {
            let mut lines = written.lines();
            lines.any(|line| line.trim_start().starts_with("```"))
        };
        match self {
            Self::Fence => is_fenced_off(),
            Self::Tests => is_fenced_off() || answer::rambles(written),
            // The first goes on behind the mark in the head.
            // Nor is a section of examples wanted, which a small model makes up.
            Self::CommentLines(mark) => lines.skip(1).any(|line| {
                let said = line.trim_start().strip_prefix(mark.trim_end());
                said.is_none_or(|said| said.trim_start().starts_with("# Exam"))
            }),
            Self::Text(end) => written.contains(end) || lines.any(|line| line.starts_with("```")),
            Self::Model => false,
        }
    }
}

/// What an action is about, in one place.
pub struct Matter<'a> {
    pub source: &'a Source,
    /// The same text, for what must not be shown of it.
    pub rope: &'a Rope,
    pub offer: &'a Offer,
    pub place: &'a Place,
    /// Of the file, in its project.
    pub path: &'a str,
    /// What other files say of the names that are used.
    pub pieces: &'a [Piece],
    /// For [`Action::Test`].
    pub tests: Option<Tests<'a>>,
}

/// Where tests go, and what is there.
pub struct Tests<'a> {
    pub place: &'a TestPlace,
    /// Of the test file.
    pub path: &'a str,
    pub text: Option<&'a str>,
    /// What the tests import the code from, where the language has modules and it is known.
    pub module: Option<&'a str>,
}

impl Matter<'_> {
    /// What the model is asked.
    pub fn question(&self) -> Question {
        match &self.offer.action {
            Action::Fix { problems } => self.rewrite(&self.complaint(problems), "Write the corrected code, all of it. Change nothing else."),
            Action::Simplify => self.rewrite(
                "",
                "Make this code simpler without changing what it does, its name or its parameters. Write the new code, all of it.",
            ),
            Action::Edit { instruction } => {
                let instruction = privacy::without_secrets(instruction.trim(), Notation::Prose);
                let wanted = format!("Change this code as told: {instruction}\nWrite the new code, all of it.");
                self.rewrite("", &wanted)
            }
            Action::Implement if self.offer.target.kind == TargetKind::Lines => self.code_of_comment(),
            Action::Implement => self.body(),
            Action::Document => self.documentation(),
            Action::Test => self.tests(),
            Action::Explain { problems } => self.explanation(problems),
        }
    }

    /// Code that replaces the target.
    fn rewrite(&self, complaint: &str, wanted: &str) -> Question {
        let target = &self.offer.target.range;
        let code = self.dedented(target.clone());
        let asked = format!("The code:\n{}{complaint}\n{wanted}", self.fenced(&code));
        let mut user = self.related();
        user.extend(self.around(target).map(Part::Context));
        user.push(Part::Needed(asked));
        let head = self.fence() + self.kept_head(&code);
        Question::of_code(
            user,
            head,
            tokens(target.len()) * 3 / 2 + MORE_TOKENS,
            End::Fence,
        )
    }

    /// How the code of a function or type begins in any case: a model that begins with it writes that and nothing around it. To mend
    /// something its parameters may have to change, but not its name.
    fn kept_head<'a>(&self, code: &'a str) -> &'a str {
        let target = &self.offer.target;
        let first = code.split_inclusive('\n').next().unwrap_or_default();
        let is_definition = matches!(target.kind, TargetKind::Function | TargetKind::Type);
        let name = target.name.as_deref().unwrap_or_default();
        match self.offer.action {
            Action::Simplify if is_definition && first.ends_with('\n') => first,
            Action::Fix { .. } if is_definition && !name.is_empty() => {
                first.find(name).map_or("", |at| &first[..at + name.len()])
            }
            _ => "",
        }
    }

    /// The messages of a compiler, each with the line that it is about.
    fn complaint(&self, problems: &[Problem]) -> String {
        let mut complaint = String::new();
        for problem in problems {
            let tool = problem.source.as_deref().unwrap_or("The compiler");
            let line = self.shown(self.source.line(problem.range.start));
            let line = line.trim();
            let code = problem
                .code
                .as_ref()
                .map(|code| format!(" ({code})"))
                .unwrap_or_default();
            let message = privacy::without_secrets(problem.message.trim(), Notation::Prose);
            complaint += &format!("\n{tool} complains about `{line}`{code}:\n{message}\n");
        }
        complaint
    }

    fn body(&self) -> Question {
        let target = self.offer.target.range.clone();
        let definition = self.place.definition.clone().unwrap_or(target.clone());
        let whole = self.dedented(self.comment_above(definition.start)..definition.end);
        let head = self.dedented(definition.start..target.start);
        let head = format!("{}{}\n", self.fence(), head.trim_end());
        let mut user = self.related();
        user.push(Part::Needed(format!(
            "Complete this function. Write all of it, with its body.\n{}",
            self.fenced(&whole)
        )));
        Question::of_code(user, head, TOKENS_OF_CODE, End::Fence)
    }

    /// Where the comment above begins that says, in most languages, what is to be written; `at` itself where there is none. Imports and attributes may
    /// stand between the two.
    fn comment_above(&self, at: usize) -> usize {
        let source = self.source;
        let mut start = at;
        let mut line = source.line_start(at);
        let mut is_in_block = false;
        for _ in 0..MOST_COMMENT_LINES {
            let Some(above) = source.line_above(line) else {
                break;
            };
            line = above.start;
            let text = source.slice(above).trim();
            is_in_block |= text.ends_with("*/");
            if is_in_block || is_comment(text) {
                is_in_block &= !text.contains("/*");
                if !is_in_block {
                    start = line + source.indent(line).len();
                }
            } else if !is_preamble(text) {
                break;
            }
        }
        start
    }

    fn code_of_comment(&self) -> Question {
        let at = self.offer.target.range.start;
        let comment = self.shown(self.source.line(at));
        let comment = comment.trim();
        let mut user = self.related();
        user.extend(self.around(&(at..at)).map(Part::Context));
        user.push(Part::Needed(format!(
            "Write the code that this comment asks for, and only that:\n{}",
            self.fenced(comment)
        )));
        // The comment is in the file already: it begins the answer, and is not read with it.
        let head = format!("{}{comment}\n", self.fence());
        Question {
            answer_begins: self.fence(),
            ..Question::of_code(user, head, TOKENS_OF_CODE, End::Fence)
        }
    }

    fn documentation(&self) -> Question {
        let target = &self.offer.target;
        let definition = self
            .place
            .definition
            .clone()
            .unwrap_or(target.range.clone());
        let code = self.fenced(&self.dedented(definition.clone()));
        let what = match (target.kind, &target.name) {
            (TargetKind::Module, None) => "this file".to_owned(),
            (_, Some(name)) => format!("`{name}`"),
            _ => "this code".to_owned(),
        };
        let (opening, end) = match self
            .place
            .convention
            .as_ref()
            .map(|convention| &convention.form)
        {
            Some(Form::Lines(mark)) => (format!("{mark} "), End::CommentLines(mark)),
            Some(Form::Xml) => ("/// <summary>".to_owned(), End::CommentLines("///")),
            Some(Form::Block | Form::FileBlock(_)) => ("/**\n * ".to_owned(), End::Text("*/")),
            Some(Form::Docstring(quotes)) => ((*quotes).to_owned(), End::Text(quotes)),
            None => (String::new(), End::Fence),
        };
        let wanted = format!(
            "Write the documentation comment of {what}: in one to three sentences what it is for and what one has to know to use it. Write the comment \
             only, not the code.\n{code}"
        );
        let head = format!("{}{opening}", self.fence());
        let mut user = self.related();
        user.push(Part::Needed(wanted));
        Question::of_code(user, head, TOKENS_OF_WORDS, end)
    }

    fn tests(&self) -> Question {
        let code = self.fenced(&self.dedented(self.offer.target.range.clone()));
        let name = self.offer.target.name.as_deref().unwrap_or("this code");
        let mut user = self.related();
        let mut wanted = format!("The code, in `{}`:\n{code}\n", self.path);
        if let Some(tests) = &self.tests {
            if let Some(text) = tests.text {
                let head: String = text
                    .lines()
                    .take(LINES_ABOVE * 2)
                    .map(|line| format!("{line}\n"))
                    .collect();
                user.push(Part::Context(format!(
                    "`{}` begins so:\n{}\n",
                    tests.path,
                    self.fenced(head.trim_end())
                )));
            }
            if !matches!(tests.place, TestPlace::SameFile { .. }) {
                wanted += &format!("The tests go into `{}`.\n", tests.path);
            }
        }
        wanted += &format!(
            "Write a few short tests for `{name}`, {}. Do not repeat the code.",
            self.framework()
        );
        user.push(Part::Needed(wanted));
        let head = self.fence() + &self.head_of_tests();
        Question::of_code(user, head, TOKENS_OF_TESTS, End::Tests)
    }

    /// How tests begin as far as it is known: with what they import the code by, where they have a file of their own, and the first test's head.
    fn head_of_tests(&self) -> String {
        let Some(tests) = &self.tests else {
            return String::new();
        };
        let target = &self.offer.target;
        let is_top_level = self.source.indent(target.range.start).is_empty();
        let name = target.name.as_deref().filter(|_| is_top_level);
        let is_first = tests.text.is_none();
        match (self.source.language_id(), tests.module, name) {
            ("python", Some(module), Some(name)) if is_first => {
                format!("from {module} import {name}\n\n\ndef test_{name}")
            }
            ("python", Some(module), _) => format!("from {module} import"),
            ("javascript" | "typescript" | "typescriptreact", Some(module), Some(name))
                if is_first =>
            {
                let is_common_js = self.source.text.contains("exports");
                let import = match is_common_js {
                    true => format!("const {{ {name} }} = require('{module}');"),
                    false => format!("import {{ {name} }} from '{module}';"),
                };
                format!("{import}\n\ntest('")
            }
            ("typescript" | "typescriptreact", ..) => "import {".to_owned(),
            _ => String::new(),
        }
    }

    /// What tests are written with, where the project does not say otherwise.
    fn framework(&self) -> &'static str {
        match self.source.language_id() {
            "rust" => "functions with `#[test]` and `assert_eq!`, without a module around them",
            "python" => {
                "functions whose names begin with `test_`, with plain `assert`, as pytest runs them"
            }
            "go" => "functions `TestX(t *testing.T)`",
            "java" | "kotlin" => "with JUnit 5",
            "csharp" => "with xUnit",
            "javascript" | "typescript" | "typescriptreact" => "with `test(...)` and `expect(...)`",
            "c" | "cpp" => "with `assert`, called from `main`",
            "ruby" => "with RSpec",
            "php" => "with PHPUnit",
            _ => "as the language usually has them",
        }
    }

    fn explanation(&self, problems: &[Problem]) -> Question {
        let code = self.fenced(&self.dedented(self.offer.target.range.clone()));
        let complaint = self.complaint(problems);
        let wanted = match problems.is_empty() {
            true => format!("Explain what {} does, in a few sentences.", self.called()),
            false => format!(
                "{complaint}\nExplain what this message means here and how to mend it, in a few sentences."
            ),
        };
        let mut user = self.related();
        user.push(Part::Needed(format!("The code:\n{code}{wanted}")));
        Question {
            messages: Messages {
                system: SYSTEM_OF_WORDS.to_owned(),
                user,
                ..Messages::default()
            },
            answer_begins: String::new(),
            max_tokens: TOKENS_OF_WORDS,
            end: End::Model,
        }
    }

    // ---- parts of questions

    fn related(&self) -> Vec<Part> {
        let piece = |piece: &Piece| {
            let name = piece.path.file_name().unwrap_or_default().to_string_lossy();
            Part::Context(format!(
                "From `{name}`:\n{}\n",
                self.fenced(piece.text.trim_end())
            ))
        };
        self.pieces.iter().map(piece).collect()
    }

    /// The lines around lines that mean little alone. The model shall not write them.
    fn around(&self, range: &Range<usize>) -> Option<String> {
        let source = self.source;
        if matches!(
            self.offer.target.kind,
            TargetKind::Function | TargetKind::Type
        ) {
            return None;
        }
        let mut start = source.line_start(range.start);
        for _ in 0..LINES_ABOVE {
            let Some(above) = source.line_above(start) else {
                break;
            };
            start = above.start;
        }
        let mut end = source.line_end(range.end);
        for _ in 0..LINES_BELOW {
            let Some(below) = source.next_line(end) else {
                break;
            };
            end = source.line_end(below);
        }
        let [above, below] = [
            start..source.line_start(range.start),
            source.line_end(range.end)..end,
        ];
        let [above, below] = [above, below].map(|range| self.shown(range));
        let [above, below] = [&above, &below].map(|text| text.trim_matches(['\n', '\r']));
        if above.trim().is_empty() && below.trim().is_empty() {
            return None;
        }
        let mut said = String::new();
        for (where_, text) in [("above", above), ("below", below)] {
            if !text.trim().is_empty() {
                said += &format!(
                    "In `{}`, {where_} the code:\n{}\n",
                    self.path,
                    self.fenced(text)
                );
            }
        }
        Some(said)
    }

    /// Without secret values.
    fn shown(&self, range: Range<usize>) -> String {
        privacy::shown(self.rope, range, Notation::of(self.source.language))
    }

    fn called(&self) -> String {
        match &self.offer.target.name {
            Some(name) => format!("`{name}`"),
            None => "this code".to_owned(),
        }
    }

    fn fence(&self) -> String {
        format!("```{}\n", self.source.language_id())
    }

    fn fenced(&self, code: &str) -> String {
        format!("{}{}\n```\n", self.fence(), code)
    }

    /// Code without the indentation that all its lines have.
    fn dedented(&self, range: Range<usize>) -> String {
        let indent = self.source.indent(range.start);
        let text = self.shown(range).replace("\r\n", "\n");
        let lines = text
            .lines()
            .map(|line| line.strip_prefix(indent).unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Whether a line may stand between a function and the comment that is about it. One with `#` counts as a comment already.
fn is_preamble(line: &str) -> bool {
    let begins = ["@", "[", "using ", "import ", "template"];
    line.is_empty() || begins.iter().any(|begin| line.starts_with(begin))
}

fn tokens(bytes: usize) -> u32 {
    bytes.div_ceil(BYTES_PER_TOKEN) as u32
}
