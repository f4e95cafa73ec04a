//! The sign that a tool misses at the end of a line: then its message says all that the mend is.

use super::{
    Problem,
    edit::Edit,
    names::{line_around, quoted},
};

/// Signs that end a statement or a head.
const ENDS: [&str; 2] = [";", ":"];
const MISSED: &str = "expected";

/// Edits of the document of which one may mend `problem`: tools complain of the line itself, or of the next one.
pub fn missing(document: &str, problem: &Problem) -> Vec<Edit> {
    let message = problem.message.to_ascii_lowercase();
    let sign = quoted(&message)
        .next()
        .filter(|sign| ENDS.contains(sign) && message.contains(MISSED));
    let Some((sign, line)) = sign.zip(line_around(document, problem)) else {
        return Vec::new();
    };
    let ends = [&document[..line.end], &document[..line.start]].map(|text| text.trim_end().len());
    ends.into_iter()
        .map(|at| Edit {
            range: at..at,
            text: sign.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_goes_to_the_end_of_a_line() {
        let document = "int a = 1\n\nint b = 2;\n";
        let at = |at: usize, message: &str| {
            let problem = Problem::error(at..at, message);
            let edits = missing(document, &problem);
            let ends = edits.iter().map(|edit| (edit.range.start, &*edit.text));
            format!("{:?}", ends.collect::<Vec<_>>())
        };
        assert_eq!(at(4, "';' expected"), r#"[(9, ";"), (0, ";")]"#);
        let message = "expected ‘;’ before ‘int’";
        assert_eq!(at(11, message), r#"[(21, ";"), (9, ";")]"#);
        assert_eq!(at(4, "expected `:`, found `}`"), r#"[(9, ":"), (0, ":")]"#);
        assert_eq!(at(4, "expected ')' before ';' token"), "[]");
        assert_eq!(at(4, "unexpected token 'a'"), "[]");
        assert_eq!(at(4, "';' is no value"), "[]");
    }
}
