//! Which language a file of the workspace is read as. The name says it, but for headers that C and C++ share.

use std::path::Path;

use grammars::Language;

/// What C does not have, at the start of a line.
const CPP_STARTS: [&str; 8] = [
    "class ",
    "namespace ",
    "template",
    "using ",
    "public:",
    "private:",
    "protected:",
    "constexpr ",
];

/// The language of a file by its name and first line; `.h` counts as C++ where its text is.
pub fn detect(path: &Path, text: &str) -> Option<&'static Language> {
    let language = Language::detect(path, text.lines().next().unwrap_or_default())?;
    let is_header =
        language.id() == "c" && path.extension().is_some_and(|extension| extension == "h");
    let starts_like_cpp = |line: &str| {
        CPP_STARTS
            .iter()
            .any(|start| line.trim_start().starts_with(start))
    };
    if is_header && text.lines().any(starts_like_cpp) {
        return Language::by_lsp_id("cpp");
    }
    Some(language)
}
