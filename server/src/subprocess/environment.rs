//! What programs inherit of the environment. A repository can set variables (`.envrc`, tasks and terminals of an editor), and some make
//! a program load or run what they name. Those are taken away, by name. Which ones a program *needs* no list could tell: proxies,
//! certificates, keyrings and drivers have their own.

use std::env;
use std::ffi::{OsStr, OsString};

use super::{SearchPath, Variables};

/// Never handed on: whoever sets one of these chooses code that the program, or one that it starts, will run. By their whole names.
const REMOVED: &[&str] = &[
    // Where we are says nothing to a program that runs elsewhere.
    "PWD",
    "OLDPWD",
    // Shells, in whose language wrappers of programs are written.
    "BASH_ENV",
    "ENV",
    "BASHOPTS",
    "SHELLOPTS",
    "PROMPT_COMMAND",
    "PS4",
    "ZDOTDIR",
    "IFS",
    // Wrappers that choose among versions of an interpreter: hooks, and where they begin to look.
    "PYENV_HOOK_PATH",
    "PYENV_DIR",
    "RBENV_HOOK_PATH",
    "RBENV_DIR",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
    // The C library: modules for character sets and languages.
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    // Interpreters.
    "PERL5LIB",
    "PERL5OPT",
    "PERL5DB",
    "PERLLIB",
    "RUBYOPT",
    "RUBYLIB",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    // Tools that attach themselves to OpenMP, CUDA and ROCm; libraries that ggml loads.
    "OMP_TOOL_LIBRARIES",
    "CUDA_INJECTION32_PATH",
    "CUDA_INJECTION64_PATH",
    "HSA_TOOLS_LIB",
    "ROCP_TOOL_LIB",
    "ROCPROFILER_REGISTER_LIBRARY",
    "VK_INSTANCE_LAYERS",
    "ZE_ENABLE_ALT_DRIVERS",
    "UR_ADAPTERS_FORCE_LOAD",
    "GGML_BACKEND_PATH",
];

/// The same, by how their names begin: the dynamic loader (`LD_PRELOAD`, `LD_AUDIT`), Python (`PYTHONPATH`, `PYTHONSTARTUP`, `PYTHONHOME`),
/// functions of bash, git's commands, and pip's options, of which [`OF_PIP`] stay.
const REMOVED_BEGINNINGS: &[&str] = &["LD_", "DYLD_", "PYTHON", "BASH_FUNC_", "GIT_", "PIP_"];

/// What pip needs to reach the index that its user has set up. Its other options could be an interpreter (`PIP_PYTHON`), or projects to
/// build (`PIP_EDITABLE`, `PIP_REQUIREMENT`).
const OF_PIP: &[&str] = &[
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_FIND_LINKS",
    "PIP_TRUSTED_HOST",
    "PIP_PROXY",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_TIMEOUT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_RETRIES",
    "PIP_RESUME_RETRIES",
    "PIP_KEYRING_PROVIDER",
    "PIP_USE_FEATURE",
    "PIP_USE_DEPRECATED",
];

/// Paths to code, or to settings that name code, which users do need: for a GPU's libraries, for a company's OpenSSL or index. What is
/// [trusted](SearchPath) of them stays. Below `HOME` and the folders of the XDG specification lie pip's settings, which may name an interpreter or
/// a project to build; without `HOME` programs ask the system where it is.
const TRUSTED_PATHS: &[&str] = &[
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "PYENV_ROOT",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "MISE_CONFIG_DIR",
    "VK_IMPLICIT_LAYER_PATH",
    "VK_ADD_IMPLICIT_LAYER_PATH",
    "OCL_ICD_VENDORS",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "OPENSSL_MODULES",
    "OPENSSL_ENGINES",
    "VK_LAYER_PATH",
    "VK_ADD_LAYER_PATH",
];

/// Such paths that name files: they stay if the folder of each is trusted.
const TRUSTED_FILES: &[&str] = &[
    "OPENSSL_CONF",
    "PIP_CONFIG_FILE",
    "VK_ICD_FILENAMES",
    "VK_DRIVER_FILES",
    "VK_ADD_DRIVER_FILES",
    "OCL_ICD_FILENAMES",
];

/// ggml answers a failed assertion by starting a debugger on the process, if there is one in `PATH`, unless this is set when its
/// libraries are loaded.
const NO_BACKTRACE: (&str, &str) = ("GGML_NO_BACKTRACE", "1");

/// Python takes no module from the folder of the script, or from where it runs (from 3.11 on; `python -I` says the same to all).
const SAFE_PATH: (&str, &str) = ("PYTHONSAFEPATH", "1");

/// This process's environment without what is dangerous in it.
pub(super) fn cleaned() -> Variables {
    clean(env::vars_os())
}

fn clean(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Variables {
    let kept = variables
        .into_iter()
        .filter_map(|(name, value)| Some((clean_value(&name, value)?, name)));
    let ours = [NO_BACKTRACE, SAFE_PATH].map(|(name, value)| (name.into(), value.into()));
    kept.map(|(value, name)| (name, value))
        .chain(ours)
        .collect()
}

/// What stays of a variable's value.
fn clean_value(name: &OsStr, value: OsString) -> Option<OsString> {
    // Windows has names in any case.
    let name = name.to_string_lossy().to_ascii_uppercase();
    let is_in = |names: &[&str]| names.contains(&name.as_str());
    if is_in(TRUSTED_PATHS) {
        let path = SearchPath::of(&value);
        // An empty entry would mean the working folder.
        return (!path.is_empty()).then(|| path.to_list());
    }
    if is_in(TRUSTED_FILES) {
        let is_trusted = |file: std::path::PathBuf| {
            file.is_absolute()
                && file
                    .parent()
                    .is_some_and(|folder| !SearchPath::of(folder.as_os_str()).is_empty())
        };
        return env::split_paths(&value).all(is_trusted).then_some(value);
    }
    if is_in(OF_PIP) {
        return Some(value);
    }
    let begins = |beginning: &&str| name.starts_with(*beginning);
    let is_removed = is_in(REMOVED) || REMOVED_BEGINNINGS.iter().any(begins);
    (!is_removed).then_some(value)
}

/// Starts this program anew, in this process, with a [cleaned](self) environment, unless that has been done: ggml reads its variables when
/// its libraries are loaded, before `main`. For commands that run a model in this process; the engine gets its environment when it is
/// started. Returns if that is not possible, which it never is on Windows.
pub fn restart_cleaned() {
    #[cfg(unix)]
    if env::var_os(NO_BACKTRACE.0).is_none()
        && let Ok(program) = env::current_exe()
    {
        use std::os::unix::process::CommandExt;
        let mut arguments = env::args_os();
        let mut command = std::process::Command::new(program);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        let error = command.args(arguments).env_clear().envs(cleaned()).exec();
        tracing::warn!("the environment stays as it is: {error}");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn cleaned(name: &str, value: &str) -> Option<String> {
        let cleaned = clean([(name.into(), value.into())]);
        let found = cleaned.into_iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    }

    #[test]
    fn what_runs_code_goes_and_what_reaches_the_index_stays() {
        for gone in [
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "PYTHONHOME",
            "PYTHONUSERBASE",
            "LD_PRELOAD",
            "LD_AUDIT",
            "DYLD_INSERT_LIBRARIES",
            "BASH_ENV",
            "NODE_OPTIONS",
            "GIT_SSH_COMMAND",
            "PIP_PYTHON",
            "PIP_EDITABLE",
            "PIP_REQUIREMENT",
            "GGML_BACKEND_PATH",
            "PYENV_HOOK_PATH",
            "ld_preload",
        ] {
            assert_eq!(cleaned(gone, "/usr/lib/x.so"), None, "{gone}");
        }
        for stays in [
            "LANG",
            "LC_ALL",
            "HTTPS_PROXY",
            "no_proxy",
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "PIP_INDEX_URL",
            "PIP_CERT",
            "DBUS_SESSION_BUS_ADDRESS",
            "TACIT_MODELS",
            "CUDA_VISIBLE_DEVICES",
            "GOMP_SPINCOUNT",
            "XDG_RUNTIME_DIR",
        ] {
            assert_eq!(
                cleaned(stays, "as it was").as_deref(),
                Some("as it was"),
                "{stays}"
            );
        }
    }

    #[test]
    fn of_paths_the_trusted_part_stays() {
        let here = env::current_dir().unwrap();
        let list = format!(".::/usr/lib:{}", here.display());
        let usr_lib = std::fs::canonicalize("/usr/lib").unwrap();
        for name in [
            "PATH",
            "LD_LIBRARY_PATH",
            "HOME",
            "XDG_CONFIG_HOME",
            "XDG_CONFIG_DIRS",
        ] {
            assert_eq!(cleaned(name, &list).as_deref(), usr_lib.to_str(), "{name}");
            assert_eq!(cleaned(name, "."), None, "{name}");
        }
        let of_company = "/etc/ssl/openssl.cnf";
        let of_repository = here.join("openssl.cnf");
        for name in ["OPENSSL_CONF", "PIP_CONFIG_FILE"] {
            assert_eq!(cleaned(name, of_company).as_deref(), Some(of_company));
            for bad in ["pip.conf", of_repository.to_str().unwrap()] {
                assert_eq!(cleaned(name, bad), None, "{name}={bad}");
            }
        }
    }

    #[test]
    fn ggml_starts_no_debugger() {
        assert!(clean([]).contains(&("GGML_NO_BACKTRACE".into(), "1".into())));
    }
}
