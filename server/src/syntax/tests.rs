use std::sync::mpsc;

use tower_lsp::gen_lsp_types::{Range as LspRange, TextDocumentContentChangePartial as Partial};

use super::*;
use crate::documents::{DocVersion, Documents};
use crate::lsp::position::PositionEncoding::Utf16;

const PATIENCE: Duration = Duration::from_secs(20);

fn snapshot(uri: &str, version: i32, text: &str) -> Snapshot {
    Documents::default().open(uri, "rust", DocVersion(version), text)
}

/// A worker and the stream of its results.
fn worker(parse: ParseSnapshot) -> (ParseWorker, mpsc::Receiver<Parsed>) {
    let (results, received) = mpsc::channel();
    let deliver = move |parsed| {
        let _ = results.send(parsed);
    };
    (ParseWorker::spawn_with(deliver, parse), received)
}

#[test]
fn a_parse_ends_with_its_budget() {
    let text = "fn f() { let x = [1, 2, 3].map(|n| n * 2); }\n".repeat(8_000);
    let large = snapshot("file:///a.rs", 1, &text);
    let grammar = large.grammar.as_ref().expect("a grammar");
    assert!(parse(&large.rope, grammar, None, Duration::ZERO).is_none());
    let tree = parse(&large.rope, grammar, None, PATIENCE).expect("a tree");
    assert_eq!(tree.root_node().named_child_count(), 8_000);
}

#[test]
fn the_newest_tree_is_the_old_one_where_time_is_short() {
    let text = "fn f() { let x = [1, 2, 3].map(|n| n * 2); }\n".repeat(1_000);
    let mut documents = Documents::default();
    let snapshot = documents.open("file:///a.rs", "rust", DocVersion(1), &text);
    assert!(newest_tree(&snapshot, Duration::ZERO).is_none());
    let tree = newest_tree(&snapshot, PATIENCE);
    documents.store(Parsed { snapshot, tree });

    // An open quote: all of the text has to be parsed again.
    let quote = Partial::new(LspRange::default(), None, "\"".into()).into();
    let snapshot = documents
        .change("file:///a.rs", DocVersion(2), &[quote], Utf16)
        .expect("open");
    let old_tree = newest_tree(&snapshot, Duration::ZERO).expect("the old tree");
    assert!(old_tree.root_node().has_changes() && !old_tree.root_node().has_error());
    let new_tree = newest_tree(&snapshot, PATIENCE).expect("a new tree");
    assert!(!new_tree.root_node().has_changes() && new_tree.root_node().has_error());
}

#[test]
fn results_come_back_for_every_document() {
    let (results, received) = mpsc::channel();
    let worker = ParseWorker::spawn(move |parsed| {
        let _ = results.send(parsed);
    });
    for uri in ["file:///a.rs", "file:///b.rs"] {
        worker.request(snapshot(uri, 1, "fn main() {}"));
        let parsed = received.recv_timeout(PATIENCE).expect("a result");
        assert_eq!(&*parsed.snapshot.uri, uri);
        let tree = parsed.tree.expect("a tree");
        assert_eq!(
            tree.root_node().to_sexp(),
            "(source_file (function_item name: (identifier) parameters: (parameters) body: (block)))"
        );
    }
}

#[test]
fn of_each_document_only_the_newest_snapshot_waits() {
    let (results, received) = mpsc::channel();
    let (open_gate, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let worker = ParseWorker::spawn(move |parsed| {
        let _ = results.send((parsed.snapshot.uri.to_string(), parsed.snapshot.version.0));
        let _ = gate.lock().expect("not poisoned").recv();
    });
    worker.request(snapshot("a", 1, "fn a() {}"));
    let mut order = vec![received.recv_timeout(PATIENCE).expect("a result")];
    // The thread now waits at the gate.
    for version in 2..=9 {
        worker.request(snapshot("a", version, "fn a() {}"));
        worker.request(snapshot("b", version, "fn b() {}"));
    }
    drop(open_gate);
    while order.len() < 3 {
        order.push(received.recv_timeout(PATIENCE).expect("a result"));
    }
    drop(worker);
    order.extend(received.iter());
    let expected = [("a", 1), ("a", 9), ("b", 9)];
    assert_eq!(
        order,
        expected.map(|(uri, version)| (uri.to_owned(), version))
    );
}

#[test]
fn what_wants_no_parse_is_not_parsed() {
    let (worker, received) = worker(|_| None);
    let too_large = "x".repeat(MAX_PARSED_BYTES + 1);
    worker.request(snapshot("file:///large.rs", 1, &too_large));
    worker.request(Documents::default().open("file:///a.txt", "", DocVersion(1), "text"));
    worker.request(snapshot("file:///small.rs", 1, "fn main() {}"));
    let parsed = received.recv_timeout(PATIENCE).expect("a result");
    assert_eq!(&*parsed.snapshot.uri, "file:///small.rs");
}

#[test]
fn a_panic_costs_one_tree_only() {
    let (worker, received) = worker(|snapshot| {
        assert!(snapshot.rope != "boom", "planted");
        parse(&snapshot.rope, snapshot.grammar.as_ref()?, None, PATIENCE)
    });
    worker.request(snapshot("file:///bad.rs", 1, "boom"));
    worker.request(snapshot("file:///good.rs", 1, "fn main() {}"));
    let results: Vec<_> = received
        .iter()
        .take(2)
        .map(|parsed| parsed.tree.is_some())
        .collect();
    assert_eq!(results, [false, true]);
}

#[test]
fn a_stuck_thread_is_replaced_and_its_document_given_up() {
    let (worker, received) = worker(|snapshot| {
        if snapshot.rope == "stuck" {
            thread::sleep(Duration::from_millis(300));
        }
        parse(&snapshot.rope, snapshot.grammar.as_ref()?, None, PATIENCE)
    });
    worker.request(snapshot("file:///stuck.rs", 1, "stuck"));
    // As if it had begun long ago.
    loop {
        if let Some((_, since)) = &mut worker.shared.lock().running {
            *since -= STUCK_AFTER * 2;
            break;
        }
        thread::yield_now();
    }
    worker.request(snapshot("file:///good.rs", 1, "fn main() {}"));
    thread::sleep(Duration::from_millis(600));
    drop(worker);
    let results: Vec<_> = received
        .iter()
        .map(|parsed| (parsed.snapshot.uri.to_string(), parsed.tree.is_some()))
        .collect();
    let expected = [("file:///stuck.rs", false), ("file:///good.rs", true)];
    assert_eq!(
        results,
        expected.map(|(uri, parsed)| (uri.to_owned(), parsed))
    );
}
