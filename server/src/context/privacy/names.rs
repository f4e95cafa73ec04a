//! Secret files, known by their names alone.

use std::path::{Component, Path};

/// Extensions of private keys, certificates, key stores and password safes.
const KEY_EXTENSIONS: &[&str] = &[
    "pem", "key", "p8", "p12", "pfx", "ppk", "jks", "keystore", "kdb", "kdbx", "asc", "gpg", "pgp",
    "crt", "cer", "der",
];

/// Files that hold credentials of a tool, by their whole names.
const CREDENTIAL_FILES: &[&str] = &[
    ".netrc",
    "_netrc",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    ".mylogin.cnf",
    ".npmrc",
    ".pypirc",
    ".htpasswd",
    ".htdigest",
    ".git-credentials",
    ".dockercfg",
    ".dockerconfigjson",
    ".s3cfg",
    ".boto",
    ".vault-token",
    ".vault_pass",
    ".dev.vars",
    "kubeconfig",
    "local.settings.json",
];

/// Files that are secret in these folders only: elsewhere the names are common.
const CREDENTIAL_FILES_IN_FOLDERS: &[(&str, &[&str])] = &[
    (".aws", &["credentials", "config"]),
    (".cargo", &["credentials", "credentials.toml"]),
    (".docker", &["config.json"]),
    (".kube", &["config"]),
];

/// Nothing in these folders is meant for others.
const SECRET_FOLDERS: &[&str] = &[".ssh", ".gnupg"];

/// A word of a data file's name that says what is in it. In names of source files the same words say what the code is about.
const SECRET_WORDS: &[&str] = &[
    "secret",
    "secrets",
    "credential",
    "credentials",
    "creds",
    "password",
    "passwords",
    "passwd",
    "apikey",
    "apikeys",
];

const DATA_EXTENSIONS: &[&str] = &[
    "json",
    "json5",
    "yml",
    "yaml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "xml",
    "csv",
    "txt",
    "properties",
    "plist",
    "enc",
];

/// Why the file at `path` must not be read by a model; `None` if it may.
pub fn secret(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension),
        _ => (name.as_str(), ""),
    };
    let is_environment = name.starts_with(".env") || extension == "env";
    let is_key =
        KEY_EXTENSIONS.contains(&extension) || (name.starts_with("id_") && !name.contains('.'));
    let is_infrastructure = ["tfvars", "tfstate", "kubeconfig"].contains(&extension)
        || name.ends_with(".tfvars.json")
        || name.contains(".tfstate.");
    let is_history = name.starts_with('.') && name.ends_with("_history");
    let is_secret = is_environment
        || is_key
        || is_infrastructure
        || is_history
        || CREDENTIAL_FILES.contains(&name.as_str())
        || is_secret_data(stem, extension)
        || lies_among_secrets(path, &name);
    is_secret.then_some(
        "Files that hold secrets (.env, keys, certificates, credentials) are never shown to a model.",
    )
}

/// `secrets.yaml`, `db-credentials.json`, `credentials`; not `credentials.rs`.
fn is_secret_data(stem: &str, extension: &str) -> bool {
    if !extension.is_empty() && !DATA_EXTENSIONS.contains(&extension) {
        return false;
    }
    let words: Vec<&str> = stem.split(['-', '_', '.', ' ']).collect();
    words.iter().any(|word| SECRET_WORDS.contains(word))
        || extension == "json"
            && (words.contains(&"serviceaccount")
                || words.contains(&"adminsdk")
                || words.windows(2).any(|pair| pair == ["service", "account"]))
}

fn lies_among_secrets(path: &Path, name: &str) -> bool {
    let is_secret_folder = |component| match component {
        Component::Normal(folder) => SECRET_FOLDERS.iter().any(|secret| folder == *secret),
        _ => false,
    };
    let folder = path.parent().and_then(Path::file_name);
    path.components().any(is_secret_folder)
        || CREDENTIAL_FILES_IN_FOLDERS
            .iter()
            .any(|(in_folder, names)| {
                folder.is_some_and(|folder| folder == *in_folder) && names.contains(&name)
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            ".env",
            ".env.local",
            ".env-production",
            ".envrc",
            "prod.env",
            "server.PEM",
            "tls.crt",
            "a/tls.key",
            "id_rsa",
            "id_ed25519_sk",
            "home/.netrc",
            ".npmrc",
            ".git-credentials",
            ".pgpass",
            "vault.kdbx",
            "store.p12",
            "prod.tfvars",
            "prod.auto.tfvars.json",
            "terraform.tfstate",
            "terraform.tfstate.backup",
            "kubeconfig",
            "staging.kubeconfig",
            "home/.kube/config",
            "home/.docker/config.json",
            "home/.aws/credentials",
            "home/.ssh/known_hosts",
            "home/.gnupg/trustdb",
            "credentials",
            "db-credentials.json",
            "credentials.yml.enc",
            "secrets.yaml",
            "app_secrets.toml",
            "client_secret_42.json",
            "service-account.json",
            "shop-firebase-adminsdk-x1.json",
            ".bash_history",
        ] {
            assert!(secret(Path::new(name)).is_some(), "{name}");
        }
    }

    #[test]
    fn code_about_secrets_is_code() {
        for name in [
            "environment.rs",
            "env.ts",
            "src/env/mod.rs",
            "keys.py",
            "main.env.rs",
            "id_rsa.pub.md",
            "id_generator.go",
            "credentials.rs",
            "secrets_test.go",
            "SecretStore.java",
            "password-field.tsx",
            "secrets.md",
            "config.json",
            ".docker/Dockerfile",
            ".aws/task-definition.json",
            "service-account.ts",
            "design-tokens.json",
            "history.py",
        ] {
            assert!(secret(Path::new(name)).is_none(), "{name}");
        }
    }
}
