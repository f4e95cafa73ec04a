//! Unified diffs, as `git apply` and `patch` read them. Pure.

use std::fmt::Write;

use similar::{Algorithm, DiffTag, capture_diff_slices, group_diff_ops};

/// Unchanged lines shown around a change.
const CONTEXT_LINES: usize = 3;

/// What turns `old` into `new`; `old` is `None` for a file that does not exist yet. `path` is relative, with slashes. Empty if nothing
/// changes.
pub fn unified(path: &str, old: Option<&str>, new: &str) -> String {
    let old_text = old.unwrap_or_default();
    if old_text == new {
        return String::new();
    }
    let old_lines: Vec<&str> = old_text.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let mut diff = match old {
        Some(_) => format!("--- {}\n", name("a", path)),
        None => "--- /dev/null\n".to_owned(),
    };
    let _ = writeln!(diff, "+++ {}", name("b", path));
    let ops = capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines);
    for group in group_diff_ops(ops, CONTEXT_LINES) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        let _ = writeln!(diff, "@@ -{} +{} @@", span(old_range), span(new_range));
        for op in &group {
            let (old_part, new_part) = (&old_lines[op.old_range()], &new_lines[op.new_range()]);
            if op.tag() == DiffTag::Equal {
                push_lines(&mut diff, ' ', old_part);
            } else {
                push_lines(&mut diff, '-', old_part);
                push_lines(&mut diff, '+', new_part);
            }
        }
    }
    diff
}

fn push_lines(diff: &mut String, sign: char, lines: &[&str]) {
    for line in lines {
        diff.push(sign);
        diff.push_str(line);
        if !line.ends_with('\n') {
            diff.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// A file's name with its prefix: quoted as git does where it has characters that would end it early, and with a tab behind it where it
/// has blanks, for `patch`.
fn name(prefix: &str, path: &str) -> String {
    let full = format!("{prefix}/{path}");
    if !full.contains(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
        let tab = if full.contains(' ') { "\t" } else { "" };
        return full + tab;
    }
    let mut quoted = String::from('"');
    for c in full.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => {
                let _ = write!(quoted, "\\{:03o}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Lines as a hunk's header counts them: from 1, and from the line before where there are none.
fn span(lines: std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        len => format!("{},{len}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests;
