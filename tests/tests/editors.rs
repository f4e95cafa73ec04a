//! The page for clients that have no guide of their own names all that a client can say to tacit, or hear from it and from nobody else.

use std::collections::BTreeSet;

use serde_json::Value;
use tacit::lsp::{ACCEPTED_COMMAND, ACT_COMMAND, PULL_COMMAND};

const PAGE: &str = include_str!("../../editors/README.md");
const SERVER: &str = include_str!("../../server/src/lsp/server.rs");
const OWN: &str = include_str!("../../server/src/lsp/own.rs");
const CAPABILITIES: &str = include_str!("../../server/src/lsp/capabilities.rs");

/// The first text in quotes behind each `call` in a source.
fn quoted_behind<'a>(source: &'a str, call: &str) -> BTreeSet<&'a str> {
    source
        .split(call)
        .skip(1)
        .filter_map(|behind| behind.split('"').nth(1))
        .collect()
}

/// Our own methods that a text names in quotes.
fn own_methods(text: &str) -> BTreeSet<&str> {
    text.split(['"', '`'])
        .filter(|word| {
            word.strip_prefix("tacit/")
                .is_some_and(|name| !name.is_empty() && name.chars().all(char::is_alphanumeric))
        })
        .collect()
}

#[test]
fn the_page_names_every_method_command_and_capability() {
    let served = quoted_behind(SERVER, ".custom_method(");
    assert!(
        served.contains("textDocument/inlineCompletion"),
        "{served:?}"
    );
    let capabilities = quoted_behind(CAPABILITIES, "has_ours(");
    assert!(capabilities.contains("markdown"), "{capabilities:?}");
    let own = own_methods(OWN);
    assert!(own.contains("tacit/status"), "{own:?}");
    let commands = [ACCEPTED_COMMAND, ACT_COMMAND, PULL_COMMAND];
    for name in served
        .iter()
        .chain(&capabilities)
        .chain(&own)
        .chain(&commands)
    {
        let is_named = [format!("`{name}`"), format!("\"{name}\"")]
            .iter()
            .any(|quoted| PAGE.contains(quoted.as_str()));
        assert!(is_named, "editors/README.md does not name {name}");
    }
    let known: BTreeSet<&str> = own.union(&served).copied().collect();
    let unknown: Vec<&str> = own_methods(PAGE).difference(&known).copied().collect();
    assert_eq!(
        unknown, [""; 0],
        "editors/README.md names what there is not"
    );
}

#[test]
fn the_examples_are_json() {
    let mut examples = PAGE.split("```json\n").skip(1).peekable();
    assert!(examples.peek().is_some());
    for example in examples {
        let text = example.split("\n```\n").next().unwrap_or_default();
        for message in text.split("\n\n") {
            let read: Result<Value, _> = serde_json::from_str(message);
            assert!(read.is_ok(), "{message}: {}", read.unwrap_err());
        }
    }
}
