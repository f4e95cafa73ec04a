//! Puts llama.cpp's libraries where the binary finds them: `lib/tacit/` beside it (a build), or `../lib/tacit/` (an
//! installation). Among them is one CPU back end for each generation of instruction sets; the engine picks one at run time.

use std::{env, fs, io, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let Ok(backends) = env::var("DEP_LLAMA_BACKENDS_DIR") else {
        return; // built without the `llama` feature
    };
    let built = Path::new(&backends)
        .parent()
        .expect("the back ends lie in llama.cpp's output folder")
        .to_owned();
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    // target/<profile>/build/<package>/out
    let profile = Path::new(&out)
        .ancestors()
        .nth(3)
        .expect("OUT_DIR lies in the target folder");
    let staged = profile.join("lib/tacit");
    let copied = copy_libraries(&built.join("lib"), &staged)
        .and_then(|()| copy_libraries(Path::new(&backends), &staged));
    copied.unwrap_or_else(|error| {
        panic!(
            "cannot copy llama.cpp's libraries to {}: {error}",
            staged.display()
        )
    });

    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/lib/tacit:$ORIGIN/../lib/tacit");
    }
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "macos") {
        println!(
            "cargo::rustc-link-arg-bins=-Wl,-rpath,@executable_path/lib/tacit,-rpath,@executable_path/../lib/tacit"
        );
    }
}

/// Copies shared libraries under the names by which they are looked up: links are followed, unversioned and fully versioned
/// doubles of `libX.so.0` left out.
fn copy_libraries(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let backend = name.strip_prefix("lib").unwrap_or(&name);
        let is_backend = ["cpu-", "cuda", "hip", "metal", "vulkan"]
            .iter()
            .any(|kind| {
                backend
                    .strip_prefix("ggml-")
                    .is_some_and(|rest| rest.starts_with(kind))
            });
        let is_versioned =
            name.ends_with(".so.0") || name.ends_with(".0.dylib") || name.ends_with(".dll");
        if is_backend || is_versioned {
            // Not over an older copy: a running engine has that one mapped.
            let target = to.join(&name);
            let _ = fs::remove_file(&target);
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
