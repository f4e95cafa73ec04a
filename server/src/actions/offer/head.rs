//! The head of a file: where the documentation of all of it stands.

use std::ops::Range;

use super::place::Place;
use super::source::Source;
use crate::actions::convention::{self, Convention, Form};
use crate::actions::{Target, TargetKind};

/// Said in comments that are about rights, not about the file.
const LEGAL: [&str; 4] = ["copyright", "license", "spdx", "(c)"];

/// Lines that have to stay first, by how they begin.
const FIRST_LINES: [&str; 7] = [
    "#!",
    "# -*-",
    "# vim",
    "<?php",
    "declare(strict",
    "'use strict'",
    "\"use strict\"",
];

/// Where the file's documentation goes, or stands. `None` in languages that have no such thing.
pub fn document(source: &Source) -> Option<(Target, Place)> {
    let id = source.language_id();
    let package = if id == "go" {
        Some(package(source)?)
    } else {
        None
    };
    let name = package.as_ref().map(|(_, name)| name.clone());
    let kind = TargetKind::Module;
    let convention = Convention::of(source, kind, name.as_deref()).filter(|convention| {
        // Comments at the head of a script may be about anything.
        convention.form != Form::Lines("#")
    })?;
    let start = package.map_or_else(|| behind_first_lines(source), |(at, _)| at);
    let doc = existing(source, &convention, start);
    let range = doc.clone().unwrap_or(start..start);
    let below = source.text.get(start..).unwrap_or_default();
    let trail = match (&doc, convention.form == Form::Lines("//")) {
        (Some(_), _) => String::new(),
        (None, true) => source.newline.to_owned(),
        (None, false) if below.trim().is_empty() || below.starts_with(['\n', '\r']) => {
            source.newline.to_owned()
        }
        (None, false) => source.newline.repeat(2),
    };
    let place = Place {
        trail,
        newline: source.newline,
        convention: Some(convention),
        ..Place::default()
    };
    Some((Target { range, kind, name }, place))
}

/// The place is on the head of the file: above all code, or on its first line of code.
pub fn holds(source: &Source, at: usize) -> bool {
    let first = source.text.len() - source.text.trim_start().len();
    let start = document(source).map_or(first, |(target, _)| target.range.end.max(first));
    at <= source.line_end(start.min(source.text.len()))
}

/// Where the package clause of Go begins, and the name in it.
fn package(source: &Source) -> Option<(usize, String)> {
    let at = match source.text.starts_with("package ") {
        true => 0,
        false => source.text.find("\npackage ")? + 1,
    };
    let name = source.slice(source.line(at)).split_whitespace().nth(1)?;
    Some((at, name.to_owned()))
}

/// Behind interpreter lines and legal comments.
fn behind_first_lines(source: &Source) -> usize {
    let mut at = 0;
    loop {
        let line = source.slice(source.line(at));
        let run = super::comment::run_at(source, at);
        let is_legal = |range: &Range<usize>| {
            let text = source.slice(range.clone()).to_lowercase();
            LEGAL.iter().any(|word| text.contains(word))
        };
        let next = if FIRST_LINES.iter().any(|start| line.starts_with(start))
            && !line.starts_with("#![")
        {
            source.next_line(at)
        } else if let Some(run) = run.filter(|run| is_legal(&run.range)) {
            let mut below = source.next_line(run.range.end);
            while let Some(next) =
                below.filter(|next| source.slice(source.line(*next)).trim().is_empty())
            {
                below = source.next_line(next);
            }
            below
        } else {
            return at;
        };
        match next {
            Some(next) => at = next,
            None => return at,
        }
    }
}

fn existing(source: &Source, convention: &Convention, start: usize) -> Option<Range<usize>> {
    let below = source.text.get(start..)?;
    let at = start + (below.len() - below.trim_start().len());
    let text = &source.text[at..];
    match &convention.form {
        Form::Docstring(_) => {
            let prefix = usize::from(text.starts_with(['r', 'R', 'u', 'U']));
            let quotes = ["\"\"\"", "'''"]
                .into_iter()
                .find(|quotes| text[prefix..].starts_with(quotes))?;
            let end = text[prefix + 3..].find(quotes)?;
            Some(at..at + prefix + 3 + end + 3)
        }
        Form::Lines("//") => convention::doc_above(source, start),
        Form::Lines(mark) => {
            let mut end = None;
            let mut next = Some(at);
            while let Some(line) = next
                .map(|at| source.line(at))
                .filter(|line| source.slice(line.clone()).starts_with(mark))
            {
                end = Some(line.end);
                next = source.next_line(line.end);
            }
            end.map(|end| at..end)
        }
        _ => {
            let end = text.find("*/")? + 2;
            let block = &text[..end];
            let is_about_file = ["@file", "@module", "@packageDocumentation", "\\file"]
                .iter()
                .any(|tag| block.contains(tag));
            (text.starts_with("/*") && is_about_file).then(|| at..at + end)
        }
    }
}
