//! Suggestions: shown, taken whole or in parts, beside a menu, paused.

use crate::editor::Editor;

/// Whether the text is one word, or one run of signs, with the blanks before it.
fn is_one_word(text: &str) -> bool {
    let word = text.trim_start();
    let is_word_character = |c: char| c.is_alphanumeric() || c == '_';
    !word.is_empty()
        && !word.contains(char::is_whitespace)
        && (word.chars().all(is_word_character) || !word.chars().any(is_word_character))
}

#[test]
fn ghost_text_is_on_the_screen_only_and_tab_takes_it() {
    let editor = Editor::open_without("total = total + balance", &[]);
    editor.presses("o");
    editor.types("tot");
    let ghost = editor.settled_ghost();
    let typed = editor.line();
    assert_eq!(typed.trim(), "tot", "the ghost text is in the buffer");

    // Dimmed: a colour of its own begins where the ghost text does.
    let coloured = editor.tmux(&["capture-pane", "-p", "-e"]);
    let first = ghost.chars().next().expect("some ghost text");
    let row = coloured
        .lines()
        .find(|row| row.contains("tot\u{1b}["))
        .unwrap_or_else(|| panic!("{coloured}"));
    let (_, after) = row.split_once("tot\u{1b}[").expect("found above");
    let (_, drawn) = after.split_once('m').expect("the end of a colour");
    assert!(drawn.starts_with(first), "{row:?}");

    let number: usize = editor.ask("line('.')").parse().expect("a line number");
    editor.presses("Tab");
    let taken = format!("{typed}{ghost}");
    editor.wait(&format!("the line `{taken}`"), || {
        (editor.ask(&format!("getline({number})")) == taken).then_some(())
    });
    assert_eq!(editor.ask("mode()"), "i");
}

#[test]
fn a_word_and_then_the_line_can_be_taken() {
    let editor = Editor::open_without("for account, balance in balances(journal).items():", &[]);
    editor.presses("o");
    editor.types("for acc");
    let ghost = editor.settled_ghost();
    let typed = editor.line();

    editor.presses("C-Right");
    let with_word = editor.wait("a word", || {
        Some(editor.line()).filter(|line| *line != typed)
    });
    let word = with_word.strip_prefix(&typed).expect("text is only added");
    assert!(
        ghost.starts_with(word) && is_one_word(word),
        "`{word}` of `{ghost}`"
    );

    let rest = editor.settled_ghost();
    editor.presses("C-Down");
    editor.wait_for_line(&format!("{with_word}{rest}"));
    assert_eq!(editor.ask("mode()"), "i");
}

#[test]
fn tab_belongs_to_the_menu_while_it_is_open() {
    let tab_selects = r"inoremap <expr> <Tab> pumvisible() ? '<C-n>' : '<Tab>'";
    let editor = Editor::open_without("total = total + balance", &[tab_selects]);
    editor.presses("o");
    editor.types("tot");
    editor.settled_ghost();

    editor.presses("C-n");
    editor.wait("the menu", || {
        (editor.ask("pumvisible()") == "1").then_some(())
    });
    editor.presses("Tab");
    editor.wait("a selected item", || {
        (editor.ask("complete_info(['selected']).selected") == "0").then_some(())
    });
    let selected = editor.ask("complete_info(['items']).items[0].word");
    editor.wait("the item in the line", || {
        (editor.line().trim() == selected).then_some(())
    });
    editor.wait("the ghost text to make room for the menu", || {
        editor.ghost().is_empty().then_some(())
    });

    // Closed without choosing: what was typed is there again, and so is a suggestion for it.
    editor.presses("C-e");
    editor.wait("what was typed", || {
        (editor.line().trim() == "tot").then_some(())
    });
    editor.settled_ghost();
}
