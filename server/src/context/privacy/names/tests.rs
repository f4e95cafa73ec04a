use std::time::Instant;

use super::*;

/// Names as they lie in home folders, on servers and in repositories.
const SECRETS: &[&str] = &[
    // Environments.
    ".env",
    ".env.local",
    ".env-production",
    ".env.example",
    ".envrc",
    "prod.env",
    "env.local",
    "env.production",
    ".flaskenv",
    "docker/env",
    "http-client.private.env.json",
    "cypress.env.json",
    "web/.dev.vars",
    // Keys and stores of keys.
    "server.PEM",
    "tls.crt",
    "a/tls.key",
    "key.pem.bak",
    "key.pem.1",
    "key.pem~",
    "server.key.old",
    "server.key.2024-05-01",
    "#server.key#",
    "id_rsa",
    "id_rsa.bak",
    "id_rsa (1)",
    "copy of id_rsa",
    ".id_rsa.swp",
    "id_ed25519_sk",
    "id_rsa_old",
    "deploy_rsa",
    "ci/deploy_key",
    "github-deploy-key",
    "ssh_host_ed25519_key",
    "private_key.json",
    "vault.kdbx",
    "store.p12",
    "release.jks",
    "upload.keystore",
    "debug.keystore.disabled",
    "android/key.properties",
    "signing.properties",
    "home/.ssh/known_hosts",
    "home/.ssh/config.d/work",
    "home/.gnupg/trustdb",
    "wallet.dat",
    "keystore/UTC--2024-01-01T00-00-00.0Z--5aaeb605",
    "solana/id.json",
    "mnemonic.txt",
    "home/.config/sops/age/keys.txt",
    "AuthKey_X.p8",
    // Logins.
    "home/.netrc",
    "_netrc",
    ".authinfo.gpg",
    ".npmrc",
    ".npmrc.orig",
    ".yarnrc.yml",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".git/config",
    "htpasswd",
    ".htpasswd",
    "nginx/site.htpasswd",
    "home/.docker/config.json",
    "docker/config.json",
    "home/.config/gh/hosts.yml",
    "home/.config/github-copilot/apps.json",
    "home/.cargo/credentials.toml",
    "home/.m2/settings.xml",
    "home/.gradle/gradle.properties",
    "home/.gem/credentials",
    "home/.bundle/config",
    "home/.huggingface/token",
    "kaggle.json",
    "rclone.conf",
    "home/.databrickscfg",
    "home/.s3cfg",
    ".boto",
    // Clouds.
    "home/.aws/credentials",
    "home/.aws/config",
    "home/.aws/credentials.bak",
    "home/.aws/sso/cache/1a2b.json",
    "home/.azure/accessTokens.json",
    "home/.azure/msal_token_cache.bin",
    "home/.config/gcloud/legacy_credentials/me@example.org/adc.json",
    "home/.config/gcloud/application_default_credentials.json",
    "gcloud/legacy_credentials/x/adc.json",
    "service-account.json",
    "shop-firebase-adminsdk-x1.json",
    "client_secret_42.json",
    "token.json",
    "home/.oci/config",
    "openstack/clouds.yaml",
    "prod.tfvars",
    "prod.auto.tfvars.json",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "home/.terraform.d/credentials.tfrc.json",
    ".terraformrc",
    "appsettings.Production.json",
    "local.settings.json",
    // Ansible, Kubernetes, Vault.
    "group_vars/all/vault.yml",
    "host_vars/web/vault",
    ".vault_pass",
    "vault-password.txt",
    ".vault-token",
    "kubeconfig",
    "kubeconfig.yaml",
    "kubeconfig-prod.yml",
    "staging.kubeconfig",
    "home/.kube/config",
    "home/.kube/config.bak",
    "admin.conf",
    "etc/kubernetes/controller-manager.conf",
    // Folders and words.
    "secrets/prod.yaml",
    "deploy/secrets/values",
    ".secrets/prod.json",
    "credentials/prod.ini",
    "credentials",
    "db-credentials.json",
    "credentials.yml.enc",
    "credentials.json.disabled",
    "secrets.yaml",
    "secrets.yaml.orig",
    "app_secrets.toml",
    "ClientSecrets.json",
    "jwt.secret",
    "api.token",
    "access_token",
    "passwords.csv",
    "ipsec.secrets",
    // Networks.
    "wg0.conf",
    "etc/wireguard/office.conf",
    "client.ovpn",
    "wifi.nmconnection",
    "wpa_supplicant.conf",
    // Exports, histories, copies of databases.
    "bitwarden_export_2024.json",
    "lastpass.csv",
    "cookies.txt",
    "cookies.sqlite",
    "profile/logins.json",
    ".bash_history",
    ".python_history",
    "fish_history",
    "dump.sql",
    "shop_backup.sql",
    "prod.dump",
    // As Windows names them.
    ".ENV",
    ".env.",
    ".env ",
    "ID_RSA",
];

/// Source code, prose and data that sound alike.
const INNOCENTS: &[&str] = &[
    "environment.rs",
    "environment.ts",
    "environment.yml",
    "src/environments/environment.prod.ts",
    "env.ts",
    "env.d.ts",
    "env.test.js",
    "src/env/mod.rs",
    "main.env.rs",
    "keys.py",
    "keys.go",
    "keyboard.json",
    "tokens.ts",
    "tokenizer.json",
    "design-tokens.json",
    "token_test.go",
    "id_rsa.pub",
    "id_rsa.pub.md",
    "id_generator.go",
    "id_map.csv",
    "identity.rs",
    "secrets.py",
    "secrets_test.go",
    "secrets.rs.bak",
    "SecretStore.java",
    "password-field.tsx",
    "password_reset.rb",
    "password_reset.html.erb",
    "passwords.blade.php",
    "icons/password.svg",
    "secrets.md",
    "secrets.ps1",
    "secret.v",
    "credentials.rs",
    "credentials_provider.tf",
    "src/secrets/mod.rs",
    "src/secrets/store.py",
    "internal/credentials/README.md",
    "lib/secrets/Dockerfile",
    "modules/secrets/main.tf",
    "templates/secrets/job.sh",
    "kubeconfig.go",
    "kubeconfig_test.py",
    "vault.rs",
    "group_vars/all/main.yml",
    "vault-client.ts",
    "config.json",
    "settings.json",
    "appsettings.json",
    "package.json",
    ".docker/Dockerfile",
    "docker/compose.yaml",
    ".aws/task-definition.json",
    ".azure/pipelines/ci.yml",
    ".azure/azure-pipelines.yml",
    "service-account.ts",
    "service_account.tf",
    "history.py",
    "hosts.yml",
    "inventory/hosts.yml",
    "schema.sql",
    "structure.sql",
    "backup.sh",
    "backup_job.py",
    "dump.rs",
    "locales/en/passwords.json",
    "config/locales/auth.yml",
    "cookies.js",
    "wallet.ts",
    "Wallet.sol",
    "gradle.properties",
    "application.properties",
    "nginx.conf",
    "sshd_config",
    "terraform/main.tf",
    "wireguard.rs",
    "access_token.rb",
    "authentication.yaml",
    "old_report.py",
    "Cargo.toml",
    "2024-05-01.md",
    "~",
    "...",
];

#[test]
fn secrets_are_known_by_their_names() {
    let shown: Vec<_> = SECRETS
        .iter()
        .filter(|name| secret(Path::new(name)).is_none())
        .collect();
    assert!(shown.is_empty(), "{shown:#?}");
}

#[test]
fn a_copy_of_a_secret_is_one() {
    for name in [
        "id_rsa",
        "tls.key",
        ".netrc",
        "terraform.tfstate",
        "wg0.conf",
        "db-credentials.json",
    ] {
        for end in known::VARIANT_ENDS {
            let copy = format!("home/{name}{end}");
            assert!(secret(Path::new(&copy)).is_some(), "{copy}");
        }
        for beginning in known::VARIANT_BEGINNINGS {
            let copy = format!("{beginning}{name}");
            assert!(secret(Path::new(&copy)).is_some(), "{copy}");
        }
    }
}

#[test]
fn code_about_secrets_is_code() {
    let hidden: Vec<_> = INNOCENTS
        .iter()
        .filter(|name| secret(Path::new(name)).is_some())
        .collect();
    assert!(hidden.is_empty(), "{hidden:#?}");
}

#[test]
fn every_name_of_the_lists_is_a_glob() {
    let lists = lists();
    for (set, globs) in [
        (&lists.secret, known::SECRET),
        (&lists.secret_data, known::SECRET_DATA),
        (&lists.secret_bare, known::SECRET_BARE),
        (&lists.not_secret, known::NOT_SECRET),
    ] {
        let globs: Vec<_> = globs.iter().flat_map(|glob| expanded(glob)).collect();
        assert_eq!(set.len(), globs.len());
        assert!(
            globs
                .iter()
                .all(|glob| !glob.contains(['{', '}', ' ']) || glob == "login data")
        );
    }
    assert_eq!(expanded("a{b{c,d},}e"), ["abce", "ae", "abde", "ae"]);
}

/// Names are asked for at every key and for every file of a workspace.
#[test]
fn a_name_is_judged_at_once() {
    lists();
    let started = Instant::now();
    for _ in 0..100 {
        for name in INNOCENTS {
            std::hint::black_box(secret(&Path::new("/home/user/project/src").join(name)));
        }
    }
    let each = started.elapsed() / (100 * INNOCENTS.len() as u32);
    println!("{each:?} a name");
    assert!(each.as_micros() < 500, "{each:?}");
}
