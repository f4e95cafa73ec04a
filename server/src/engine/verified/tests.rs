use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::*;
use crate::engine::toy::{ToyLoader, ToySettings};
use crate::models::file::sha256_of_file;

/// A GGUF file with nothing in it but what the header check asks for; the last byte belongs to the one weight.
fn gguf() -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(2_u64.to_le_bytes());
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, "qwen2");
    text(&mut bytes, "tokenizer.ggml.tokens");
    bytes.extend(9_u32.to_le_bytes());
    bytes.extend(8_u32.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    text(&mut bytes, "a");
    text(&mut bytes, "w");
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32) + 4, 0);
    bytes
}

/// The same with another weight.
fn other_gguf() -> Vec<u8> {
    let mut bytes = gguf();
    *bytes.last_mut().unwrap() ^= 1;
    bytes
}

/// Changes one byte of a file, and sets its times back as `cp -p`, `rsync -t` and `touch -r` do.
fn change_in_secret(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    fs::write(path, other_gguf()).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
}

/// A model file in a folder of its own, verified as it is.
fn verified() -> (tempfile::TempDir, PathBuf, VerifiedModel) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    fs::write(&path, gguf()).unwrap();
    // As the store does before it hashes a file: older than a step of the clock.
    std::thread::sleep(Duration::from_millis(20));
    let stamp = ModelFile::open(&path).unwrap().stamp;
    let sha256 = sha256_of_file(&path).unwrap();
    let model = VerifiedModel::new(path.clone(), Some(sha256), Some(stamp));
    (folder, path, model)
}

fn loader<L>(model: VerifiedModel, inner: L) -> VerifiedLoader<L> {
    VerifiedLoader {
        model,
        name: "m".to_owned(),
        threads: 1,
        inner,
    }
}

/// Whether the model was run, or why not.
fn load(loader: &impl Loader) -> Result<bool, String> {
    let mut ran = false;
    let loaded = loader.load(&mut |_| {}, &mut |_| ran = true);
    loaded.map(|()| ran).map_err(|error| error.to_string())
}

#[test]
fn what_was_verified_is_loaded_again_and_again_and_nothing_else_is() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 7] = [
        ("a byte, with the old time", |path| change_in_secret(path)),
        ("another file by renaming", |path| {
            let other = path.with_extension("other");
            fs::write(&other, other_gguf()).unwrap();
            fs::rename(other, path).unwrap();
        }),
        ("a copy with the old time by renaming", |path| {
            let other = path.with_extension("other");
            fs::copy(path, &other).unwrap();
            change_in_secret(&other);
            fs::rename(other, path).unwrap();
        }),
        ("longer", |path| {
            fs::write(path, [gguf(), vec![0; 32]].concat()).unwrap()
        }),
        ("cut", |path| {
            fs::write(path, &gguf()[..gguf().len() - 1]).unwrap()
        }),
        ("gone", |path| fs::remove_file(path).unwrap()),
        ("a folder", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let (_folder, path, model) = verified();
        let toy = loader(model, ToyLoader(ToySettings::default()));
        // After each unloading the file is looked at anew.
        assert_eq!(load(&toy), Ok(true), "{what}");
        assert_eq!(load(&toy), Ok(true), "{what}");
        change(&path);
        for _ in 0..2 {
            let refusal = load(&toy).expect_err(what);
            assert!(
                refusal.contains(path.to_str().unwrap()),
                "{what}: {refusal}"
            );
            assert!(refusal.contains("`tacit models "), "{what}: {refusal}");
        }
        // The bytes that were verified are good again, wherever they come from.
        let _ = fs::remove_dir(&path);
        fs::write(&path, gguf()).unwrap();
        assert_eq!(load(&toy), Ok(true), "{what}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_elsewhere_is_another_file() {
    let (folder, path, _) = verified();
    let link = folder.path().join("link.gguf");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let file = ModelFile::open(&link).unwrap();
    let sha256 = sha256_of_file(&link).unwrap();
    let model = VerifiedModel::new(link.clone(), Some(sha256), Some(file.stamp));
    let toy = loader(model, ToyLoader(ToySettings::default()));
    assert_eq!(load(&toy), Ok(true));
    let other = folder.path().join("other.gguf");
    fs::write(&other, other_gguf()).unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&other, &link).unwrap();
    load(&toy).expect_err("another file");
}

#[test]
fn touching_a_file_costs_one_look_at_its_bytes_and_a_stamp_is_no_proof_without_them() {
    let (_folder, path, model) = verified();
    let toy = loader(model.clone(), ToyLoader(ToySettings::default()));
    let touched = fs::File::options().append(true).open(&path).unwrap();
    touched.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(load(&toy), Ok(true));
    let now = ModelFile::open(&path).unwrap().stamp;
    assert_eq!(toy.model.stamp.get(), Some(now), "what was seen is known");

    // Whoever starts the engine told a stamp, but of another file, or none.
    for stamp in [Some(Stamp::default()), None] {
        let wrong = VerifiedModel {
            sha256: Some("0".repeat(64)),
            stamp: Cell::new(stamp),
            ..model.clone()
        };
        let toy = loader(wrong, ToyLoader(ToySettings::default()));
        assert!(load(&toy).unwrap_err().contains("has changed"));
    }
}

#[test]
fn a_damaged_header_is_refused_at_every_load_also_without_a_digest() {
    let (_folder, path, _) = verified();
    let model = VerifiedModel::new(path.clone(), None, None);
    let toy = loader(model, ToyLoader(ToySettings::default()));
    assert_eq!(load(&toy), Ok(true));
    fs::write(&path, b"GGUF, but no more").unwrap();
    let refusal = load(&toy).expect_err("no header");
    assert!(refusal.contains("GGUF"), "{refusal}");
}

/// Puts another file into the model's place, or changes it, while it loads; and says what it was given to load.
struct Swapping {
    path: PathBuf,
    in_place: bool,
    loads: AtomicUsize,
}

impl FileLoader for Swapping {
    fn load_file(
        &self,
        file: &CheckedFile,
        progress: &mut dyn FnMut(f32),
        work: &mut dyn FnMut(&mut dyn Backend),
    ) -> Result<(), LoadError> {
        if self.loads.fetch_add(1, Relaxed) == 0 {
            if self.in_place {
                change_in_secret(&self.path);
            } else {
                let other = self.path.with_extension("other");
                fs::write(&other, other_gguf()).unwrap();
                fs::rename(other, &self.path).unwrap();
                // What was checked is what is loaded, where the system can say so.
                if cfg!(target_os = "linux") {
                    assert_eq!(fs::read(file.own_path()).unwrap(), gguf());
                }
            }
        }
        ToyLoader(ToySettings::default()).load_file(file, progress, work)
    }
}

#[test]
fn a_file_that_changes_while_it_is_loaded_is_not_run() {
    for in_place in [false, true] {
        let (_folder, path, model) = verified();
        let swapping = loader(
            model,
            Swapping {
                path: path.clone(),
                in_place,
                loads: AtomicUsize::new(0),
            },
        );
        let refusal = load(&swapping).expect_err("swapped");
        assert!(refusal.contains("changed while it was read"), "{refusal}");
        load(&swapping).expect_err("still the other file");
        fs::write(&path, gguf()).unwrap();
        assert_eq!(load(&swapping), Ok(true));
    }
}
