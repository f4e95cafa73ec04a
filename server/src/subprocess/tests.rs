//! Real processes: what they inherit, and when they end.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn shell(script: &str) -> Subprocess {
    Subprocess::new("/bin/sh".as_ref())
        .unwrap()
        .arguments(["-c", script])
}

fn said(script: &str) -> String {
    let output = shell(script).run_within(Duration::from_secs(20)).unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn a_program_runs_in_an_empty_private_folder_and_in_its_own_session() {
    let told = said(
        "pwd; ls -A | wc -l; stat -c %a . 2>/dev/null || stat -f %Lp .; ps -o sid= -p $$; echo $$; echo $PWD",
    );
    let lines: Vec<_> = told.lines().map(str::trim).collect();
    let [folder, entries, mode, session, own, _] = lines[..] else {
        panic!("{told}")
    };
    assert_ne!(Path::new(folder), std::env::current_dir().unwrap());
    assert!(!Path::new(folder).exists(), "{folder} is still there");
    assert_eq!((entries, mode), ("0", "700"));
    assert_eq!(session, own);
}

#[test]
fn a_program_that_hangs_is_ended_with_all_that_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("lives");
    let script = format!("(sleep 1; touch {}) & sleep 60", mark.display());
    let started = Instant::now();
    let stopped = shell(&script).run_within(Duration::from_millis(200));
    assert!(matches!(stopped, Err(Stopped::TimedOut(_))), "{stopped:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    thread::sleep(Duration::from_millis(1500));
    assert!(!mark.exists(), "a grandchild lives on");
}

#[test]
fn a_program_that_gets_on_has_all_the_time_it_needs() {
    let mut figure = 0;
    let watch = || {
        figure += 1;
        Ok::<_, ()>(figure)
    };
    let output = shell("sleep 1; echo done").run(Duration::from_millis(300), watch);
    assert_eq!(output.unwrap().stdout, "done\n");
}

#[test]
fn whoever_watches_can_end_it() {
    let stopped = shell("sleep 60").run(Duration::from_secs(60), || Err("enough"));
    assert!(matches!(stopped, Err(Stopped::Unwanted("enough"))));
}

#[test]
fn of_a_flood_the_end_is_kept_and_a_child_that_holds_the_pipe_keeps_nobody() {
    let started = Instant::now();
    let output =
        shell("head -c 300000 /dev/zero | tr '\\0' x >&2; echo last >&2; sleep 60 & exit 3")
            .run_within(Duration::from_secs(20))
            .unwrap();
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stderr.ends_with("xlast\n") && output.stderr.len() == KEPT_OUTPUT);
}

#[test]
fn a_name_leads_to_no_program_that_a_stranger_could_have_put_there() {
    let program = |folder: &Path, mode: u32| {
        fs::create_dir_all(folder).unwrap();
        let file = folder.join("python3");
        fs::write(&file, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    };
    let root = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(root.path()).unwrap();
    let find = |path: &str| SearchPath::of(path.as_ref()).find("python3".as_ref());

    let own = root.join("bin");
    let real = program(&own, 0o755);
    assert_eq!(find(own.to_str().unwrap()), Some(real.clone()));
    assert_eq!(
        find(&format!(".::bin:{}", own.display())),
        Some(real.clone())
    );

    // Entries that are relative, or none.
    for relative in ["", ".", "./bin", "bin", "..", ":", "::."] {
        assert_eq!(find(relative), None, "{relative:?}");
    }

    // What an editor has opened, also through a link, of the folder or of the program.
    let opened = root.join("repository");
    program(&opened, 0o755);
    program(&opened.join("node_modules/.bin"), 0o755);
    symlink(&opened, root.join("linked")).unwrap();
    fs::create_dir(root.join("links")).unwrap();
    symlink(opened.join("python3"), root.join("links/python3")).unwrap();
    never_run_from(std::slice::from_ref(&opened));
    for folder in [
        "repository",
        "repository/node_modules/.bin",
        "linked",
        "links",
    ] {
        assert_eq!(find(root.join(folder).to_str().unwrap()), None, "{folder}");
    }

    // What all others may write to, at any depth.
    let shared = root.join("shared");
    program(&shared.join("bin"), 0o755);
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(find(shared.join("bin").to_str().unwrap()), None);
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).unwrap();
    assert!(
        find(shared.join("bin").to_str().unwrap()).is_some(),
        "like /tmp"
    );
    fs::set_permissions(
        shared.join("bin/python3"),
        fs::Permissions::from_mode(0o757),
    )
    .unwrap();
    assert_eq!(find(shared.join("bin").to_str().unwrap()), None);

    // What cannot be executed, and what is no plain name.
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(find(own.to_str().unwrap()), None);
    for path in ["./python3", "bin/python3", "../bin/python3", "", ".."] {
        let found = SearchPath::of(own.as_os_str()).find(path.as_ref());
        assert_eq!(found, None, "{path}");
    }
}

#[test]
fn a_folder_of_another_user_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pip");
    fs::write(&file, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let find = || SearchPath::of(folder.path().as_os_str()).find("pip".as_ref());
    assert!(find().is_some());
    // Only root may give something away; others skip this, as they can't make the situation.
    for path in [file.as_path(), folder.path()] {
        if std::os::unix::fs::chown(path, Some(65534), None).is_ok() {
            assert_eq!(find(), None, "{}", path.display());
            std::os::unix::fs::chown(path, Some(0), None).unwrap();
        }
    }
}

#[test]
fn a_missing_program_is_not_found() {
    for name in ["no-such-program", "", "./sh", "bin/sh"] {
        let error = Subprocess::new(name.as_ref())
            .err()
            .map(|error| error.kind());
        assert_eq!(error, Some(io::ErrorKind::NotFound), "{name:?}");
    }
}
