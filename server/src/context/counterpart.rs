//! The test beside the source, and the source beside the test. Which file that may be follows from the path alone; whether it is there, the
//! index knows. Headers and sources of C are not counterparts: they are resolved as definitions.

use std::{
    ffi::OsStr,
    path::{Component, Path, PathBuf},
};

use grammars::Language;

use super::{
    Piece, Source,
    outline::{is_member_of_any, words},
};
use crate::index::symbols::{Definition, DefinitionKind, FileSymbols};

/// What a test calls is what it names, so the rest of its source is worth little...
const SOURCE_SCORE: f32 = 0.3;
/// ...and what it names near the cursor much.
const NAMED_SCORE: f32 = 0.75;
/// Names of tests say what the source is expected to do, in few tokens, but only that.
const TEST_NAMES_SCORE: f32 = 0.2;
/// Tests that are named.
const MAX_TESTS: usize = 12;

/// How tests are named after what they test: what stands around the name of the source, for files with these extensions.
struct Naming {
    extensions: &'static [&'static str],
    /// Before and behind the source's name.
    affixes: &'static [(&'static str, &'static str)],
    /// Folders beside the source's (or instead of it, see [`MIRRORED`]) that hold only tests.
    folders: &'static [&'static str],
    /// Whether a file in such a folder may have the name of the source as it is.
    plain_in_folder: bool,
}

const NAMINGS: &[Naming] = &[
    Naming {
        extensions: &["py", "pyi"],
        affixes: &[("test_", ""), ("", "_test")],
        folders: &["tests", "test"],
        plain_in_folder: false,
    },
    Naming {
        extensions: &[
            "ts", "tsx", "js", "jsx", "mts", "cts", "mjs", "cjs", "vue", "svelte",
        ],
        affixes: &[("", ".test"), ("", ".spec")],
        folders: &["__tests__", "tests", "test"],
        plain_in_folder: true,
    },
    Naming {
        extensions: &["go"],
        affixes: &[("", "_test")],
        folders: &[],
        plain_in_folder: false,
    },
    Naming {
        extensions: &["java", "kt", "scala", "groovy"],
        affixes: &[
            ("", "Test"),
            ("", "Tests"),
            ("", "IT"),
            ("", "Spec"),
            ("Test", ""),
        ],
        folders: &[],
        plain_in_folder: false,
    },
    Naming {
        extensions: &["rs"],
        affixes: &[("test_", ""), ("", "_test"), ("", "_tests")],
        folders: &["tests"],
        plain_in_folder: true,
    },
    Naming {
        extensions: &["cs", "fs", "vb"],
        affixes: &[("", "Tests"), ("", "Test")],
        folders: &[],
        plain_in_folder: false,
    },
    Naming {
        extensions: &["c", "cc", "cpp", "cxx"],
        affixes: &[
            ("", "_test"),
            ("", "_unittest"),
            ("test_", ""),
            ("", "Test"),
        ],
        folders: &["tests", "test"],
        plain_in_folder: false,
    },
    Naming {
        extensions: &["rb"],
        affixes: &[("", "_spec"), ("", "_test"), ("test_", "")],
        folders: &["spec", "test"],
        plain_in_folder: false,
    },
    Naming {
        extensions: &["php", "swift"],
        affixes: &[("", "Test"), ("", "Tests")],
        folders: &[],
        plain_in_folder: false,
    },
    Naming {
        extensions: &["ex", "exs", "lua", "zig", "hs"],
        affixes: &[("", "_test"), ("", "_spec"), ("", "Spec"), ("test_", "")],
        folders: &["test", "tests", "spec"],
        plain_in_folder: false,
    },
];

/// Trees that mirror each other: where the sources lie, and where the tests.
const MIRRORED: &[(&[&str], &[&str])] = &[
    (&["src", "main"], &["src", "test"]),
    (&["src"], &["tests"]),
    (&["src"], &["test"]),
    (&["lib"], &["test"]),
    (&["lib"], &["spec"]),
    (&["app"], &["spec"]),
    (&["app"], &["tests"]),
    (&["Sources"], &["Tests"]),
];

/// Whether a file is a test by its name or folder.
pub fn is_test(path: &Path) -> bool {
    Parts::of(path).is_some_and(|parts| !parts.tested().is_empty())
}

/// Paths that the counterpart of a file may have, the likeliest first: the tests of a source, the source of a test. Those of one folder come
/// before those of mirrored trees; most of them do not exist.
pub fn counterparts(path: &Path) -> impl Iterator<Item = PathBuf> {
    let mut found = Vec::new();
    if let Some(parts) = Parts::of(path) {
        let tested = parts.tested();
        if tested.is_empty() {
            parts.add_tests(&mut found);
        }
        for source in &tested {
            parts.add_sources(source, &mut found);
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|candidate| candidate != path && seen.insert(candidate.clone()));
    found.into_iter()
}

/// The parts of a path that the rules speak of.
struct Parts<'a> {
    folder: &'a Path,
    /// The file's name without its extension.
    stem: &'a str,
    extension: &'a str,
    naming: &'static Naming,
}

impl<'a> Parts<'a> {
    fn of(path: &'a Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        Some(Self {
            folder: path.parent()?,
            stem: path.file_stem()?.to_str()?,
            extension,
            naming: NAMINGS
                .iter()
                .find(|naming| naming.extensions.contains(&extension))?,
        })
    }

    /// The names that what this file tests may have; none, if it is not a test.
    fn tested(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = (self.naming.affixes.iter())
            .filter_map(|(before, behind)| self.stem.strip_prefix(before)?.strip_suffix(behind))
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() && self.naming.plain_in_folder && self.is_in_test_folder() {
            names.push(self.stem);
        }
        names
    }

    fn is_in_test_folder(&self) -> bool {
        self.folder
            .file_name()
            .and_then(OsStr::to_str)
            .is_some_and(|name| self.naming.folders.contains(&name))
    }

    fn add_tests(&self, found: &mut Vec<PathBuf>) {
        let file = |name: String| format!("{name}.{}", self.extension);
        let named = self
            .naming
            .affixes
            .iter()
            .map(|(before, behind)| file(format!("{before}{}{behind}", self.stem)));
        let plain = (self.naming.plain_in_folder).then(|| file(self.stem.to_owned()));
        found.extend(named.clone().map(|name| self.folder.join(name)));
        for folder in self.naming.folders {
            let folder = self.folder.join(folder);
            found.extend(
                named
                    .clone()
                    .chain(plain.clone())
                    .map(|name| folder.join(name)),
            );
        }
        for (sources, tests) in MIRRORED {
            for folder in with_folders_replaced(self.folder, sources, tests) {
                found.extend(
                    named
                        .clone()
                        .chain(plain.clone())
                        .map(|name| folder.join(name)),
                );
            }
            // Tests of a package that are not sorted into its folders: `src/pkg/mod.py`, `tests/test_mod.py`.
            if let Some(root) = above(self.folder, sources) {
                let folder = root.join(tests.iter().collect::<PathBuf>());
                found.extend(
                    named
                        .clone()
                        .chain(plain.clone())
                        .map(|name| folder.join(name)),
                );
            }
        }
        if let Some(parent) = self.folder.parent() {
            for folder in self.naming.folders {
                found.extend(named.clone().map(|name| parent.join(folder).join(name)));
            }
        }
    }

    fn add_sources(&self, name: &str, found: &mut Vec<PathBuf>) {
        let extensions = || {
            // A test in TypeScript may test JavaScript, but is most likely of the same kind.
            std::iter::once(self.extension).chain(
                (self.naming.extensions.iter().copied()).filter(|other| *other != self.extension),
            )
        };
        let mut add = |folder: &Path| {
            found.extend(extensions().map(|extension| folder.join(format!("{name}.{extension}"))));
        };
        add(self.folder);
        for (sources, tests) in MIRRORED {
            for folder in with_folders_replaced(self.folder, tests, sources) {
                add(&folder);
            }
        }
        if self.is_in_test_folder()
            && let Some(parent) = self.folder.parent()
        {
            add(parent);
            // `tests/test_mod.py` beside the package `pkg`: its name is not known, but that of the folder above often is the same.
            let packages = [OsStr::new("src"), OsStr::new("lib")];
            for package in parent.file_name().into_iter().chain(packages) {
                add(&parent.join(package));
            }
        }
    }
}

/// The folder with one run of the names `from` in it replaced by `to`, the last run first.
fn with_folders_replaced(folder: &Path, from: &[&str], to: &[&str]) -> Vec<PathBuf> {
    let names: Vec<Component> = folder.components().collect();
    (0..names.len().saturating_sub(from.len() - 1))
        .rev()
        .filter(|&at| is_run(&names[at..], from))
        .map(|at| {
            let to = to.iter().map(|name| Component::Normal(OsStr::new(name)));
            let (head, tail) = (&names[..at], &names[at + from.len()..]);
            head.iter()
                .copied()
                .chain(to)
                .chain(tail.iter().copied())
                .collect()
        })
        .collect()
}

/// What is above the last run of these names.
fn above(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let components: Vec<Component> = folder.components().collect();
    let at = (0..components.len())
        .rev()
        .find(|&at| is_run(&components[at..], names))?;
    Some(components[..at].iter().collect())
}

fn is_run(components: &[Component<'_>], names: &[&str]) -> bool {
    components.len() >= names.len()
        && components
            .iter()
            .zip(names)
            .all(|(component, name)| component.as_os_str() == *name)
}

/// For a test, what its source defines. `near` is the text around the cursor: definitions that it names come first.
pub fn source_pieces(source: &Path, symbols: &FileSymbols, near: &str) -> Vec<Piece> {
    let near = words(near);
    let types: Vec<&Definition> = (symbols.definitions.iter())
        .filter(|definition| definition.kind == DefinitionKind::Type)
        .collect();
    let mut pieces: Vec<Piece> = (symbols.definitions.iter())
        .filter(|definition| definition.kind != DefinitionKind::Module)
        .filter(|definition| !is_member_of_any(definition, types.iter().copied()))
        .filter(|definition| !definition.outline.trim().is_empty())
        .map(|definition| {
            let is_named = near.contains(definition.name.as_str());
            Piece {
                path: source.to_owned(),
                lines: definition.lines.clone(),
                text: definition.outline.clone(),
                source: Source::Counterpart,
                reason: format!("`{}` is in the file that this one tests", definition.name),
                score: if is_named { NAMED_SCORE } else { SOURCE_SCORE },
            }
        })
        .collect();
    pieces.sort_by(|a, b| b.score.total_cmp(&a.score));
    pieces
}

/// For a source, the names of its tests, as a comment. `None` if the test names none: those of JavaScript are strings.
pub fn test_piece(test: &Path, symbols: &FileSymbols, language: &Language) -> Option<Piece> {
    let tests: Vec<&Definition> = (symbols.definitions.iter())
        .filter(|definition| is_test_name(definition))
        .take(MAX_TESTS)
        .collect();
    let (first, last) = (tests.first()?, tests.last()?);
    let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    Some(Piece {
        path: test.to_owned(),
        lines: *first.lines.start()..=(*last.lines.end()).max(*first.lines.end()),
        text: language.comment_line(&format!("tests: {}", names.join(", ")))?,
        source: Source::Counterpart,
        reason: "the names of the tests of this file".to_owned(),
        score: TEST_NAMES_SCORE,
    })
}

fn is_test_name(definition: &Definition) -> bool {
    use DefinitionKind::{Function, Method};
    let is_function = matches!(definition.kind, Function | Method);
    // Names of functions in a test that are no tests: set-up, fixtures, builders.
    let name = definition.name.to_lowercase();
    is_function && (name.contains("test") || name.starts_with("should") || name.contains("_when_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_sources_are_found_from_both_sides() {
        for (source, test) in [
            ("/w/foo.py", "/w/test_foo.py"),
            ("/w/foo.py", "/w/foo_test.py"),
            ("/w/foo.py", "/w/tests/test_foo.py"),
            ("/w/src/foo.py", "/w/tests/test_foo.py"),
            ("/w/src/pkg/foo.py", "/w/tests/pkg/test_foo.py"),
            ("/w/requests/foo.py", "/w/requests/tests/test_foo.py"),
            ("/w/foo.ts", "/w/foo.test.ts"),
            ("/w/foo.tsx", "/w/foo.spec.tsx"),
            ("/w/foo.ts", "/w/__tests__/foo.ts"),
            ("/w/foo.ts", "/w/__tests__/foo.test.ts"),
            ("/w/src/a/foo.js", "/w/test/a/foo.test.js"),
            ("/w/foo.go", "/w/foo_test.go"),
            (
                "/w/src/main/java/org/Foo.java",
                "/w/src/test/java/org/FooTest.java",
            ),
            (
                "/w/src/main/kotlin/org/Foo.kt",
                "/w/src/test/kotlin/org/FooTests.kt",
            ),
            ("/w/src/foo.rs", "/w/tests/foo.rs"),
            ("/w/Foo.cs", "/w/FooTests.cs"),
            ("/w/base/foo.cc", "/w/base/foo_test.cc"),
            ("/w/base/foo.cc", "/w/base/foo_unittest.cc"),
            ("/w/lib/a/foo.rb", "/w/spec/a/foo_spec.rb"),
            ("/w/app/models/foo.rb", "/w/spec/models/foo_spec.rb"),
            ("/w/Sources/Kit/Foo.swift", "/w/Tests/Kit/FooTests.swift"),
        ] {
            let (source, test) = (Path::new(source), Path::new(test));
            assert!(is_test(test) && !is_test(source), "{source:?} {test:?}");
            assert!(
                counterparts(source).any(|path| path == test),
                "{source:?} -> {test:?}"
            );
            assert!(
                counterparts(test).any(|path| path == source),
                "{test:?} -> {source:?}"
            );
            for path in [source, test] {
                let found: Vec<PathBuf> = counterparts(path).collect();
                let distinct: std::collections::HashSet<&PathBuf> = found.iter().collect();
                assert!(
                    found.len() == distinct.len() && found.len() <= 64,
                    "{path:?}: {}",
                    found.len()
                );
            }
        }
    }

    #[test]
    fn a_test_of_a_nested_package_may_lie_at_the_top() {
        let expected = Path::new("/w/tests/test_foo.py");
        assert!(counterparts(Path::new("/w/src/pkg/foo.py")).any(|path| path == expected));
        assert!(counterparts(Path::new("/w/pkg/foo.py")).any(|path| path == expected));
    }

    #[test]
    fn other_files_have_none() {
        for path in ["/w/notes.md", "/w/Makefile", "/", "/w/_test.go"] {
            assert!(!is_test(Path::new(path)), "{path}");
        }
        assert_eq!(counterparts(Path::new("/w/notes.md")).count(), 0);
    }

    fn definition(
        name: &str,
        kind: DefinitionKind,
        lines: (u32, u32),
        outline: &str,
    ) -> Definition {
        Definition {
            name: name.to_owned(),
            kind,
            container: None,
            lines: lines.0..=lines.1,
            outline: outline.to_owned(),
        }
    }

    fn python(definitions: Vec<Definition>) -> FileSymbols {
        let language = Language::by_lsp_id("python").unwrap();
        FileSymbols {
            definitions,
            ..FileSymbols::empty(language)
        }
    }

    #[test]
    fn a_test_is_shown_what_it_names_first() {
        let symbols = python(vec![
            definition(
                "open_all",
                DefinitionKind::Function,
                (1, 2),
                "def open_all(): ...",
            ),
            definition(
                "Store",
                DefinitionKind::Type,
                (4, 9),
                "class Store:\n    def get(self): ...",
            ),
            definition("get", DefinitionKind::Method, (5, 6), "def get(self): ..."),
        ]);
        let pieces = source_pieces(
            Path::new("/w/store.py"),
            &symbols,
            "store = Store()\nreopen_all()",
        );
        let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "class Store:\n    def get(self): ...",
                "def open_all(): ..."
            ]
        );
        assert!(pieces[0].score > pieces[1].score);
    }

    #[test]
    fn a_source_is_shown_the_names_of_its_tests() {
        let symbols = python(vec![
            definition(
                "store",
                DefinitionKind::Function,
                (1, 2),
                "def store(): ...",
            ),
            definition(
                "test_get",
                DefinitionKind::Function,
                (4, 9),
                "def test_get(): ...",
            ),
            definition(
                "test_put",
                DefinitionKind::Function,
                (11, 14),
                "def test_put(): ...",
            ),
        ]);
        let piece = test_piece(Path::new("/w/test_store.py"), &symbols, symbols.language).unwrap();
        assert_eq!(
            (piece.text.as_str(), piece.lines),
            ("# tests: test_get, test_put", 4..=14)
        );
    }
}
