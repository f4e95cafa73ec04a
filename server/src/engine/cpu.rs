//! Which of llama.cpp's CPU back ends this machine can run. llama.cpp would choose for itself by asking the processor what it
//! has; we ask what the operating system lets us use, and leave out AMX: virtual machines that advertise it without granting it kill the process
//! at its first use.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// A CPU back end: its name in the file name, and what it takes to run it.
struct Variant {
    name: &'static str,
    instruction_sets: &'static str,
    runs_here: fn() -> bool,
}

#[cfg(target_arch = "x86_64")]
macro_rules! variant {
    ($name:literal, $sets:literal, $($feature:tt),*) => {
        Variant { name: $name, instruction_sets: $sets, runs_here: || true $(&& std::is_x86_feature_detected!($feature))* }
    };
}

/// Fastest first; the same list as in llama.cpp's `ggml/src/CMakeLists.txt`, without `sapphirerapids` (AMX).
#[cfg(target_arch = "x86_64")]
const VARIANTS: &[Variant] = &[
    variant!(
        "zen4",
        "AVX-512, VBMI, VNNI, BF16",
        "avx512f",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512vl",
        "avx512vbmi",
        "avx512vnni",
        "avx512bf16",
        "fma",
        "f16c",
        "bmi2"
    ),
    variant!(
        "cooperlake",
        "AVX-512, VNNI, BF16",
        "avx512f",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512vl",
        "avx512vnni",
        "avx512bf16",
        "fma",
        "f16c",
        "bmi2"
    ),
    variant!(
        "icelake",
        "AVX-512, VBMI, VNNI",
        "avx512f",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512vl",
        "avx512vbmi",
        "avx512vnni",
        "fma",
        "f16c",
        "bmi2"
    ),
    variant!(
        "cascadelake",
        "AVX-512, VNNI",
        "avx512f",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512vl",
        "avx512vnni",
        "fma",
        "f16c",
        "bmi2"
    ),
    variant!(
        "cannonlake",
        "AVX-512, VBMI",
        "avx512f",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512vl",
        "avx512vbmi",
        "fma",
        "f16c",
        "bmi2"
    ),
    variant!(
        "skylakex", "AVX-512", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "fma",
        "f16c", "bmi2"
    ),
    variant!(
        "alderlake",
        "AVX2, AVX-VNNI",
        "avx2",
        "avxvnni",
        "fma",
        "f16c",
        "bmi2"
    ),
    variant!("haswell", "AVX2, FMA, F16C", "avx2", "fma", "f16c", "bmi2"),
    variant!("piledriver", "AVX, FMA, F16C", "avx", "fma", "f16c"),
    variant!("ivybridge", "AVX, F16C", "avx", "f16c"),
    variant!("sandybridge", "AVX", "avx"),
    variant!("sse42", "SSE4.2", "sse4.2"),
    variant!("x64", "SSE2", "sse2"),
];

/// On other processors llama.cpp's own choice is safe.
#[cfg(not(target_arch = "x86_64"))]
const VARIANTS: &[Variant] = &[];

/// A back end that was chosen: where its library lies, and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub library: PathBuf,
    /// E.g. "icelake: AVX-512, VBMI, VNNI".
    pub description: String,
}

/// A back end that this machine can run, whether or not its library is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Runnable {
    pub name: &'static str,
    pub instruction_sets: &'static str,
    pub shipped: bool,
}

/// All back ends that this machine can run, fastest first; none where llama.cpp chooses for itself.
pub fn runnable(folder: &Path) -> Vec<Runnable> {
    let variants = VARIANTS.iter().filter(|variant| (variant.runs_here)());
    let runnable = variants.map(|variant| Runnable {
        name: variant.name,
        instruction_sets: variant.instruction_sets,
        shipped: find(folder, variant).is_some(),
    });
    runnable.collect()
}

/// The fastest back end in `folder` that runs on this machine. `TACIT_CPU` names another by its variant, to rule this choice
/// out as a cause or to compare; one that this machine cannot run is passed over.
pub fn choose(folder: &Path) -> Option<Chosen> {
    choose_from(folder, std::env::var("TACIT_CPU").ok().as_deref())
}

fn choose_from(folder: &Path, wanted: Option<&str>) -> Option<Chosen> {
    let usable = || {
        VARIANTS
            .iter()
            .filter(|variant| (variant.runs_here)())
            .filter_map(|variant| find(folder, variant))
    };
    let named = wanted.and_then(|wanted| {
        usable().find(|chosen| chosen.description.split(':').next() == Some(wanted))
    });
    named.or_else(|| usable().next())
}

/// The file name of a back end's library. On macOS too they end in `.so`.
pub fn library_name(backend: &str) -> String {
    let end = if cfg!(windows) { ".dll" } else { ".so" };
    format!("{}ggml-{backend}{end}", std::env::consts::DLL_PREFIX)
}

fn find(folder: &Path, variant: &Variant) -> Option<Chosen> {
    let library = folder.join(library_name(&format!("cpu-{}", variant.name)));
    let description = format!("{}: {}", variant.name, variant.instruction_sets);
    library.is_file().then_some(Chosen {
        library,
        description,
    })
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_variant_that_is_there_and_runs_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(choose_from(folder.path(), None), None);
        for name in ["x64", "sse42", "sapphirerapids"] {
            std::fs::write(folder.path().join(format!("libggml-cpu-{name}.so")), "").unwrap();
        }
        let name = |wanted| choose_from(folder.path(), wanted).map(|chosen| chosen.description);
        assert_eq!(name(None).as_deref(), Some("sse42: SSE4.2"));
        assert_eq!(name(Some("x64")).as_deref(), Some("x64: SSE2"));
        assert_eq!(
            name(Some("sapphirerapids")).as_deref(),
            Some("sse42: SSE4.2")
        );
    }
}
