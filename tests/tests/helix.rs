//! Helix is in no registry, so what it reads and what it sends is checked instead: the configuration that people copy, and sessions as its
//! source has them, begun with the `initialize` that Helix 25.07.1 (079a789e) was recorded to send.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use grammars::Language;
use serde_json::{Value as Json, json};
use tests::client::{Client, at};
use tests::completer::{Scripted, insertion};
use toml::{Table, Value};

/// Languages of the table that Helix has no name for: it knows them as another one (MDX is Markdown, CUDA is C++), or not at all.
const NOT_IN_HELIX: [&str; 6] = ["sass", "mdx", "objective-c", "cuda-cpp", "vb", "handlebars"];

/// Above the languages that are comments because the released Helix does not know them.
const NEWER: &str = "# Languages that came to Helix after its release";

fn configuration() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../editors/helix/languages.toml");
    fs::read_to_string(path).expect("the configuration")
}

/// The blocks of languages, those behind a comment sign too.
fn languages() -> Vec<Table> {
    let text = configuration();
    let newer = text.find(NEWER).expect("newer languages");
    let (known, newer) = text.split_at(newer);
    let newer: String = newer
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| !line.starts_with(' '))
        .map(|line| format!("{line}\n"))
        .collect();
    [known, &newer]
        .into_iter()
        .flat_map(|part| {
            part.parse::<Table>().expect("TOML")["language"]
                .clone()
                .try_into::<Vec<Table>>()
        })
        .flatten()
        .collect()
}

#[test]
fn tacit_is_defined_as_it_is_started_everywhere() {
    let configuration: Table = configuration().parse().expect("TOML");
    let server = &configuration["language-server"]["tacit"];
    assert_eq!(server["command"].as_str(), Some("tacit"));
    assert_eq!(server["args"].as_array(), Some(&vec![Value::from("lsp")]));
}

/// A list replaces Helix's own, so the language's own servers have to be in it. Helix puts the items of the last one first.
#[test]
fn every_language_keeps_its_servers_and_has_tacit_last() {
    let mut names = HashSet::new();
    for language in languages() {
        let name = language["name"].as_str().expect("a name").to_owned();
        let keys: Vec<&String> = language.keys().collect();
        assert_eq!(
            keys,
            ["language-servers", "name"],
            "{name} changes more than its servers"
        );
        let servers = language["language-servers"]
            .as_array()
            .expect("a list of servers");
        let tacit: Vec<usize> = (0..servers.len())
            .filter(|at| servers[*at].as_str() == Some("tacit"))
            .collect();
        assert_eq!(tacit, [servers.len() - 1], "{name}");
        if name == "rust" {
            assert_eq!(servers[0].as_str(), Some("rust-analyzer"));
        }
        assert!(names.insert(name.clone()), "{name} is there twice");
    }
}

#[test]
fn every_language_of_the_table_is_in_it() {
    let written: HashSet<&str> = languages()
        .iter()
        .filter_map(|language| Language::by_lsp_id(language["name"].as_str()?))
        .map(Language::id)
        .collect();
    for language in Language::all() {
        assert_eq!(
            written.contains(language.id()),
            !NOT_IN_HELIX.contains(&language.id()),
            "run editors/helix/generate.py for {}, or correct NOT_IN_HELIX",
            language.name
        );
    }
}

/// What Helix sends first.
fn initialize() -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/initialize/helix-25.07.1-079a789e.json");
    let text = fs::read_to_string(path).expect("a recording");
    serde_json::from_str(&text).expect("JSON")
}

/// Helix reads an item of the kind snippet as one, whatever its format says, and indents its lines once more. It filters by the letters before
/// the cursor, and asks again after each key only where a list is incomplete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_menu_item_is_text_that_helix_takes_as_it_is() {
    const SNIPPET_KIND: u64 = 15;
    const PLAIN_TEXT: u64 = 1;
    const BLOCK: &str = "t() {\n    printf '%s\\n' \"${1:-$HOME}\"\n}";
    let uri = "file:///home/user/proj/greet.sh";
    let completer = Scripted::new(|request| async move { insertion(&request, BLOCK) });
    let mut client = Client::start(completer);
    let capabilities = client.initialize(initialize()).await["capabilities"].clone();
    assert_eq!(capabilities["positionEncoding"], "utf-8");
    let triggers = &capabilities["completionProvider"]["triggerCharacters"];
    assert!(
        triggers
            .as_array()
            .is_some_and(|triggers| !triggers.is_empty())
    );

    client.open(uri, "gree\n").await;
    let list = client.call("textDocument/completion", at(uri, 0, 4)).await["result"].clone();
    assert_eq!(list["isIncomplete"], true);
    let item = &list["items"][0];
    let whole = format!("gree{BLOCK}");
    assert_eq!(item["textEdit"]["newText"], whole);
    assert_eq!(
        item["textEdit"]["range"]["start"],
        json!({ "line": 0, "character": 0 })
    );
    assert_ne!(item["kind"], SNIPPET_KIND);
    assert_eq!(item["insertTextFormat"], PLAIN_TEXT);
    // One line for the menu, the whole block for the preview beside it.
    assert_eq!(item["label"], "greet() {");
    let preview = item["documentation"]["value"].as_str().expect("a preview");
    assert!(preview.contains(&whole), "{preview}");
    assert!(
        item["filterText"]
            .as_str()
            .is_some_and(|text| text.starts_with("gree"))
    );
    // Nothing is chosen before the user presses Tab.
    assert_eq!(item["preselect"], false);
    assert_eq!(client.leave().await, 0);
}

/// Both come as `Invoked` from Helix; only the key says that somebody will wait for more than a line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_words_and_the_key_for_the_menu_are_told_apart() {
    const INVOKED: u64 = 1;
    const TRIGGER_CHARACTER: u64 = 2;
    const FOR_INCOMPLETE: u64 = 3;
    let completer = Scripted::new(|request| async move {
        let trigger = format!("{:?}", request.trigger);
        insertion(&request, &trigger)
    });
    let mut client = Client::start(completer);
    client.initialize(initialize()).await;
    client.open(URI, "    tot\n    \n    print(\n").await;
    for (line, character, kind, expected) in [
        (0, 7, INVOKED, "totMenu"),
        (0, 7, FOR_INCOMPLETE, "totMenu"),
        (1, 4, INVOKED, "Invoked"),
        (2, 10, INVOKED, "Invoked"),
        (2, 10, TRIGGER_CHARACTER, "Menu"),
    ] {
        let mut params = at(URI, line, character);
        params["context"]["triggerKind"] = json!(kind);
        let list = client.call("textDocument/completion", params).await["result"].clone();
        assert_eq!(
            list["items"][0]["textEdit"]["newText"], expected,
            "{line}, {kind}"
        );
    }
    assert_eq!(client.leave().await, 0);
}

const URI: &str = "file:///home/user/proj/shop.py";
const SHOP: &str = "def total(items):\n    return sum(items)\n\n\ndef cheapest(items):\n    raise NotImplementedError\n";

/// What `space a` asks, with the cursor on a character, which is a range of one.
fn code_actions(uri: &str, line: u32, character: u32, diagnostics: Json) -> Json {
    json!({
        "textDocument": { "uri": uri },
        "range": {
            "start": { "line": line, "character": character },
            "end": { "line": line, "character": character + 1 },
        },
        "context": { "diagnostics": diagnostics, "triggerKind": 1 },
    })
}

fn titles(entries: &Json) -> Vec<&str> {
    let entries = entries.as_array().expect("a list").iter();
    entries
        .filter_map(|entry| entry["title"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_block_cursor_of_helix_is_no_selection() {
    let mut client = Client::start(Scripted::echo());
    client.initialize(initialize()).await;
    client.open(URI, SHOP).await;
    // On a blank, on a letter, and on the end of the line.
    for (character, end) in [(0, (5, 1)), (8, (5, 9)), (29, (6, 0))] {
        let mut on_cursor = code_actions(URI, 5, character, json!([]));
        on_cursor["range"]["end"] = json!({ "line": end.0, "character": end.1 });
        let mut between = on_cursor.clone();
        between["range"]["end"] = between["range"]["start"].clone();
        let listed = client.call("textDocument/codeAction", on_cursor).await["result"].clone();
        let expected = client.call("textDocument/codeAction", between).await["result"].clone();
        assert_eq!(listed, expected, "column {character}");
        assert!(
            titles(&listed).contains(&"Implement `cheapest`"),
            "{listed}"
        );
    }
    // A hint in the gutter is asked for by itself: only where something calls for it.
    let mut hint = code_actions(URI, 1, 4, json!([]));
    hint["context"]["triggerKind"] = json!(2);
    let hinted = client.call("textDocument/codeAction", hint).await;
    assert_eq!(hinted["result"], json!([]));
    assert_eq!(client.leave().await, 0);
}

/// Helix asks to resolve each entry that has no edit, and draws nothing until the answer is there; then it runs the command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_resolved_at_once_and_keeps_its_command() {
    // The version before `codeAction/resolve` says nothing of it.
    let mut older = initialize();
    older["capabilities"]["textDocument"]["codeAction"]
        .as_object_mut()
        .expect("capabilities")
        .remove("resolveSupport");
    for announced in [initialize(), older] {
        let mut client = Client::start(Scripted::echo());
        client.initialize(announced).await;
        client.open(URI, SHOP).await;
        let params = code_actions(URI, 5, 4, json!([]));
        let listed = client.call("textDocument/codeAction", params).await["result"].clone();
        for entry in listed.as_array().expect("a list") {
            assert_eq!(entry["command"]["command"], "tacit.act");
            assert_eq!(entry.get("edit"), None);
            let resolved = client.call("codeAction/resolve", entry.clone()).await;
            assert_eq!(&resolved["result"], entry);
        }
        assert_eq!(client.leave().await, 0);
    }
}

#[cfg(feature = "llama")]
mod with_the_model {
    use std::fs::File;
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;

    const PRICES: &str = "def total(prices):\n    result = 0\n    for price in prices:\n        result += prise\n    return result\n\n\n# tacit: return the larger number\ndef larger(a, b):\n    return a\n";

    /// A Helix whose server has a model of its own.
    struct Helix {
        folder: TempDir,
        client: Client,
        uri: String,
    }

    impl Helix {
        async fn with_document(text: &str) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let path = |name: &str| folder.path().join(name);
            fs::write(path("tacit.toml"), "").expect("a file");
            let environment: Vec<(&str, PathBuf)> = [
                ("TACIT_CONFIG", "tacit.toml"),
                ("TACIT_CACHE", "cache"),
                ("TACIT_STATE", "state"),
                ("TMPDIR", "."),
            ]
            .map(|(name, file)| (name, path(file)))
            .into();
            let environment: Vec<(&str, &Path)> = environment
                .iter()
                .map(|(name, path)| (*name, path.as_path()))
                .collect();
            let log = File::create(path("lsp.log")).expect("a log");
            let mut client = Client::spawn(&["lsp", "--in-process"], &environment, log);
            client.initialize(initialize()).await;
            client.answer_with("workspace/applyEdit", json!({ "applied": true }));
            client.answer_with("window/showDocument", json!({ "success": true }));
            let uri = format!("file://{}", path("prices.py").display());
            client.open(&uri, text).await;
            Self {
                folder,
                client,
                uri,
            }
        }

        /// Takes the entry with this title as Helix does. What the server asks of the editor meanwhile is returned.
        async fn act(
            &mut self,
            place: (u32, u32),
            diagnostics: Json,
            title: &str,
            asked: &str,
        ) -> Json {
            let params = code_actions(&self.uri, place.0, place.1, diagnostics);
            let listed =
                self.client.call("textDocument/codeAction", params).await["result"].clone();
            let entry = listed
                .as_array()
                .and_then(|entries| entries.iter().find(|entry| entry["title"] == title));
            let entry = entry.unwrap_or_else(|| panic!("no {title} in {listed}"));
            let resolved = self.client.call("codeAction/resolve", entry.clone()).await;
            let command = &resolved["result"]["command"];
            let params =
                json!({ "command": command["command"], "arguments": command["arguments"] });
            let running = self
                .client
                .request("workspace/executeCommand", params)
                .await;
            self.client
                .server_request("window/workDoneProgress/create")
                .await;
            let request = self.client.server_request(asked).await;
            let done = self.client.response(running).await;
            assert_eq!(done["result"], Json::Null, "{done}");
            request["params"].clone()
        }

        /// The document as the edit leaves it. Helix refuses one for another version.
        fn edited(&self, text: &str, params: &Json) -> String {
            let change = &params["edit"]["documentChanges"][0];
            assert_eq!(
                change["textDocument"],
                json!({ "uri": self.uri, "version": 1 })
            );
            let mut edits = change["edits"].as_array().expect("edits").clone();
            let offset = |position: &Json| {
                let number = |name: &str| position[name].as_u64().expect("a number") as usize;
                let lines = text.split_inclusive('\n').take(number("line"));
                lines.map(str::len).sum::<usize>() + number("character")
            };
            edits.sort_by_key(|edit| offset(&edit["range"]["start"]));
            let mut text = text.to_owned();
            for edit in edits.iter().rev() {
                let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
                text.replace_range(range, edit["newText"].as_str().expect("a text"));
            }
            text
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_fix_an_edit_by_comment_and_an_explanation_come_as_helix_can_take_them() {
        let mut helix = Helix::with_document(PRICES).await;

        let range = json!({ "start": { "line": 3, "character": 18 }, "end": { "line": 3, "character": 23 } });
        let problem =
            json!({ "range": range, "severity": 1, "message": "name 'prise' is not defined" });
        let title = "Fix: name 'prise' is not defined";
        let asked = helix
            .act((3, 19), json!([problem]), title, "workspace/applyEdit")
            .await;
        let fixed = helix.edited(PRICES, &asked);
        assert_eq!(fixed, PRICES.replace("prise", "price"));

        let title = "Edit `larger`: return the larger number";
        let asked = helix
            .act((8, 4), json!([]), title, "workspace/applyEdit")
            .await;
        let edited = helix.edited(PRICES, &asked);
        // The comment goes once it has been followed, and nothing else is touched.
        assert!(!edited.contains("tacit:"), "{edited}");
        let before = PRICES.split("# tacit").next().expect("a text");
        let body = edited
            .strip_prefix(before)
            .unwrap_or_else(|| panic!("{edited}"));
        assert!(
            body.starts_with("def larger(a, b):\n") && body.contains("return"),
            "{edited}"
        );
        assert_ne!(body, "def larger(a, b):\n    return a\n");

        let asked = helix
            .act((0, 4), json!([]), "Explain `total`", "window/showDocument")
            .await;
        let shown = asked["uri"]
            .as_str()
            .and_then(|uri| uri.strip_prefix("file://"));
        let shown = Path::new(shown.expect("a file")).to_owned();
        assert!(fs::read_to_string(&shown).is_ok_and(|text| text.len() > 20));
        assert!(shown.starts_with(helix.folder.path()));
        assert_eq!(helix.client.leave().await, 0);
        assert!(!shown.exists(), "an explanation stays behind");
    }
}
