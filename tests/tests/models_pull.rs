//! Pulling models over a bad network, onto a full disk, twice at once.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tacit::models::pull::{Outcome, PullError, Sources, Step, pull};
use tacit::models::store::{ModelError, Origin};
use tests::http::{Manner, Request, Server};
use tests::models::{FILE, Scene, nobody, pull_from, sources};

/// Pulls from a server of these manners, and requires the right file at the end.
fn pull_through(manners: Vec<Manner>) -> (Scene, Vec<Option<usize>>) {
    let scene = Scene::new();
    let server = Server::start(scene.body.clone(), manners);
    let (resolved, outcome) =
        pull_from(&scene, &sources(&server.address)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((outcome, resolved.origin), (Outcome::Pulled, Origin::Store));
    assert_eq!(fs::read(&resolved.path).expect("the file"), scene.body);
    assert!(!scene.part().exists());
    (
        scene,
        server
            .requests()
            .into_iter()
            .map(|request| request.from)
            .collect(),
    )
}

/// Pulls from a server of these manners, which must fail.
fn fail_through(manners: Vec<Manner>) -> (Scene, PullError, Vec<Request>) {
    let scene = Scene::new();
    let server = Server::start(scene.body.clone(), manners);
    let error = pull_from(&scene, &sources(&server.address)).expect_err("must fail");
    assert!(!scene.store.own_path(&scene.entry()).exists());
    (scene, error, server.requests())
}

#[test]
fn a_pull_brings_the_file_and_a_second_one_asks_nobody() {
    let (scene, asked) = pull_through(vec![Manner::Well]);
    assert_eq!(asked, [None]);
    let (_, outcome) = pull_from(&scene, &sources(&nobody())).expect("here already");
    assert_eq!(outcome, Outcome::WasHere);
}

#[test]
fn a_wrong_file_in_the_store_is_replaced() {
    let scene = Scene::new();
    scene.write(&format!("models/{FILE}"), b"GGUF cut short");
    let server = Server::start(scene.body.clone(), vec![Manner::Well]);
    let (resolved, _) = pull_from(&scene, &sources(&server.address)).expect("pulled");
    assert_eq!(fs::read(resolved.path).expect("the file"), scene.body);
}

#[test]
fn a_cut_connection_is_resumed_where_it_was_cut() {
    let cuts = vec![
        Manner::CutAfter(1),
        Manner::CutAfter(0),
        Manner::CutAfter(50_000),
        Manner::CutAfter(4096),
        Manner::Well,
    ];
    let (_, asked) = pull_through(cuts);
    assert_eq!(asked, [None, Some(1), Some(1), Some(50_001), Some(54_097)]);
}

#[test]
fn an_interrupted_pull_goes_on_the_next_time() {
    let scene = Scene::new();
    let server = Server::start(
        scene.body.clone(),
        vec![Manner::Slow(Duration::from_millis(1)), Manner::Well],
    );
    let stop_half_way = &mut |step: Step| match step {
        Step::Bytes { done, .. } if done > 100_000 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = pull(
        &scene.store,
        &scene.entry(),
        &sources(&server.address),
        stop_half_way,
    );
    assert!(matches!(stopped, Err(PullError::Cancelled)));
    let kept = fs::metadata(scene.part()).expect("a part").len();
    assert!(kept > 100_000);
    pull_from(&scene, &sources(&server.address)).expect("goes on");
    assert_eq!(server.requests()[1].from, Some(kept as usize));
}

#[test]
fn a_server_that_ignores_ranges_is_read_from_the_start() {
    let (_, asked) = pull_through(vec![
        Manner::CutAfter(70_000),
        Manner::IgnoreRange {
            cut_after: usize::MAX,
        },
    ]);
    assert_eq!(asked, [None, Some(70_000)]);

    // One that also cuts each time can never succeed, and must not be asked for ever.
    let (_, error, asked) = fail_through(vec![Manner::IgnoreRange { cut_after: 10_000 }]);
    assert!(matches!(error, PullError::Unreachable { .. }), "{error}");
    assert!(asked.len() < 10, "{} requests", asked.len());
}

#[test]
fn a_range_that_the_server_refuses_or_mistakes_means_from_the_start() {
    let (_, asked) = pull_through(vec![
        Manner::CutAfter(5000),
        Manner::Status(416),
        Manner::Well,
    ]);
    assert_eq!(asked, [None, Some(5000), None]);
    let (_, asked) = pull_through(vec![
        Manner::CutAfter(5000),
        Manner::WrongRange,
        Manner::Well,
    ]);
    assert_eq!(asked, [None, Some(5000), None]);
}

#[test]
fn a_part_that_is_as_long_as_the_file_or_longer_is_started_over() {
    for extra in [0, 1000] {
        let scene = Scene::new();
        scene.write(
            &format!("models/{FILE}.part"),
            &vec![1; scene.body.len() + extra],
        );
        let server = Server::start(scene.body.clone(), vec![Manner::Well]);
        pull_from(&scene, &sources(&server.address)).expect("from the start");
        assert_eq!(server.requests()[0].from, None);
    }
}

#[test]
fn redirects_keep_the_range_and_circles_end() {
    let there = || Manner::Redirect("/elsewhere");
    let (_, asked) = pull_through(vec![there(), Manner::CutAfter(9000), there(), Manner::Well]);
    assert_eq!(asked, [None, None, Some(9000), Some(9000)]);

    let (_, error, asked) = fail_through(vec![Manner::Redirect("/again")]);
    assert!(matches!(error, PullError::Redirects { .. }), "{error}");
    assert!(asked.len() < 20);
}

#[test]
fn wrong_bytes_are_deleted_and_never_become_the_model() {
    let mut wrong = Scene::new().body;
    wrong[77_777] ^= 1;
    let (scene, error, asked) = fail_through(vec![Manner::Instead(wrong)]);
    assert!(matches!(error, PullError::WrongContent { .. }), "{error}");
    assert!(!scene.part().exists());
    assert_eq!(asked.len(), 1);

    let page = b"<html>Please log in to this network</html>".to_vec();
    let (scene, error, _) = fail_through(vec![Manner::Instead(page)]);
    assert!(
        matches!(error, PullError::WrongLength { offered: 42, .. }),
        "{error}"
    );
    assert_eq!(fs::metadata(scene.part()).map_or(0, |part| part.len()), 0);
}

#[test]
fn a_status_that_means_no_is_told_and_not_repeated() {
    for status in [401, 404, 410] {
        let (_, error, asked) = fail_through(vec![Manner::Status(status)]);
        assert!(
            matches!(error, PullError::NotOffered { status: told, .. } if told == status),
            "{error}"
        );
        assert_eq!(asked.len(), 1);
    }
}

#[test]
fn a_server_in_trouble_is_asked_again() {
    let (_, asked) = pull_through(vec![
        Manner::Status(503),
        Manner::CutAfter(100),
        Manner::Status(500),
        Manner::Well,
    ]);
    assert_eq!(asked, [None, None, Some(100), Some(100)]);
}

#[test]
fn without_a_network_the_answer_comes_soon_and_says_what_to_do() {
    let scene = Scene::new();
    let start = Instant::now();
    for hub in [nobody(), "http://no-such-host.invalid".to_owned()] {
        let error = pull_from(&scene, &sources(&hub)).expect_err("nobody there");
        assert!(matches!(error, PullError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("HF_ENDPOINT"), "{error}");
    }
    assert!(start.elapsed() < Duration::from_secs(10));
    let error = pull_from(&scene, &sources("no address")).expect_err("no address");
    assert!(
        matches!(error, PullError::Address(_) | PullError::Unreachable { .. }),
        "{error}"
    );
}

#[test]
fn a_proxy_is_asked_and_its_refusal_is_told() {
    let scene = Scene::new();
    let proxy = Server::start(Vec::new(), vec![Manner::Status(403)]);
    let proxy_address = ureq::Proxy::new(&proxy.address).expect("an address");
    let through = Sources {
        proxy: Some(proxy_address),
        ..sources("http://hub.invalid")
    };
    let error = pull_from(&scene, &through).expect_err("refused");
    assert!(matches!(error, PullError::Unreachable { .. }), "{error}");
    let asked = proxy.requests();
    assert!(
        asked[0].path.contains("hub.invalid"),
        "the proxy resolves the name: {asked:?}"
    );
}

#[test]
fn a_server_that_falls_silent_is_left() {
    let scene = Scene::new();
    let server = Server::start(
        scene.body.clone(),
        vec![Manner::Slow(Duration::from_secs(60)), Manner::Well],
    );
    let hasty = Sources {
        read_timeout: Duration::from_millis(300),
        ..sources(&server.address)
    };
    pull_from(&scene, &hasty).expect("the second connection works");
    assert_eq!(server.requests()[1].from, Some(4096));
}

#[test]
fn what_another_program_holds_is_not_pulled() {
    let scene = Scene::new();
    scene.write(
        &format!("home/.lmstudio/models/Org/Tiny/{FILE}"),
        &scene.body,
    );
    let (resolved, outcome) = pull_from(&scene, &sources(&nobody())).expect("held");
    assert_eq!(outcome, Outcome::WasHere);
    assert!(matches!(resolved.origin, Origin::Held(_)));
    assert!(!scene.store.folder().join(FILE).exists(), "no copy");
}

/// Waits for what another thread or process is about to do.
fn wait_until(happened: impl Fn() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it never happened"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn two_pulls_at_once_are_one_download() {
    let scene = Scene::new();
    let server = Server::start(scene.body.clone(), vec![Manner::Well]);
    let sources = sources(&server.address);
    let other_waits = AtomicBool::new(false);
    // Whichever comes first goes on when the other one waits for it.
    let listen = |step: Step| {
        match step {
            Step::Waiting => other_waits.store(true, Relaxed),
            Step::Bytes { .. } => wait_until(|| other_waits.load(Relaxed)),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let pull = || {
        pull(&scene.store, &scene.entry(), &sources, &mut { listen })
            .expect("pulled")
            .1
    };
    let mut outcomes = thread::scope(|scope| {
        let pulls = [scope.spawn(pull), scope.spawn(pull)];
        pulls.map(|pull| pull.join().expect("no panic"))
    });
    outcomes.sort_by_key(|outcome| *outcome == Outcome::PulledByOther);
    assert_eq!(outcomes, [Outcome::Pulled, Outcome::PulledByOther]);
    assert_eq!(server.requests().len(), 1);
}

/// Set for a second process that runs one test of this file in another role: the root folder of the parent's scene.
const CHILD_ROOT: &str = "TACIT_TEST_CHILD_ROOT";
const CHILD_HUB: &str = "TACIT_TEST_CHILD_HUB";

/// The other role's store and sources, in the second process.
fn child_role() -> Option<(PathBuf, Sources)> {
    Some((
        std::env::var_os(CHILD_ROOT)?.into(),
        sources(&std::env::var(CHILD_HUB).ok()?),
    ))
}

fn child_pull(root: &Path, sources: &Sources) -> Result<Outcome, PullError> {
    let catalogue = tests::models::catalogue(&Scene::new().body, Value::Null);
    let store = tests::models::store_in(root, catalogue);
    let entry = store.entry(tests::models::NAME)?.clone();
    let mut progress = |step: Step| {
        if step == Step::Waiting {
            fs::write(root.join("child-waits"), "").expect("a mark for the parent");
        }
        ControlFlow::Continue(())
    };
    pull(&store, &entry, sources, &mut progress).map(|(_, outcome)| outcome)
}

#[test]
fn a_second_process_waits_for_the_first() {
    if let Some((root, sources)) = child_role() {
        let outcome = child_pull(&root, &sources).expect("pulled by the parent");
        assert_eq!(outcome, Outcome::PulledByOther);
        return;
    }
    let scene = Scene::new();
    let server = Server::start(scene.body.clone(), vec![Manner::Well]);
    let mut child = None;
    // The child starts in the middle of this process's download, which goes on when the child waits.
    let mut progress = |step: Step| {
        if matches!(step, Step::Bytes { done, .. } if done > 0) && child.is_none() {
            let mut command = Command::new(std::env::current_exe().expect("this test"));
            command.args(["--exact", "a_second_process_waits_for_the_first"]);
            command
                .env(CHILD_ROOT, scene.root.path())
                .env(CHILD_HUB, &server.address);
            child = Some(command.spawn().expect("a second process"));
            wait_until(|| scene.root.path().join("child-waits").exists());
        }
        ControlFlow::Continue(())
    };
    pull(
        &scene.store,
        &scene.entry(),
        &sources(&server.address),
        &mut progress,
    )
    .expect("pulled");
    let status = child.expect("was started").wait().expect("ends");
    assert!(
        status.success(),
        "the second process found the first one's file"
    );
    assert_eq!(server.requests().len(), 1);
}

/// A limit on the size of files stops writing like a full disk does, and needs no rights.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_with_what_is_needed_and_where() {
    if let Some((root, sources)) = child_role() {
        let error = child_pull(&root, &sources).expect_err("there is no room");
        assert!(matches!(error, PullError::DiskFull { .. }), "{error}");
        let words = error.to_string();
        assert!(
            words.contains("TACIT_MODELS")
                && words.contains(&root.join("models").display().to_string()),
            "{words}"
        );
        assert!(words.contains("bytes more needed"), "{words}");
        return;
    }
    let scene = Scene::new();
    let server = Server::start(scene.body.clone(), vec![Manner::Well]);
    // Its output goes through a pipe: the limit would hold for a log file too.
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "a_full_disk_is_told_with_what_is_needed_and_where",
        ])
        .env(CHILD_ROOT, scene.root.path())
        .env(CHILD_HUB, &server.address)
        .output()
        .expect("a shell");
    assert!(
        child.status.success(),
        "{}",
        String::from_utf8_lossy(&child.stdout)
    );
    // With room again, what had arrived is used.
    assert!(fs::metadata(scene.part()).expect("kept").len() > 0);
    pull_from(&scene, &sources(&server.address)).expect("goes on");
    assert!(server.requests()[1].from.is_some());
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let scene = Scene::new();
    scene.write("models", b"a file in the way");
    let error = pull_from(&scene, &sources(&nobody())).expect_err("no folder");
    assert!(matches!(error, PullError::Write { .. }), "{error}");
    assert!(error.to_string().contains("TACIT_MODELS"), "{error}");
}

#[test]
fn cancelling_while_another_pulls_ends_the_wait() {
    let scene = Scene::new();
    scene.write(&format!("models/{FILE}.lock"), b"");
    let lock = fs::File::open(scene.store.folder().join(format!("{FILE}.lock"))).expect("the lock");
    lock.lock().expect("free");
    let mut waited = 0;
    let stopped = pull(
        &scene.store,
        &scene.entry(),
        &sources(&nobody()),
        &mut |step| {
            waited += u32::from(step == Step::Waiting);
            if waited < 3 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        },
    );
    assert!(matches!(stopped, Err(PullError::Cancelled)));
    assert!(matches!(
        scene.store.find(&scene.entry()),
        Err(ModelError::NotHere { .. })
    ));
}
