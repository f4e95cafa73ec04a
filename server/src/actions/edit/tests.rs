use proptest::prelude::*;

use super::*;

/// Edits as a text with `«old|new»` marks.
fn shown(old: &str, new: &str) -> String {
    let mut shown = String::new();
    let mut copied = 0;
    for edit in smallest(old, new) {
        shown += &old[copied..edit.range.start];
        shown += &format!("«{}|{}»", &old[edit.range.clone()], edit.text);
        copied = edit.range.end;
    }
    shown + &old[copied..]
}

#[test]
fn edits_are_small_and_readable() {
    for (old, new, expected) in [
        ("a\nb\n", "a\nb\n", "a\nb\n"),
        ("a\nb\nc\n", "a\nx\nb\nc\n", "a\n«|x\n»b\nc\n"),
        ("a\nb\nc\n", "a\nc\n", "a\n«b\n|»c\n"),
        (
            "let total = a + b;\n",
            "let total = a - b;\n",
            "let total = a «+|-» b;\n",
        ),
        (
            "if i <= items.len() {\n",
            "if i < items.len() {\n",
            "if i <«=|» items.len() {\n",
        ),
        (
            "return compute(value, first)\n",
            "return compute(value, last)\n",
            "return compute(value, «first|last»)\n",
        ),
        // Little is left of the line: it is replaced as a whole.
        (
            "x = 1\n",
            "return compute(y)\n",
            "«x = 1|return compute(y)»\n",
        ),
        // Two changes with next to nothing in between are one.
        (
            "call(first, second, a.b)\n",
            "call(first, second, c.d)\n",
            "call(first, second, «a.b|c.d»)\n",
        ),
        (
            "    return a\n",
            "    if b:\n        return a\n",
            "    «|if b:\n        »return a\n",
        ),
        ("a", "a\nb", "a«|\nb»"),
        ("a\r\nb\r\n", "a\nb\r\n", "a«\r\n|\n»b\r\n"),
        ("", "a\n", "«|a\n»"),
        ("a\n", "", "«a\n|»"),
    ] {
        assert_eq!(shown(old, new), expected);
    }
}

#[test]
fn huge_texts_are_replaced_as_a_whole_between_what_they_share() {
    let old: String = (0..200_000).map(|n| format!("{n}\n")).collect();
    let new: String = (0..200_000)
        .map(|n| format!("{}\n", n * 7 % 200_000))
        .collect();
    let began = std::time::Instant::now();
    let edits = smallest(&old, &new);
    assert_eq!(edits.len(), 1);
    assert_eq!(apply(&old, &edits), new);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}

/// The base with its target as `«»`, the text now, and where the target is expected in it.
fn rebased(base: &str, now: &str) -> Result<String, Moved> {
    let start = base.find('«').expect("a target");
    let end = base.find('»').expect("its end") - '«'.len_utf8();
    let base = base.replace(['«', '»'], "");
    let edit = Edit {
        range: start..end,
        text: "NEW".to_owned(),
    };
    let edits = rebase(
        &[edit],
        &(start..end),
        &Rope::from_str(&base),
        &Rope::from_str(now),
    )?;
    Ok(apply(now, &edits))
}

#[test]
fn edits_move_along_or_are_refused() {
    use Moved::{Touched, Unclear};
    for (base, now, expected) in [
        ("a\n«b»\nc\n", "a\nb\nc\n", Ok("a\nNEW\nc\n")),
        ("a\n«b»\nc\n", "a\nx\nb\nc\n", Ok("a\nx\nNEW\nc\n")),
        ("a\n«b»\nc\n", "a\nb\nx\nc\n", Ok("a\nNEW\nx\nc\n")),
        ("a\n«b»\nc\n", "b\nc\n", Ok("NEW\nc\n")),
        // Before and behind it at once.
        ("a\n«b»\nc\nd\n", "A\nb\nc\nD\n", Ok("A\nNEW\nc\nD\n")),
        ("«b»\n", "b\n\n", Ok("NEW\n\n")),
        // Typed at its end, or inside of it.
        ("a\n«b»\nc\n", "a\nb;\nc\n", Err(Touched)),
        ("a\n«bcd»\n", "a\nbXd\n", Err(Touched)),
        ("a\n«b»\nc\n", "a\nc\n", Err(Touched)),
        ("a\n«b»\n", "", Err(Touched)),
        // Of several equal lines nobody can tell which one is new, or gone.
        ("x\n«x»\nx\n", "x\nx\nx\nx\n", Err(Touched)),
        ("x\n«x»\nx\n", "x\nx\n", Err(Touched)),
        ("a\n«x»\nb\nx\nc\n", "A\nb\nx\nc\nx\n", Err(Touched)),
        // The same lines elsewhere, untouched.
        (
            "a\n«x»\nb\nx\nc\n",
            "a\nx\nb\nx\nC\n",
            Ok("a\nNEW\nb\nx\nC\n"),
        ),
        (
            "h\na\n«x»\nb\nx\nc\n",
            "H\na\nx\nb\nx\nC\n",
            Ok("H\na\nNEW\nb\nx\nC\n"),
        ),
        (
            "h\na\n«x»\nb\nc\n",
            "H\na\nx\nb\na\nx\nb\nC\n",
            Err(Unclear),
        ),
        ("é\n«é»\n", "è\né\n", Ok("è\nNEW\n")),
    ] {
        let expected = expected.map(str::to_owned);
        assert_eq!(rebased(base, now), expected, "{base:?} -> {now:?}");
    }
}

#[test]
fn an_insertion_moves_too() {
    assert_eq!(
        rebased("a\n«»\nb\n", "x\na\n\nb\n").as_deref(),
        Ok("x\na\nNEW\nb\n")
    );
    assert_eq!(rebased("a\n«»", "a\nb"), Err(Moved::Touched));
    assert_eq!(rebased("«»", "b"), Err(Moved::Touched));
}

#[test]
fn edits_that_are_not_of_the_target_are_refused() {
    let (base, now) = (Rope::from_str("éa\nb\n"), Rope::from_str("éa\nb\nc\n"));
    let edit = |range| Edit {
        range,
        text: "NEW".to_owned(),
    };
    for (range, target) in [(0..2, 4..5), (4..9, 4..9), (1..2, 1..3)] {
        let moved = rebase(&[edit(range)], &target, &base, &now);
        assert_eq!(moved, Err(Moved::Unclear), "{target:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    "([abé ,(]{0,4}(\r\n|\n|\r)?){0,8}"
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 20_000, ..ProptestConfig::with_cases(3000) })]
    #[test]
    fn edits_make_the_new_text(old in text(), new in text()) {
        let edits = smallest(&old, &new);
        prop_assert_eq!(apply(&old, &edits), new);
        let mut last = 0;
        for Edit { range, .. } in &edits {
            prop_assert!(last <= range.start && range.start <= range.end);
            for at in [range.start, range.end] {
                prop_assert!(old.is_char_boundary(at));
                prop_assert!(!(old[..at].ends_with('\r') && old[at..].starts_with('\n')), "{:?}", edits);
            }
            last = range.end;
        }
    }

    #[test]
    fn a_rebased_edit_changes_its_target_only(
        before in text(), target in "[a-c]{1,4}(\n[a-c]{1,4}){0,2}", after in text(), head in text(), tail in text(),
    ) {
        let base = format!("{before}\n{target}\n{after}");
        let now = format!("{head}\n{target}\n{tail}");
        let range = before.len() + 1..before.len() + 1 + target.len();
        let edit = Edit { range: range.clone(), text: "NEW".to_owned() };
        let edits = rebase(&[edit], &range, &Rope::from_str(&base), &Rope::from_str(&now));
        if let Ok(edits) = edits {
            let [edit] = edits.as_slice() else { panic!("one edit") };
            prop_assert_eq!(&now[edit.range.clone()], target.as_str());
            prop_assert!(now[..edit.range.start].ends_with('\n') && now[edit.range.end..].starts_with('\n'));
        }
    }

    /// One edit of the user elsewhere: the target is found, or refused, but never taken for another.
    #[test]
    fn a_rebased_edit_lands_where_its_target_went(
        lines in proptest::collection::vec("[ab]", 1..12), target in 0usize..12,
        cut in 0usize..12, removed in 0usize..3, added in proptest::collection::vec("[ab]{0,1}", 0..3),
    ) {
        let target = target % lines.len();
        let cut = cut % (lines.len() + 1);
        let removed = removed.min(lines.len() - cut);
        prop_assume!(target < cut || target >= cut + removed);
        let mut changed = lines.clone();
        changed.splice(cut..cut + removed, added.iter().cloned());
        let there = if target < cut { target } else { target + added.len() - removed };
        let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let (base, now) = (text(&lines), text(&changed));
        let start = text(&lines[..target]).len();
        let range = start..start + lines[target].len();
        let edit = Edit { range: range.clone(), text: "NEW".to_owned() };
        if let Ok(edits) = rebase(&[edit], &range, &Rope::from_str(&base), &Rope::from_str(&now)) {
            // Another place would be right only where the text afterwards is the same.
            let mut expected = changed.clone();
            expected[there] = "NEW".to_owned();
            prop_assert_eq!(apply(&now, &edits), text(&expected), "{:?} {:?}", base, now);
        }
    }
}
