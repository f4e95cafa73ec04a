use super::*;

/// Two handlers that are built alike, as they stand in a sibling file.
const SIBLING: &str = "\
import logging

LIMIT = 10


def unrelated(value):
    # Nothing of what is written elsewhere.
    while value > LIMIT:
        value = value // 2
    return value


def handle_create_order(request, store):
    order = parse_order(request.body)
    if not order.is_valid():
        return Response(status=400, body='order is not valid')
    store.insert_order(order)
    logging.info('order %s created', order.id)
    return Response(status=201, body=order.to_json())


def handle_delete_order(request, store):
    order_id = request.path_value('order')
    store.remove_order(order_id)
    return Response(status=204)
";

const BEFORE: &str = "\
def handle_create_customer(request, store):
    customer = parse_customer(request.body)
    if not customer.is_valid():
        return Response(status=400, body='customer is not valid')
    store.ins";

fn found(before: &str, shown: &str, texts: &[(&str, &Prepared)]) -> Vec<Piece> {
    let candidates: Vec<Candidate> = texts
        .iter()
        .map(|(path, text)| Candidate {
            path: Path::new(path),
            text,
            shown: None,
        })
        .collect();
    pieces(before, "", shown, &candidates)
}

#[test]
fn code_that_begins_alike_is_shown_with_what_follows_it() {
    let sibling = Prepared::new(SIBLING);
    let pieces = found(BEFORE, BEFORE, &[("/project/orders.py", &sibling)]);
    assert_eq!(pieces.len(), 1);
    let piece = &pieces[0];
    assert!(
        piece.text.starts_with("def handle_create_order"),
        "{}",
        piece.text
    );
    assert!(piece.text.contains("store.insert_order(order)"));
    assert!(piece.text.ends_with("body=order.to_json())") || piece.text.ends_with("status=204)"));
    assert_eq!(*piece.lines.start(), 13);
    assert_eq!(piece.text.lines().count(), piece.lines.clone().count());
    assert!(piece.score > LEAST_SHARED * 0.8 && piece.score <= 1.0);
}

#[test]
fn a_long_piece_is_cut_to_what_is_like_the_lines_at_the_cursor_and_follows_them() {
    let settings = |name: &str| -> String {
        (0..9)
            .map(|n| format!("    {name}.add_setting('{name}_{n}', default={n}, help='the setting {n} of the {name}')\n"))
            .collect()
    };
    let text = |name: &str, rest: &str| {
        format!(
            "def configure_{name}({name}):\n{}    {name}.read_environment(prefix='{name}')\n{rest}",
            settings(name)
        )
    };
    let sibling = Prepared::new(&text(
        "server",
        "    server.check_settings(strict=True)\n    return server.settings\n",
    ));
    let before = text("client", "    client.ch");
    let pieces = found(&before, &before, &[("/project/server.py", &sibling)]);
    assert_eq!(pieces.len(), 1);
    let shown = &pieces[0].text;
    assert!(shown.len() <= MAX_PIECE_BYTES, "{shown}");
    assert!(shown.contains("server.read_environment"), "{shown}");
    assert!(shown.ends_with("return server.settings"), "{shown}");
}

#[test]
fn code_that_shares_only_keywords_is_not_shown() {
    let other = Prepared::new(
        "def total(values):\n    if not values:\n        return None\n    return sum(values)\n\n\ndef mean(values):\n    return total(values) / len(values)\n",
    );
    assert_eq!(found(BEFORE, BEFORE, &[("/project/stats.py", &other)]), []);
    assert_eq!(found("", "", &[("/project/stats.py", &other)]), []);
    assert_eq!(
        found(BEFORE, BEFORE, &[("/project/empty.py", &Prepared::new(""))]),
        []
    );
}

#[test]
fn what_the_prompt_shows_already_is_not_shown_again() {
    let sibling = Prepared::new(SIBLING);
    let shown = format!("{SIBLING}{BEFORE}");
    assert_eq!(
        found(BEFORE, &shown, &[("/project/orders.py", &sibling)]),
        []
    );
    // A copy of the file, found first or not, is as good as the file.
    let pieces = found(
        BEFORE,
        BEFORE,
        &[
            ("/project/orders.py", &sibling),
            ("/old/orders.py", &sibling),
        ],
    );
    assert_eq!(
        pieces
            .iter()
            .map(|piece| piece.path.as_path())
            .collect::<Vec<_>>(),
        [Path::new("/old/orders.py")]
    );

    let candidate = Candidate {
        path: Path::new("/project/orders.py"),
        text: &sibling,
        shown: Some(16..=40),
    };
    for piece in pieces_of_current(&candidate) {
        assert!(*piece.lines.end() < 16, "{:?}", piece.lines);
    }
}

fn pieces_of_current(candidate: &Candidate<'_>) -> Vec<Piece> {
    let pieces = pieces(BEFORE, "", BEFORE, std::slice::from_ref(candidate));
    assert!(!pieces.is_empty());
    pieces
}

#[test]
fn the_order_of_the_candidates_does_not_matter() {
    let texts: Vec<Prepared> = ["order", "invoice", "customer_address"]
        .iter()
        .map(|name| Prepared::new(&SIBLING.replace("order", name)))
        .collect();
    let mut files: Vec<(&str, &Prepared)> = ["/a.py", "/b.py", "/c.py"]
        .into_iter()
        .zip(&texts)
        .collect();
    let pieces = found(BEFORE, BEFORE, &files);
    assert!(pieces.len() >= 2);
    files.reverse();
    assert_eq!(found(BEFORE, BEFORE, &files), pieces);
    assert!(pieces.is_sorted_by(|a, b| a.score >= b.score));
}

#[test]
fn names_have_parts() {
    let parts = |word| {
        parts(word)
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(parts("readFile"), ["read", "File"]);
    assert_eq!(parts("_read_file2"), ["read", "file2"]);
    assert_eq!(parts("HTTPServer"), ["HTTPServer"]);
    assert_eq!(parts("größeÄndern"), ["größeÄndern"]);
    let mut words = Vec::new();
    terms_of("let x = a1 + 42 * größe;", |term, weight| {
        words.push((term, weight))
    });
    assert_eq!(
        words,
        [(hash("let"), 1.0), (hash("a1"), 1.0), (hash("größe"), 1.0)]
    );
}

#[test]
fn minified_and_huge_texts_cost_no_more_than_others() {
    let minified = Prepared::new(&format!(
        "{}\n",
        "function handle_create(){}".repeat(100_000)
    ));
    assert_eq!(minified.postings, []);
    let long = Prepared::new(&"request = body\n".repeat(MAX_LINES + 5));
    assert_eq!(long.line_count(), MAX_LINES);
    assert!(found(BEFORE, "", &[("/project/long.py", &long)]).len() <= 1);
}
