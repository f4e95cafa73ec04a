use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use proptest::prelude::*;

use super::*;

#[test]
fn a_diff_is_laid_out_as_git_does() {
    let old = "1\n2\n3\n4\n5\n6\n7\n8\n9";
    let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
    let expected = "\
--- a/src/x.txt
+++ b/src/x.txt
@@ -2,8 +2,8 @@
 2
 3
 4
-5
+five
 6
 7
 8
-9
\\ No newline at end of file
+9
";
    assert_eq!(unified("src/x.txt", Some(old), new), expected);
    assert_eq!(unified("x", Some("a"), "a"), "");
    assert_eq!(
        unified("new file", None, "a\n"),
        "--- /dev/null\n+++ b/new file\t\n@@ -0,0 +1 @@\n+a\n"
    );
}

/// What `program` makes of the file; `None` where it is not installed.
fn applied(
    program: &str,
    arguments: &[&str],
    path: &str,
    old: Option<&str>,
    diff: &str,
) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(path);
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    if let Some(old) = old {
        fs::write(&file, old).expect("written");
    }
    let patch = folder.path().join("change.diff");
    fs::write(&patch, diff).expect("written");
    let output = Command::new(program)
        .args(arguments)
        .arg(&patch)
        .current_dir(folder.path())
        .env(
            "GIT_CEILING_DIRECTORIES",
            folder.path().parent().unwrap_or(Path::new("/")),
        )
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{program}: {said}\n{diff}");
    Some(fs::read_to_string(&file).unwrap_or_default())
}

fn check(path: &str, old: Option<&str>, new: &str) {
    let diff = unified(path, old, new);
    for (program, arguments) in [
        ("git", &["apply", "--whitespace=nowarn"][..]),
        ("patch", &["-p1", "--binary", "-s", "-i"][..]),
    ] {
        if let Some(text) = applied(program, arguments, path, old, &diff) {
            assert_eq!(text, new, "{program}\n{diff}");
        }
    }
}

#[test]
fn git_and_patch_apply_it() {
    for (path, old, new) in [
        ("a.txt", Some("a\nb\nc\n"), "a\nB\nc\n"),
        ("a.txt", Some("a\nb"), "a\nb\n"),
        ("a.txt", Some("a\nb\n"), "a\nb"),
        ("a.txt", Some("a\r\nb\r\nc"), "a\r\nB\r\nc"),
        ("a.txt", Some("a\rb\nc\n"), "a\rb\nC\n"),
        ("dir/with blank/é.rs", Some("x\n"), "y\n"),
        (
            "a.txt",
            Some("-- a\n++ b\n@@\n\\ x\n"),
            "-- a\n++ c\n@@ -1 +1 @@\n\\ x\n\n",
        ),
        (
            "tests/new.py",
            None,
            "import x\n\n\ndef test():\n    pass\n",
        ),
        ("tests/new.py", None, "no line end"),
    ] {
        check(path, old, new);
    }
    let old: String = (0..100).map(|n| format!("{n}\n")).collect();
    let new = old.replace("7\n", "seven\n");
    check("a.txt", Some(&old), &new);
}

proptest! {
    // Each case starts two programs.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]
    #[test]
    fn what_is_applied_is_the_new_text(
        old in "([ab+ -]{0,3}\r?\n){0,12}[ab]?", new in "([ab+ -]{0,3}\r?\n){0,12}[ab]",
    ) {
        prop_assume!(old != new && !old.is_empty());
        check("a.txt", Some(&old), &new);
    }
}
