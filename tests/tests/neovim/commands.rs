//! `:Tacit` and `:checkhealth tacit` with the real server.

use std::thread;
use std::time::Duration;

use crate::editor::Editor;

/// Longer than a suggestion takes that the server has in its cache, and than one that the model is warm for.
const LONG_ENOUGH: Duration = Duration::from_secs(3);

#[test]
fn a_pause_keeps_suggestions_away_until_it_ends() {
    let editor = Editor::open_without("total = total + balance", &[]);
    editor.presses("o");
    editor.types("tot");
    editor.settled_ghost();

    editor.presses("C-o");
    editor.runs("Tacit pause filetype");
    editor.wait_for_screen("Paused in python files.");
    editor.types("a");
    editor.wait("the typed letter", || {
        (editor.line().trim() == "tota").then_some(())
    });
    thread::sleep(LONG_ENOUGH);
    assert_eq!(editor.ghost(), "", "{}", editor.screen());
    assert_eq!(
        editor.ask("luaeval('require(\"tacit\").status()')"),
        "tacit: paused"
    );

    editor.presses("C-o");
    editor.runs("Tacit resume");
    editor.types("l");
    editor.settled_ghost();
}

#[test]
fn explain_shows_what_the_model_read() {
    let editor = Editor::open_without("total = total + balance", &[]);
    editor.presses("o");
    editor.types("tot");
    editor.settled_ghost();
    editor.presses("Escape");
    editor.runs("Tacit explain");
    editor.wait_for_screen("# What the model was shown for reports.py");
    let text = editor.text();
    for part in [
        "**A suggestion was shown**",
        "<|fim_middle|>",
        "def balance_under(journal: Journal, path: str) -> Money:",
        "`ledger/reports.py:",
    ] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
    editor.presses("q");
    editor.wait("the file again", || {
        editor.ask("expand('%:t')").eq("reports.py").then_some(())
    });
}

#[test]
fn the_health_check_finds_nothing_wrong() {
    let editor = Editor::open_without("total = total + balance", &[]);
    editor.runs("checkhealth tacit");
    editor.wait("the report", || {
        (editor.ask("&filetype") == "checkhealth").then_some(())
    });
    let report = editor.text();
    for part in ["tacit 0.", "Model: qwen2.5-coder", "attached to 1 buffer"] {
        assert!(report.contains(part), "`{part}` is not in:\n{report}");
    }
    assert!(
        !report.contains("ERROR") && !report.contains("WARNING"),
        "{report}"
    );
}

#[test]
fn a_model_is_chosen_from_those_of_this_machine() {
    let editor = Editor::open_without("total = total + balance", &[]);
    let client = "luaeval('vim.lsp.get_clients({ bufnr = 0, name = \"tacit\" })[1].id')";
    let first = editor.ask(client);
    editor.runs("Tacit model");
    editor.wait_for_screen("Type number and <Enter>");
    let menu = editor.screen();
    assert!(menu.contains("on this machine"), "{menu}");
    let automatic = editor.number_of("auto");
    editor.types(&automatic);
    editor.presses("Enter");
    editor.wait("another server", || {
        editor.try_ask(client).filter(|now| *now != first)
    });
    editor.presses("o");
    editor.types("tot");
    editor.settled_ghost();
}

#[test]
fn the_doctor_and_the_statistics_are_shown_in_windows() {
    let editor = Editor::open_without("total = total + balance", &[]);
    editor.runs("Tacit doctor");
    editor.wait_for_screen("would run");
    editor.presses("q");
    editor.runs("Tacit stats");
    editor.wait("the statistics", || {
        (editor.ask("expand('%')") == "tacit://stats").then_some(())
    });
}
