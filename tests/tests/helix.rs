//! The Helix configuration that people copy: Helix itself is in no registry, so what it reads is checked instead.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

fn configuration() -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../editors/helix/languages.toml");
    fs::read_to_string(path)
        .expect("the configuration")
        .parse()
        .expect("TOML")
}

#[test]
fn tacit_is_defined_as_it_is_started_everywhere() {
    let server = &configuration()["language-server"]["tacit"];
    assert_eq!(server["command"].as_str(), Some("tacit"));
    assert_eq!(server["args"].as_array(), Some(&vec![Value::from("lsp")]));
}

#[test]
fn every_language_keeps_its_servers_and_has_tacit_last() {
    let configuration = configuration();
    let languages = configuration["language"]
        .as_array()
        .expect("a list of languages");
    let mut names = HashSet::new();
    for language in languages {
        let name = language["name"].as_str().expect("a name");
        assert!(names.insert(name), "{name} is there twice");
        let keys: Vec<&String> = language.as_table().expect("a table").keys().collect();
        assert_eq!(
            keys,
            ["language-servers", "name"],
            "{name} changes more than its servers"
        );
        let servers = language["language-servers"]
            .as_array()
            .expect("a list of servers");
        assert_eq!(
            servers.last().and_then(Value::as_str),
            Some("tacit"),
            "{name}"
        );
        assert!(
            !servers[..servers.len() - 1].contains(&Value::from("tacit")),
            "{name}"
        );
    }
    // As Helix calls the languages that tacit knows best.
    let known = [
        "rust",
        "python",
        "javascript",
        "typescript",
        "tsx",
        "go",
        "c",
        "cpp",
        "java",
        "c-sharp",
        "ruby",
        "php",
        "lua",
        "bash",
        "html",
        "css",
        "json",
        "toml",
        "yaml",
        "markdown",
    ];
    for name in known {
        assert!(names.contains(name), "{name} is missing");
    }
    let servers_of = |wanted: &str| {
        languages
            .iter()
            .find(|language| language["name"].as_str() == Some(wanted))
            .map(|l| l["language-servers"].clone())
    };
    assert_eq!(
        servers_of("rust"),
        Some(Value::from(vec!["rust-analyzer", "tacit"]))
    );
}
