//! The fixtures are what their README says.

use std::fs;
use std::path::Path;

use serde_json::Value;

fn number(value: &Value) -> usize {
    value
        .as_u64()
        .expect("a number")
        .try_into()
        .expect("a small number")
}

#[test]
fn the_events_of_the_demo_lead_to_its_final_text() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let trace = fs::read_to_string(fixtures.join("traces/demo.jsonl")).expect("the trace");
    let mut rows = trace
        .lines()
        .map(|row| serde_json::from_str::<Value>(row).expect("a JSON object"));
    let header = rows.next().expect("a header");
    let mut text: Vec<char> = header["text"].as_str().expect("a text").chars().collect();
    let (mut keystrokes, mut last) = (0, 0);
    for event in rows {
        let at = number(&event["at"]);
        match event["op"].as_str() {
            Some("insert") => {
                drop(text.splice(at..at, event["text"].as_str().expect("a text").chars()))
            }
            Some("delete") => drop(text.drain(at..at + number(&event["len"]))),
            other => panic!("an unknown event: {other:?}"),
        }
        assert!(number(&event["t"]) >= last, "time runs backwards");
        last = number(&event["t"]);
        keystrokes += 1;
    }
    assert_eq!(text.into_iter().collect::<String>(), header["final"]);
    assert_eq!(keystrokes, number(&header["keystrokes"]));

    let path = header["path"].as_str().expect("a path");
    let source =
        fs::read_to_string(fixtures.join("projects/ledger").join(path)).expect("the source");
    assert_eq!(
        header["final"],
        source.as_str(),
        "run fixtures/traces/make_demo_trace.py"
    );
}
