//! Secret files, known by their names alone. Owns how a name is read; the names themselves are data, in `known`. Pure.

use std::{
    path::{Component, Path},
    sync::OnceLock,
};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use grammars::Language;

mod known;

/// Variants of variants that are looked at: `key.pem.old.bak` is one of `key.pem.old`.
const MAX_VARIANTS: usize = 8;

/// Why the file at `path` must not be read by a model; `None` if it may.
pub fn secret(path: &Path) -> Option<&'static str> {
    let spelled = Path::new(path.file_name()?);
    let path = normalised(path);
    let name = path.rsplit('/').next()?;
    let folder = &path[..path.len() - name.len()];
    let variants = variants(name);
    let is_code = is_code(spelled) || variants.iter().any(|name| is_code(Path::new(name)));
    let is_secret = variants
        .iter()
        .any(|name| is_secret_name(&format!("{folder}{name}"), name, is_code));
    is_secret.then_some(
        "Files that hold secrets (.env, keys, certificates, credentials) are never shown to a model.",
    )
}

/// Whether a file of this name is source code or prose: what its name says is what it is about, not what it holds.
pub fn is_code(name: &Path) -> bool {
    let extension = name.extension().unwrap_or_default().to_string_lossy();
    known::NO_DATA.contains(&&*extension)
        || Language::detect(name, "").is_some_and(|language| !is_of_data(language))
}

pub fn is_of_data(language: &Language) -> bool {
    known::DATA_LANGUAGES.contains(&language.id())
}

/// In lower case and with slashes; without the blanks and dots that Windows drops at the end of a name.
fn normalised(path: &Path) -> String {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().to_lowercase()),
        _ => None,
    });
    let trimmed = names.map(|name| {
        let trimmed = name.trim().trim_end_matches(['.', ' ']);
        match trimmed.is_empty() {
            true => name,
            false => trimmed.to_owned(),
        }
    });
    trimmed.collect::<Vec<_>>().join("/")
}

/// The name, and those of the files that it may be a copy or an older state of.
fn variants(name: &str) -> Vec<&str> {
    let mut variants = vec![name];
    while variants.len() < MAX_VARIANTS
        && let Some(original) = variants.last().and_then(|name| original(name))
    {
        variants.push(original);
        // An editor hides what it keeps of a file: `.id_rsa.swp`.
        if let Some(shown) = original.strip_prefix('.').filter(|name| !name.is_empty()) {
            variants.push(shown);
        }
    }
    variants
}

fn original(name: &str) -> Option<&str> {
    let ends = known::VARIANT_ENDS.iter();
    let beginnings = known::VARIANT_BEGINNINGS.iter();
    ends.filter_map(|end| name.strip_suffix(end))
        .chain(beginnings.filter_map(|beginning| name.strip_prefix(beginning)))
        .chain(without_number(name))
        .find(|original| !original.trim_matches(['.', ' ']).is_empty())
}

/// `key.pem.1`, `key.pem.2024-05-01`, `id_rsa (1)`, `key.pem.~1~` without what is counted.
fn without_number(name: &str) -> Option<&str> {
    let counts = |c: char| c.is_ascii_digit() || ".-_:~() ".contains(c);
    let (original, number) = name.split_at(name.trim_end_matches(counts).len());
    let is_apart = !number.starts_with(|c: char| c.is_ascii_digit());
    (is_apart && number.contains(|c: char| c.is_ascii_digit())).then_some(original)
}

/// `is_code`: it is known from its whole name that the file is no data.
fn is_secret_name(path: &str, name: &str, is_code: bool) -> bool {
    let lists = lists();
    let says_so = || {
        lists.secret_data.is_match(path)
            || name
                .split(['-', '_', '.', ' '])
                .any(|word| known::SECRET_WORDS.contains(&word))
    };
    lists.secret.is_match(path) && !lists.prose.is_match(path)
        || !name.contains('.') && lists.secret_bare.is_match(path)
        || !is_code && says_so() && !lists.not_secret.is_match(path)
}

struct Lists {
    secret: GlobSet,
    prose: GlobSet,
    secret_data: GlobSet,
    secret_bare: GlobSet,
    not_secret: GlobSet,
}

fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| Lists {
        secret: set(known::SECRET),
        prose: set(known::PROSE),
        secret_data: set(known::SECRET_DATA),
        secret_bare: set(known::SECRET_BARE),
        not_secret: set(known::NOT_SECRET),
    })
}

/// A test builds all of them, so none is left out.
fn set(globs: &[&str]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for glob in globs.iter().flat_map(|glob| expanded(glob)) {
        let glob = GlobBuilder::new(&format!("**/{glob}"))
            .literal_separator(true)
            .build();
        glob.into_iter().for_each(|glob| {
            builder.add(glob);
        });
    }
    builder.build().unwrap_or_default()
}

/// The alternatives in braces one by one: most are names, extensions and ends of paths then, which need no regular expression.
fn expanded(glob: &str) -> Vec<String> {
    let braces = glob
        .find('}')
        .and_then(|close| Some((glob[..close].rfind('{')?, close)));
    let Some((open, close)) = braces else {
        return vec![glob.to_owned()];
    };
    let alternatives = glob[open + 1..close].split(',');
    alternatives
        .flat_map(|one| expanded(&format!("{}{one}{}", &glob[..open], &glob[close + 1..])))
        .collect()
}

#[cfg(test)]
mod tests;
