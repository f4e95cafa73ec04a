//! Which files no model sees.

use std::path::Path;

/// Why the file at `path` must not be read by a model; `None` if it may.
pub fn secret(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase());
    let is_environment =
        name == ".env" || name.starts_with(".env.") || name == ".envrc" || name.ends_with(".env");
    let is_key = matches!(
        extension.as_deref(),
        Some("pem" | "key" | "p12" | "pfx" | "jks" | "keystore" | "kdbx" | "asc" | "gpg")
    ) || ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"].contains(&name.as_str());
    let is_credential = [
        ".netrc",
        "_netrc",
        ".pgpass",
        ".npmrc",
        ".pypirc",
        ".htpasswd",
        "credentials",
        "credentials.json",
        "secrets.yml",
        "secrets.yaml",
        "secrets.json",
        "secrets.toml",
    ]
    .contains(&name.as_str());
    (is_environment || is_key || is_credential)
        .then_some("Files that hold secrets (.env, keys, certificates, credentials) are never shown to a model.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            ".env",
            ".env.local",
            "prod.env",
            "server.PEM",
            "id_rsa",
            "home/.netrc",
            ".aws/credentials",
            "a/tls.key",
        ] {
            assert!(secret(Path::new(name)).is_some(), "{name}");
        }
        for name in [
            "environment.rs",
            "keys.py",
            "main.env.rs",
            "id_rsa.pub.md",
            "credentials.rs",
        ] {
            assert!(secret(Path::new(name)).is_none(), "{name}");
        }
    }
}
