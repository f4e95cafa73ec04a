//! Code actions with the real model. What it writes is its own: what is checked is which lines may have changed, and how.

use std::thread;
use std::time::Duration;

use crate::editor::{Editor, source};

/// The lines by which two texts differ, between those that they have in common at both ends.
#[derive(Debug)]
struct Change {
    /// Index of the first line.
    first: usize,
    old: Vec<String>,
    new: Vec<String>,
}

impl Change {
    fn between(before: &str, after: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) =
            (before.lines().collect(), after.lines().collect());
        let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| {
            pairs.take_while(|(old, new)| old == new).count()
        };
        let first = same(&mut old.iter().zip(&new));
        let last = same(&mut old[first..].iter().rev().zip(new[first..].iter().rev()));
        let owned = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
        Self {
            first,
            old: owned(&old[first..old.len() - last]),
            new: owned(&new[first..new.len() - last]),
        }
    }
}

fn index_of(text: &str, line: &str) -> usize {
    text.lines()
        .position(|other| other.trim() == line)
        .unwrap_or_else(|| panic!("no line `{line}`"))
}

/// Waits until the mark at the code that is worked on is gone.
fn wait_for_end(editor: &Editor) {
    let marks = "luaeval('#vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace(\"tacit.progress\"), 0, -1, {})')";
    editor.wait("the mark of the action to go", || {
        (editor.ask(marks) == "0").then_some(())
    });
}

/// Waits for the edit of an action, and looks whether one `u` takes it back.
fn change_by(editor: &Editor, before: &str) -> Change {
    let after = editor.wait("a changed text", || {
        Some(editor.text()).filter(|text| text != before)
    });
    wait_for_end(editor);
    editor.presses("u");
    editor.wait("the text as it was", || {
        (editor.text() == before).then_some(())
    });
    Change::between(before, &after)
}

#[test]
fn a_slip_that_another_tool_found_is_mended_from_the_menu() {
    let text = source().replace("if account.is_under(path):", "if acount.is_under(path):");
    let faulty = index_of(&text, "if acount.is_under(path):");
    let editor = Editor::open(&text, faulty + 1, &[]);
    editor.ask(&format!(
        "luaeval('vim.diagnostic.set(vim.api.nvim_create_namespace(\"linter\"), 0, {{ {{ lnum = {faulty}, col = 11, \
         end_lnum = {faulty}, end_col = 17, message = \"name acount is not defined\", source = \"linter\" }} }})')"
    ));
    editor.chooses("Fix: name acount is not defined");
    let change = change_by(&editor, &text);
    assert_eq!(change.first, faulty, "{change:?}");
    assert_eq!(change.old.len(), 1, "{change:?}");
    assert_eq!(change.new, ["        if account.is_under(path):"]);
}

/// The text without the documentation of `balance_under`, and the index of the head of that function.
fn undocumented() -> (String, usize) {
    let documented = source();
    let head = index_of(
        &documented,
        "def balance_under(journal: Journal, path: str) -> Money:",
    );
    let mut lines: Vec<&str> = documented.lines().collect();
    lines.remove(head + 1);
    (lines.join("\n") + "\n", head)
}

fn assert_is_documentation(change: &Change, below: usize) {
    assert_eq!(change.first, below + 1, "{change:?}");
    assert!(change.old.is_empty(), "{change:?}");
    let comment = change.new.join("\n");
    assert!(
        comment.starts_with("    \"\"\"") && comment.trim_end().ends_with("\"\"\""),
        "{comment}"
    );
}

#[test]
fn a_function_gets_its_documentation_from_the_menu() {
    let (text, head) = undocumented();
    let editor = Editor::open(&text, head + 1, &[]);
    editor.chooses("Document `balance_under`");
    assert_is_documentation(&change_by(&editor, &text), head);
}

#[test]
fn what_is_written_meanwhile_stays_and_moves_the_edit() {
    let (text, head) = undocumented();
    let editor = Editor::open(&text, head + 1, &[]);
    editor.chooses("Document `balance_under`");
    editor.ask("append(0, '# Written meanwhile.')");
    let before = format!("# Written meanwhile.\n{text}");
    let after = editor.wait("the documentation", || {
        Some(editor.text()).filter(|now| *now != text && *now != before)
    });
    assert_is_documentation(&Change::between(&before, &after), head + 1);
}

#[test]
fn selected_lines_are_edited_as_told() {
    let text = concat!(
        "def greeting(name):\n",
        "    return \"Hello, \" + name + \"!\"\n",
        "\n\n",
        "def farewell(name):\n",
        "    return \"Bye, \" + name + \"!\"\n",
    );
    let editor = Editor::open(text, 1, &[]);
    editor.presses("V");
    editor.presses("j");
    editor.runs("Tacit edit");
    editor.wait_for_screen("tacit, change this so that:");
    editor.types("use an f-string");
    editor.presses("Enter");
    let change = change_by(&editor, text);
    assert!(change.first + change.old.len() <= 2, "{change:?}");
    assert!(change.new.join("\n").contains("f\""), "{change:?}");
}

#[test]
fn the_menu_asks_for_an_instruction() {
    let text = "def total(prices):\n    result = 0\n    for price in prices:\n        result = result + price\n    return result\n";
    let editor = Editor::open(text, 2, &[]);
    editor.chooses("Edit `total` as told");
    editor.wait_for_screen("tacit, change this so that:");
    editor.types("rename the variable result to amount");
    editor.presses("Enter");
    let change = change_by(&editor, text);
    assert!(change.new.join("\n").contains("amount"), "{change:?}");
}

/// An editor in which an explanation of a function of `text` was chosen.
fn asked_to_explain(text: &str) -> Editor {
    let line = index_of(
        text,
        "def profit(journal: Journal, first: date, last: date) -> Money:",
    );
    let editor = Editor::open(text, line + 1, &[]);
    editor.chooses("Explain `profit`");
    editor
}

#[test]
fn an_explanation_opens_in_a_window_of_its_own() {
    let text = source();
    let editor = asked_to_explain(&text);
    let words = editor.wait("the explanation", || {
        editor
            .try_ask("join(getbufline('tacit://explanation', 1, '$'), ' ')")
            .filter(|words| !words.is_empty())
    });
    assert!(words.split_whitespace().count() > 5, "{words}");
    assert_eq!(editor.text(), text); // the cursor has stayed in the code
}

#[test]
fn a_running_action_is_told_of_and_can_be_cancelled() {
    let text = source();
    let editor = asked_to_explain(&text);
    editor.wait("the action in the status line", || {
        let status = editor.ask("luaeval('require(\"tacit\").status()')");
        status.starts_with("tacit: Explain `profit`").then_some(())
    });
    editor.runs("Tacit cancel");
    wait_for_end(&editor);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(editor.ask("bufnr('tacit://explanation')"), "-1");
    assert_eq!(editor.text(), text);
}
