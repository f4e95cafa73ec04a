//! What the model reads, over real projects: the prompts at some places of `fixtures/projects` are those in `fixtures/prompts`. Set
//! `TACIT_REWRITE_GOLDEN` to write them anew, and look at what has changed.

use std::{env, fs, path::Path};

use super::{tests::completer_of, *};
use crate::cli::complete::{index, snapshot};

/// A project, a file of it, and the end of the text before the cursor; what follows in the line is cut off.
const PLACES: [(&str, &str, &str, &str); 4] = [
    (
        "ledger_receiver",
        "ledger",
        "ledger/reports.py",
        "totals[posting.account] = ",
    ),
    (
        "ledger_test",
        "ledger",
        "tests/test_reports.py",
        "self.assertEqual(balance_under(",
    ),
    (
        "stockroom_order",
        "stockroom",
        "src/order.rs",
        "let item = stockroom.",
    ),
    (
        "stockroom_report",
        "stockroom",
        "src/report.rs",
        ".map(|(item, count)| item.",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn prompts_over_projects_are_as_they_were() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    for (name, project, file, before) in PLACES {
        // Twice, in workspaces of their own: nothing may depend on the order in which files are read.
        let [prompt, again] = [
            prompt(&fixtures.join("projects").join(project), file, before).await,
            prompt(&fixtures.join("projects").join(project), file, before).await,
        ];
        assert_eq!(prompt, again, "{name}");
        let golden = fixtures.join("prompts").join(name).with_extension("txt");
        if env::var_os("TACIT_REWRITE_GOLDEN").is_some() {
            fs::create_dir_all(fixtures.join("prompts")).unwrap();
            fs::write(&golden, &prompt).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(prompt, expected, "{name}");
    }
}

async fn prompt(project: &Path, file: &str, before: &str) -> String {
    let folder = fs::canonicalize(project).unwrap();
    let path = folder.join(file);
    let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let cursor = text.find(before).unwrap() + before.len();
    let rest = text[cursor..]
        .find('\n')
        .map_or(text.len(), |len| cursor + len);
    let mut document = snapshot(&path, &(text[..cursor].to_owned() + &text[rest..])).unwrap();
    let workspace = Arc::<Workspace>::default();
    index(&workspace, &mut document, &folder);
    let request = Request {
        snapshot: document,
        cursor,
        trigger: Trigger::Line,
        selected: None,
        workspace: Some(folder),
    };
    let answer = completer_of(workspace).complete(request).await;
    let pieces = answer.context.iter().map(|piece| {
        let lines = format!("{}-{}", piece.start_line, piece.end_line);
        format!("{}:{lines}: {}\n", piece.path, piece.reason)
    });
    pieces.collect::<String>() + "\n" + &answer.prompt + "\n"
}
