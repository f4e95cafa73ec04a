//! Notebooks: each cell is completed as if the code of those before it stood above it, and as a document of its own towards the client.

use serde_json::{Value, json};
use tacit::completion::{Completion, Trigger};
use tests::client::{Client, at};
use tests::completer::{Scripted, insertion};

const NOTEBOOK: &str = "file:///project/analysis.ipynb";

fn uri(cell: &str) -> String {
    format!("vscode-notebook-cell:/project/analysis.ipynb#{cell}")
}

/// Kind 2 is code, 1 is text.
fn cell(name: &str, kind: u32) -> Value {
    json!({ "kind": kind, "document": uri(name) })
}

fn text(name: &str, language: &str, text: &str) -> Value {
    json!({ "uri": uri(name), "languageId": language, "version": 1, "text": text })
}

/// A client whose suggestions tell the text that is completed, with `|` for the cursor.
async fn mirror() -> Client {
    let completer = Scripted::new(|request| async move {
        let mut text = request.snapshot.rope.to_string();
        text.insert(request.cursor, '|');
        insertion(&request, &text)
    });
    Client::ready(completer, json!({ "capabilities": {} })).await
}

async fn open(client: &mut Client, notebook: &str) {
    let cells = [
        cell("imports", 2),
        cell("title", 1),
        cell("shell", 2),
        cell("query", 2),
        cell("empty", 2),
        cell("load", 2),
        cell("plot", 2),
    ];
    let texts = [
        text("imports", "python", "import math\n"),
        text("title", "markdown", "# Circles"),
        text("shell", "python", "%%bash\nls"),
        text("query", "sql", "select 1"),
        text("empty", "python", " \n"),
        text("load", "python", "radius = 2"),
        text("plot", "python", "area = "),
    ];
    let notebook = json!({ "uri": notebook, "notebookType": "jupyter-notebook", "version": 1, "cells": cells });
    let params = json!({ "notebookDocument": notebook, "cellTextDocuments": texts });
    client.notify("notebookDocument/didOpen", params).await;
}

async fn change(client: &mut Client, cells: Value) {
    let params = json!({
        "notebookDocument": { "uri": NOTEBOOK, "version": 2 },
        "change": { "cells": cells },
    });
    client.notify("notebookDocument/didChange", params).await;
}

/// What is completed at a place of a cell. The answer is for that place of the cell, whatever stands above it.
async fn seen(client: &mut Client, name: &str, line: u32, character: u32) -> Option<String> {
    let place = at(&uri(name), line, character);
    let answer = client.call("textDocument/inlineCompletion", place).await;
    let item = answer["result"]["items"].as_array()?.first()?.clone();
    let position = json!({ "line": line, "character": character });
    assert_eq!(
        item["range"],
        json!({ "start": position, "end": position }),
        "{name}"
    );
    Some(item["insertText"].as_str()?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_is_completed_below_the_code_before_it() {
    let mut client = mirror().await;
    open(&mut client, NOTEBOOK).await;
    assert_eq!(
        seen(&mut client, "plot", 0, 7).await.as_deref(),
        Some("import math\n\nradius = 2\n\narea = |")
    );
    assert_eq!(
        seen(&mut client, "imports", 0, 6).await.as_deref(),
        Some("import| math\n")
    );
    assert_eq!(
        seen(&mut client, "query", 0, 0).await.as_deref(),
        Some("|select 1")
    );

    // An edit of an earlier cell counts at once.
    let start = json!({ "line": 0, "character": 0 });
    let edit = json!({ "range": { "start": start, "end": start }, "text": "big_" });
    let edited = json!([{ "document": { "uri": uri("load"), "version": 2 }, "changes": [edit] }]);
    change(&mut client, json!({ "textContent": edited })).await;
    assert_eq!(
        seen(&mut client, "plot", 0, 0).await.as_deref(),
        Some("import math\n\nbig_radius = 2\n\n|area = ")
    );
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cells_that_are_moved_added_and_removed_are_known_in_their_new_order() {
    let mut client = mirror().await;
    open(&mut client, NOTEBOOK).await;
    let added = json!({
        "array": { "start": 0, "deleteCount": 1, "cells": [cell("setup", 2)] },
        "didOpen": [text("setup", "python", "import numpy")],
        "didClose": [{ "uri": uri("imports") }],
    });
    change(&mut client, json!({ "structure": added })).await;
    assert_eq!(
        seen(&mut client, "plot", 0, 0).await.as_deref(),
        Some("import numpy\n\nradius = 2\n\n|area = ")
    );
    assert_eq!(seen(&mut client, "imports", 0, 0).await, None);

    let moved = json!({ "array": { "start": 5, "deleteCount": 2, "cells": [cell("plot", 2), cell("load", 2)] } });
    change(&mut client, json!({ "structure": moved })).await;
    assert_eq!(
        seen(&mut client, "plot", 0, 0).await.as_deref(),
        Some("import numpy\n\n|area = ")
    );

    change(&mut client, json!({ "data": [cell("setup", 1)] })).await;
    assert_eq!(
        seen(&mut client, "load", 0, 0).await.as_deref(),
        Some("area =\n\n|radius = 2")
    );

    let texts: Vec<Value> = ["setup", "title", "shell", "query", "empty", "plot", "load"]
        .map(|name| json!({ "uri": uri(name) }))
        .into();
    let closed = json!({ "notebookDocument": { "uri": NOTEBOOK }, "cellTextDocuments": texts });
    client.notify("notebookDocument/didClose", closed).await;
    assert_eq!(seen(&mut client, "load", 0, 0).await, None);
    assert_eq!(client.leave().await, 0);
}

/// Whatever is lost, no cell is completed below what does not stand above it, and its own text stays right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_make_no_sense_cost_the_order_at_most() {
    for broken in [
        json!({ "structure": { "array": { "start": -1, "deleteCount": 1 } } }),
        json!({ "structure": 7 }),
        json!({ "data": [{ "kind": "code" }] }),
    ] {
        let mut client = mirror().await;
        open(&mut client, NOTEBOOK).await;
        change(&mut client, broken.clone()).await;
        assert_eq!(
            seen(&mut client, "plot", 0, 0).await.as_deref(),
            Some("|area = "),
            "{broken}"
        );
        assert_eq!(client.leave().await, 0);
    }
    let mut client = mirror().await;
    open(&mut client, NOTEBOOK).await;
    let beyond = json!({ "array": { "start": 90, "deleteCount": u32::MAX } });
    change(&mut client, json!({ "structure": beyond })).await;
    change(
        &mut client,
        json!({ "textContent": [1, { "document": {} }] }),
    )
    .await;
    for nonsense in [
        json!({}),
        json!({ "notebookDocument": { "uri": "file:///other.ipynb" } }),
    ] {
        client.notify("notebookDocument/didChange", nonsense).await;
    }
    assert_eq!(
        seen(&mut client, "plot", 0, 0).await.as_deref(),
        Some("import math\n\nradius = 2\n\n|area = ")
    );
    assert_eq!(client.leave().await, 0);
}

/// The files that no model may see keep their cells to themselves, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_belongs_to_the_file_of_its_notebook() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let completer = Scripted::new(|request| async move {
        let path = request.snapshot.path.clone();
        let name = path.as_deref().and_then(|path| path.file_name());
        let told = format!("{name:?} of {:?}", request.workspace.is_some());
        insertion(&request, &told)
    });
    let root = format!("file://{}", folder.path().display());
    let folders = json!([{ "uri": root, "name": "project" }]);
    let params = json!({ "capabilities": {}, "workspaceFolders": folders });
    let mut client = Client::ready(completer, params).await;
    open(&mut client, &format!("{root}/private.ipynb")).await;
    assert_eq!(
        seen(&mut client, "plot", 0, 0).await.as_deref(),
        Some("Some(\"private.ipynb\") of true")
    );
    assert_eq!(client.leave().await, 0);
}

/// The announcement is about the cell, which is not the text that was completed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_longer_suggestion_is_announced_for_its_cell() {
    let completer = Scripted::new(|request| async move {
        let is_partial = request.trigger == Trigger::Automatic;
        let text = if is_partial { "math" } else { "math.pi" };
        Completion {
            is_partial,
            ..insertion(&request, text)
        }
    });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    open(&mut client, NOTEBOOK).await;
    assert_eq!(
        seen(&mut client, "plot", 0, 7).await.as_deref(),
        Some("math")
    );
    let longer = client.notification("tacit/longer").await;
    assert_eq!(
        longer["params"],
        json!({ "uri": uri("plot"), "version": 1 })
    );
    assert_eq!(client.leave().await, 0);
}
