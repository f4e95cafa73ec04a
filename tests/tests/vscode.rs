//! The VS Code extension: that its settings are those of the server, and, in a real VS Code with the real server and model, that it works.
//!
//! The second needs npm, a Chromium, `target/release/tacit` (or `TACIT_BIN`) and a pulled model. Where VS Code cannot be had, it says so
//! and is skipped: npm and Chromium are not needed for anything else.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::{Map, Value, json};
use tacit::config::{Config, KEYS, Key, Kind, Layer, resolve};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the repository")
}

fn extension() -> PathBuf {
    repository().join("editors/vscode")
}

/// The settings that the extension declares, by their names.
fn properties() -> Map<String, Value> {
    let manifest = fs::read_to_string(extension().join("package.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    let groups = manifest["contributes"]["configuration"].as_array();
    let groups = groups.expect("groups of settings");
    let properties = groups.iter().flat_map(|group| {
        let properties = group["properties"].as_object().expect("settings");
        properties.clone()
    });
    properties.collect()
}

/// `tacit.completion.maxTokens` of `completion.max_tokens`.
fn name(key: &Key) -> String {
    let mut name = "tacit.".to_owned();
    let mut upper = false;
    for character in key.path.chars() {
        match character {
            '_' => upper = true,
            _ if std::mem::take(&mut upper) => name.push(character.to_ascii_uppercase()),
            _ => name.push(character),
        }
    }
    name
}

/// What the server takes when nothing is set.
fn default(key: &Key) -> Value {
    // The ghost text is on the screen already.
    if key.path == "completion.menu" {
        return json!(false);
    }
    let config = serde_json::to_value(Config::default()).expect("JSON");
    let value = config.pointer(&format!("/{}", key.path.replace('.', "/")));
    match (&key.kind, value.expect("the key's field")) {
        (Kind::Limit(..), Value::Null) => json!(-1),
        (_, value) => value.clone(),
    }
}

/// What the editor checks values against.
fn schema(key: &Key) -> Value {
    match &key.kind {
        Kind::Boolean(_) => json!({ "type": "boolean" }),
        Kind::Integer(range, _) => {
            json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
        }
        Kind::Limit(most, _) => json!({ "type": "integer", "minimum": -1, "maximum": most }),
        Kind::Texts(_) => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Model(_) => json!({ "type": "string" }),
        Kind::Folder(_) => json!({ "type": ["string", "null"] }),
        Kind::Level(_) => json!({
            "type": "string", "enum": ["off", "error", "warn", "info", "debug", "trace"],
        }),
    }
}

#[test]
fn its_settings_are_those_of_the_server() {
    let mut declared = properties();
    for key in KEYS {
        let name = name(key);
        let property = declared.remove(&name);
        let mut property = property.unwrap_or_else(|| panic!("{name} is missing"));
        let property = property.as_object_mut().expect("a setting");
        let described = property.remove("markdownDescription").unwrap_or_default();
        assert!(
            described.as_str().is_some_and(|text| text.len() > 20),
            "{name}"
        );
        assert!(property.remove("order").is_some(), "{name} has no place");

        let mut expected = schema(key);
        expected["default"] = default(key);
        // What a workspace may not set, its settings.json may not either.
        expected["scope"] = json!(if key.workspace { "window" } else { "machine" });
        assert_eq!(Value::Object(property.clone()), expected, "{name}");
    }
    let own: Vec<&String> = declared.keys().collect();
    assert_eq!(own, ["tacit.server.path", "tacit.trace.server"]);
}

#[test]
fn what_its_settings_offer_is_taken() {
    for key in KEYS {
        let schema = schema(key);
        let bounds = ["minimum", "maximum"].map(|bound| schema[bound].clone());
        let names = schema["enum"].as_array().cloned().unwrap_or_default();
        for value in bounds.into_iter().chain(names) {
            let layer = key.path.rsplit('.').fold(value.clone(), |value, part| {
                let mut table = Map::new();
                table.insert(part.to_owned(), value);
                Value::Object(table)
            });
            let (_, issues) = resolve([&Layer::of_editor(&layer)]);
            assert_eq!(issues, [], "{} = {value}", key.path);
        }
    }
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn it_works_in_vs_code() {
    let install = repository().join("tests/editors/install_vscode.sh");
    let installed = Command::new(&install).output().expect("a shell");
    if !installed.status.success() {
        let reason = String::from_utf8_lossy(&installed.stderr);
        eprintln!("skipped: {}", reason.trim());
        return;
    }
    let npm = |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(extension());
        command
    };
    if !extension().join("node_modules").is_dir() {
        run(&mut npm(&["ci", "--no-audit", "--no-fund"]));
    }
    run(&mut npm(&["test", "--silent"]));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let packed = folder.path().join("tacit.vsix");
    // The server lies beside the folder of the test programs.
    let test_program = env::current_exe().expect("a test knows its own path");
    let server = test_program
        .ancestors()
        .nth(2)
        .expect("target/<profile>/deps/<test>");
    let mut pack = npm(&["run", "--silent", "package", "--", "--out"]);
    pack.arg(&packed);
    if env::var_os("TACIT_BIN").is_none() {
        pack.env("TACIT_BIN", server.join("tacit"));
    }
    run(&mut pack);
    run(Command::new("node")
        .arg(repository().join("tests/editors/vscode.mjs"))
        .arg(&packed));
}
