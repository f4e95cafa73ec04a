//! The mirror of parts: a script in the place of pip, and wheels made here.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tacit::models::mirror::Pip;
use tacit::models::pull::{Mirror as Leave, Outcome, PullError, Sources, Step, pull};
use tacit::models::store::Resolved;
use tests::http::{Manner, Server};
use tests::models::{FILE, NAME, Scene, nobody, pull_from, sources};

const SLICES: usize = 11;
const LENGTH: usize = 20_000;

/// As pip does it: `--version`, or `download ... -d FOLDER NAME==VERSION`. Keeps lists of its calls and of what was asked for.
const SCRIPT: &str = r#"
    echo "$*" >> "$WHEELS/calls"
    [ "$1" = --version ] && exit 0
    while [ $# -gt 1 ]; do [ "$1" = -d ] && to=$2; shift; done
    name=${1%%==*}
    echo "$1" >> "$WHEELS/asked"
    sleep "${SECONDS_PER_WHEEL:-0}"
    cp "$WHEELS/$name.whl" "$to/$name-1.0-py3-none-any.whl" 2>/dev/null && exit 0
    echo "looking around" >&2
    echo "ERROR: No matching distribution found for $1" >&2
    exit 1"#;

struct Mirror {
    scene: Scene,
    wheels: PathBuf,
    pip: Pip,
}

impl Mirror {
    /// All slices of the scene's file; the catalogue lists them in alphabetic order, part10 before part2.
    fn new() -> Self {
        let mut packages: Vec<_> = (1..=SLICES)
            .map(|number| format!("tiny-part{number}"))
            .collect();
        packages.sort();
        let scene = Scene::with_parts(
            json!({ "version": "1.0", "packages": packages, "publisher": "a test" }),
        );
        let wheels = scene.root.path().join("wheels");
        let script = scene.write("pip.sh", SCRIPT.as_bytes());
        let environment = vec![("WHEELS".into(), wheels.clone().into())];
        let pip = Pip {
            program: "sh".into(),
            arguments: vec![script.into()],
            environment,
        };
        let mirror = Self { scene, wheels, pip };
        assert_eq!(mirror.scene.body.chunks(LENGTH).count(), SLICES);
        for (at, slice) in mirror.scene.body.chunks(LENGTH).enumerate() {
            mirror.publish(at + 1, at + 1, slice);
        }
        mirror
    }

    /// Makes the wheel of package `package` with one slice in it.
    fn publish(&self, package: usize, slice: usize, bytes: &[u8]) {
        fs::create_dir_all(&self.wheels).expect("a folder");
        let file =
            fs::File::create(self.wheels.join(format!("tiny-part{package}.whl"))).expect("a wheel");
        let mut wheel = zip::ZipWriter::new(file);
        let options = zip::write::SimpleFileOptions::default();
        for (name, bytes) in [
            (
                format!("tiny_part{package}/__init__.py"),
                b"raise SystemExit".as_slice(),
            ),
            (format!("tiny_part{package}/data/part{slice:02}.bin"), bytes),
        ] {
            wheel.start_file(name, options).expect("a member");
            wheel.write_all(bytes).expect("written");
        }
        wheel.finish().expect("a wheel");
    }

    fn withdraw(&self, package: usize) {
        fs::remove_file(self.wheels.join(format!("tiny-part{package}.whl"))).expect("was there");
    }

    fn sources(&self, hub: &str) -> Sources {
        Sources {
            mirror: Leave::Allowed,
            pips: vec![self.pip.clone()],
            ..sources(hub)
        }
    }

    fn pull(&self) -> Result<(Resolved, Outcome), PullError> {
        pull_from(&self.scene, &self.sources(&nobody()))
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.wheels.join("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    /// How often pip was started, for whatever.
    fn calls(&self) -> usize {
        let calls = fs::read_to_string(self.wheels.join("calls")).unwrap_or_default();
        calls.lines().count()
    }

    fn assert_only_the_model_is_left(&self) {
        let lock = format!("{FILE}.lock");
        assert_eq!(self.left(), ["records.json", "records.lock", FILE, &lock]);
    }

    /// What lies in the model folder, sorted.
    fn left(&self) -> Vec<String> {
        let files = fs::read_dir(self.scene.store.folder())
            .expect("a folder")
            .flatten();
        let mut names: Vec<_> = files
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn names(range: impl Iterator<Item = usize>) -> Vec<String> {
    range
        .map(|number| format!("tiny-part{number}==1.0"))
        .collect()
}

#[test]
fn parts_are_joined_in_numeric_order_and_nothing_else_stays() {
    let mirror = Mirror::new();
    let mut steps = Vec::new();
    let mut last = 0;
    let listen = &mut |step: Step| {
        match step {
            Step::Bytes { done, total } => {
                assert!(
                    total == Some(mirror.scene.body.len() as u64)
                        && done <= mirror.scene.body.len() as u64
                );
                assert!(done >= last, "progress never goes back");
                last = done;
            }
            Step::Package { number, of } => steps.push((number, of)),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let pulled = pull(
        &mirror.scene.store,
        &mirror.scene.entry(),
        &mirror.sources(&nobody()),
        listen,
    );
    let (resolved, _) = pulled.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        fs::read(resolved.path).expect("the file"),
        mirror.scene.body
    );
    assert_eq!(mirror.asked(), names(1..=SLICES));
    assert_eq!(
        steps,
        (1..=SLICES)
            .map(|number| (number, SLICES))
            .collect::<Vec<_>>()
    );
    assert_eq!(last, mirror.scene.body.len() as u64);
    mirror.assert_only_the_model_is_left();
}

#[test]
fn a_missing_part_is_told_in_pips_words_and_the_rest_is_kept() {
    let mirror = Mirror::new();
    let slice = &mirror.scene.body[6 * LENGTH..7 * LENGTH];
    mirror.withdraw(7);
    let error = mirror.pull().expect_err("part 7 is missing");
    assert!(
        error
            .to_string()
            .contains("No matching distribution found for tiny-part7==1.0"),
        "{error}"
    );
    assert_eq!(
        fs::metadata(mirror.scene.part()).expect("kept").len(),
        6 * LENGTH as u64
    );
    assert!(
        !mirror.left().iter().any(|name| name.ends_with(".wheels")),
        "{:?}",
        mirror.left()
    );

    // Killed in the middle of a slice: the half slice goes, whole ones stay.
    let mut part = fs::OpenOptions::new()
        .append(true)
        .open(mirror.scene.part())
        .expect("the part");
    part.write_all(&slice[..99]).expect("written");
    mirror.publish(7, 7, slice);
    mirror.pull().expect("goes on at part 7");
    assert_eq!(mirror.asked(), names((1..=7).chain(7..=SLICES)));
}

#[test]
fn bytes_of_the_hub_are_not_taken_for_slices_but_slices_serve_the_hub() {
    let mirror = Mirror::new();
    mirror
        .scene
        .write(&format!("models/{FILE}.part"), &mirror.scene.body[..30_000]);
    mirror.pull().expect("from the first part");
    assert_eq!(mirror.asked(), names(1..=SLICES));

    let mirror = Mirror::new();
    mirror.withdraw(3);
    mirror.pull().expect_err("part 3 is missing");
    let server = Server::start(mirror.scene.body.clone(), vec![Manner::Well]);
    pull_from(&mirror.scene, &mirror.sources(&server.address)).expect("the hub is back");
    assert_eq!(server.requests()[0].from, Some(2 * LENGTH));
    mirror.assert_only_the_model_is_left();
}

#[test]
fn wrong_slices_never_become_the_model() {
    let mirror = Mirror::new();
    mirror.publish(4, 4, &[4; LENGTH]);
    let error = mirror.pull().expect_err("other bytes");
    assert!(matches!(error, PullError::WrongContent { .. }), "{error}");
    assert_eq!(
        mirror.left(),
        [format!("{FILE}.lock")],
        "what was joined is deleted"
    );

    for (slice, length, words) in [(5, LENGTH, "no slice 4"), (4, 1_000_000, "too long")] {
        let mirror = Mirror::new();
        mirror.publish(4, slice, &vec![4; length]);
        let error = mirror.pull().expect_err("no good package").to_string();
        assert!(
            error.contains("tiny-part4") && error.contains(words),
            "{error}"
        );
    }
    let mirror = Mirror::new();
    fs::write(mirror.wheels.join("tiny-part4.whl"), b"no zip").expect("written");
    assert!(
        mirror
            .pull()
            .expect_err("no zip")
            .to_string()
            .contains("tiny-part4")
    );
}

#[test]
fn without_leave_the_mirror_is_named_and_not_touched() {
    let mirror = Mirror::new();
    let refused = |hub: &str| {
        let sources = Sources {
            mirror: Leave::NotAllowed,
            ..mirror.sources(hub)
        };
        let error = pull_from(&mirror.scene, &sources).expect_err("not allowed");
        assert!(matches!(error, PullError::MirrorNotAllowed(_)), "{error}");
        error.to_string()
    };
    let unreachable = Server::start(Vec::new(), vec![Manner::Status(403), Manner::Status(503)]);
    for words in [
        refused(&nobody()),
        refused(&unreachable.address),
        refused(&unreachable.address),
    ] {
        for part in [
            "The hub cannot be reached (",
            "Python package index",
            "the 11 packages tiny-part1 to tiny-part11 1.0, published by a test",
            "only the pinned SHA-256 of the whole file is trusted",
            &format!("`tacit models pull {NAME} --mirror`"),
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(words.chars().count() < 500, "one message: {words}");
    }
    assert_eq!(mirror.calls(), 0, "not even for its version");

    // Slices of an earlier pull are no leave for the next one.
    mirror.withdraw(3);
    mirror.pull().expect_err("part 3 is missing");
    let calls = mirror.calls();
    refused(&nobody());
    assert_eq!(mirror.calls(), calls);
}

#[test]
fn leave_for_the_mirror_is_not_needed_where_the_hub_answers() {
    let mirror = Mirror::new();
    let server = Server::start(mirror.scene.body.clone(), vec![Manner::Well]);
    pull_from(&mirror.scene, &mirror.sources(&server.address)).expect("from the hub");
    assert_eq!((server.requests().len(), mirror.calls()), (1, 0));
}

#[test]
fn links_that_others_put_into_the_folder_are_not_written_through() {
    for suffix in [".part", ".part.json", ".lock"] {
        let mirror = Mirror::new();
        let victim = mirror.scene.write("victim", b"the user's own text");
        let link = mirror.scene.store.folder().join(format!("{FILE}{suffix}"));
        fs::create_dir_all(mirror.scene.store.folder()).expect("a folder");
        std::os::unix::fs::symlink(&victim, link).expect("a link");
        let error = mirror.pull().expect_err(suffix);
        assert!(error.to_string().contains("it is a link"), "{error}");
        let text = fs::read(&victim).expect("the file");
        assert_eq!(text, b"the user's own text", "{suffix}");
    }
}

#[test]
fn a_false_memory_of_joined_slices_costs_a_download_and_nothing_else() {
    for memory in [
        json!({ "slices": 1, "bytes": 1_000_000 }),
        json!({ "slices": u64::MAX, "bytes": 0 }),
        json!({ "slices": SLICES, "bytes": LENGTH }),
        json!("no memory"),
    ] {
        let mirror = Mirror::new();
        mirror
            .scene
            .write(&format!("models/{FILE}.part"), &[7; 2_000_000]);
        mirror.scene.write(
            &format!("models/{FILE}.part.json"),
            memory.to_string().as_bytes(),
        );
        // What does not fit is noticed by its hash at the latest, and then forgotten.
        let first = mirror.pull();
        assert!(
            matches!(first, Ok(_) | Err(PullError::WrongContent { .. })),
            "{memory}"
        );
        mirror
            .pull()
            .unwrap_or_else(|error| panic!("{memory}: {error}"));
    }
}

/// Who owns a part file can change what was hashed as it was written.
#[test]
fn bytes_that_change_after_they_were_written_are_not_the_model() {
    let mirror = Mirror::new();
    let mut verifying = |step: Step| {
        if step == Step::Verifying {
            let part = fs::OpenOptions::new().write(true).open(mirror.scene.part());
            part.and_then(|mut part| part.write_all(b"EVIL"))
                .expect("written");
        }
        ControlFlow::Continue(())
    };
    let error = pull(
        &mirror.scene.store,
        &mirror.scene.entry(),
        &mirror.sources(&nobody()),
        &mut verifying,
    )
    .expect_err("other bytes");
    assert!(
        error.to_string().contains("is not the file that"),
        "{error}"
    );
    mirror.scene.store.resolve(NAME).expect_err("still not");
}

#[test]
fn the_mirror_is_for_a_hub_out_of_reach_and_for_nothing_else() {
    for status in [403, 500, 503] {
        let mirror = Mirror::new();
        let server = Server::start(mirror.scene.body.clone(), vec![Manner::Status(status)]);
        pull_from(&mirror.scene, &mirror.sources(&server.address))
            .unwrap_or_else(|error| panic!("{status}: {error}"));
        assert_eq!(mirror.asked().len(), SLICES);
    }
    let mut wrong = Scene::new().body;
    wrong[0] ^= 1;
    for manner in [
        Manner::Instead(wrong),
        Manner::Status(404),
        Manner::Redirect("/again"),
    ] {
        let mirror = Mirror::new();
        let server = Server::start(mirror.scene.body.clone(), vec![manner]);
        pull_from(&mirror.scene, &mirror.sources(&server.address))
            .expect_err("an answer, but not the file");
        assert!(mirror.asked().is_empty());
    }
}

#[test]
fn without_pip_the_user_learns_what_he_can_do() {
    let mirror = Mirror::new();
    let missing = Pip {
        program: "no-such-program".into(),
        arguments: Vec::new(),
        environment: Vec::new(),
    };
    let sources = Sources {
        mirror: Leave::Allowed,
        pips: vec![missing.clone()],
        ..sources(&nobody())
    };
    let error = pull_from(&mirror.scene, &sources).expect_err("no pip");
    assert!(matches!(error, PullError::NoPip { .. }), "{error}");
    assert!(
        error.to_string().contains(&mirror.scene.entry().url),
        "{error}"
    );

    let sources = Sources {
        pips: vec![missing, mirror.pip.clone()],
        ..sources
    };
    pull_from(&mirror.scene, &sources).expect("the second way to call pip works");
}

#[test]
fn a_pip_that_fails_is_told_by_its_words_and_a_full_disk_as_one() {
    let fails_with = |script: &str| {
        let mut mirror = Mirror::new();
        let script = format!("[ \"$1\" = --version ] && exit 0\n{script}");
        let script = mirror.scene.write("failing.sh", script.as_bytes());
        mirror.pip.arguments = vec![script.into()];
        mirror.pull().expect_err("pip fails")
    };
    for words in [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "OSError: [Errno 28] Auf dem Gerät ist kein Speicherplatz mehr verfügbar",
        "OSError: [Errno 122] Disk quota exceeded: '/models'",
    ] {
        let error = fails_with(&format!("echo \"{words}\" >&2; exit 1"));
        assert!(
            matches!(error, PullError::DiskFull { .. }),
            "{words}: {error}"
        );
    }
    // The folder for the model may be full while pip speaks: what it says needs no room there.
    for (script, words) in [
        ("exit 3", "without a word (exit status: 3)"),
        ("kill -9 $$", "without a word (signal: 9"),
        ("echo one >&2; echo two >&2; exit 1", "tiny-part1: two"),
        (
            "echo 'ERROR: one.' >&2; echo two >&2; exit 1",
            "tiny-part1: ERROR: one",
        ),
        (
            "echo nothing on standard error; exit 1",
            "without a word (exit status: 1)",
        ),
    ] {
        let error = fails_with(script).to_string();
        assert!(error.contains(words), "{script}: {error}");
        assert!(!error.contains("no reason"), "{script}: {error}");
    }
}

#[test]
fn cancelling_ends_pip() {
    let mut mirror = Mirror::new();
    mirror
        .pip
        .environment
        .push(("SECONDS_PER_WHEEL".into(), "60".into()));
    let start = Instant::now();
    let mut ticks = 0;
    let stop = &mut |step: Step| {
        ticks += u32::from(matches!(step, Step::Bytes { .. }));
        if ticks < 3 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let stopped = pull(
        &mirror.scene.store,
        &mirror.scene.entry(),
        &mirror.sources(&nobody()),
        stop,
    );
    assert!(matches!(stopped, Err(PullError::Cancelled)));
    assert!(start.elapsed() < Duration::from_secs(20));
}
