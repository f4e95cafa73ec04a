//! Secret files, known by what stands in them: a key, a vault or a manifest of secrets under an innocent name. Pure, and cheap enough for every
//! key: only the beginning of a text is looked at.

use ropey::Rope;

use crate::{prompt::layout::floor_char, text::floor_char_boundary};

/// Bytes of a text that are looked at. What makes a file one of these stands at its head, below a comment at most.
pub const PROBE_BYTES: usize = 8 * 1024;

const REASON: &str = "The text is that of a file of secrets (a key, a vault, credentials), which is never shown to a model.";

/// Why this text must not be shown, whatever its name; `None` if it may. `is_code`: its name says that it is source code or prose, in which a
/// manifest or a key may stand as an example; what is a key and nothing else is secret there too.
pub fn secret(text: &Rope, is_code: bool) -> Option<&'static str> {
    let end = floor_char(text, PROBE_BYTES.min(text.len_bytes()));
    secret_text(&text.byte_slice(..end).to_string(), is_code)
}

/// [`secret`] of a text in one piece.
pub fn secret_text(text: &str, is_code: bool) -> Option<&'static str> {
    let head = Head::new(&text[..floor_char_boundary(text, PROBE_BYTES)]);
    let has_form = || FORMS.iter().any(|form| form.is(&head)) || head.has_columns_of_logins();
    let is_secret = is_sealed(&head) || !is_code && has_form();
    is_secret.then_some(REASON)
}

/// The beginning of a text.
struct Head<'a> {
    /// Without a byte order mark and blanks before it.
    text: &'a str,
    /// Those that say something, without the blanks around them.
    lines: Vec<&'a str>,
}

impl<'a> Head<'a> {
    fn new(text: &'a str) -> Self {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let lines = text.lines().map(str::trim);
        Self {
            text,
            lines: lines.filter(|line| !line.is_empty()).collect(),
        }
    }

    /// A line begins so, or is this where it ends with `$`. A `=` at the end is the sign between a key and its value, with blanks around it or not.
    fn has_line(&self, beginning: &str) -> bool {
        if let Some(whole) = beginning.strip_suffix('$') {
            return self.lines.contains(&whole);
        }
        self.lines
            .iter()
            .any(|line| begins(line, beginning, |line, prefix| line.strip_prefix(prefix)))
    }

    /// [`Head::has_line`] in capitals or not.
    fn has_line_in_any_case(&self, beginning: &str) -> bool {
        self.lines
            .iter()
            .any(|line| begins(line, beginning, strip_prefix_in_any_case))
    }

    /// A key of YAML or JSON, in quotes or not, in a block or in braces; with this value if there is one behind the `:` of `pair`.
    fn has_pair(&self, pair: &str) -> bool {
        let (key, value) = pair.split_once(':').unwrap_or((pair, ""));
        self.text.match_indices(key).any(|(at, _)| {
            let before = self.text[..at].trim_end_matches(['"', '\'']);
            let before = before.trim_end_matches([' ', '\t']);
            let after = self.text[at + key.len()..].trim_start_matches(['"', '\'']);
            let given = after.trim_start().strip_prefix(':').map(str::trim_start);
            is_place_of_key(before)
                && given.is_some_and(|given| value.is_empty() || is_scalar(given, value))
        })
    }

    /// The columns of a table are those of logins, as password managers and clouds export them.
    fn has_columns_of_logins(&self) -> bool {
        let header = self.lines.first().copied().unwrap_or_default();
        let columns: Vec<_> = header
            .split([',', ';', '\t'])
            .map(|column| column.trim_matches([' ', '"', '\'']).to_lowercase())
            .collect();
        let has = |names: &[&str]| columns.iter().any(|column| names.contains(&&**column));
        has(LOGIN_COLUMNS) && has(PASSWORD_COLUMNS)
    }
}

fn begins<'a>(
    line: &'a str,
    beginning: &str,
    strip_prefix: impl Fn(&'a str, &str) -> Option<&'a str>,
) -> bool {
    match beginning.strip_suffix('=') {
        Some(key) => {
            let rest = strip_prefix(line, key).map(str::trim_start);
            rest.is_some_and(|rest| rest.starts_with('=') && rest.len() > 1)
        }
        None => strip_prefix(line, beginning).is_some(),
    }
}

fn strip_prefix_in_any_case<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let (beginning, rest) = line.split_at_checked(prefix.len())?;
    beginning.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A key may stand behind this: at the beginning of a line or of an item, and in braces.
fn is_place_of_key(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.is_empty() || line.ends_with(['{', '[', ',']) || line.trim_start() == "-"
}

/// The text begins with this value, in quotes or not, and with no longer one.
fn is_scalar(text: &str, value: &str) -> bool {
    let rest = text.trim_start_matches(['"', '\'']).strip_prefix(value);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "-_./".contains(c)))
}

/// Nothing but a private key, or what only a key opens.
fn is_sealed(head: &Head) -> bool {
    const BEGINNINGS: &[&str] = &[
        "$ANSIBLE_VAULT;",
        "PuTTY-User-Key-File-",
        "age-encryption.org/v1",
        "AGE-SECRET-KEY-1",
        "-----BEGIN AGE ENCRYPTED FILE-----",
        "-----BEGIN PGP MESSAGE-----",
        "# created: ",
    ];
    let begins = |beginning: &&str| head.text.starts_with(*beginning);
    let is_age_identity = head.has_line("AGE-SECRET-KEY-1");
    match BEGINNINGS.iter().find(|beginning| begins(beginning)) {
        Some(&"# created: ") => is_age_identity,
        Some(_) => true,
        None => is_mostly_keys(head),
    }
}

/// Half of the lines at least are those of a block with a private key; certificates beside it count to it.
fn is_mostly_keys(head: &Head) -> bool {
    let (mut in_block, mut has_private, mut of_blocks) = (false, false, 0);
    for line in &head.lines {
        if line.starts_with("-----BEGIN ") {
            in_block = true;
            has_private |= line.contains("PRIVATE KEY");
        }
        of_blocks += usize::from(in_block);
        in_block &= !line.starts_with("-----END ");
    }
    has_private && of_blocks * 2 >= head.lines.len()
}

/// A format whose purpose is to hold secrets: one line or more of each group is there.
struct Form(&'static [&'static [&'static str]]);

impl Form {
    fn is(&self, head: &Head) -> bool {
        let Self(groups) = self;
        let has = |group: &&[&str]| group.iter().any(|part| has_part(head, part));
        groups.iter().all(has)
    }
}

/// What begins with `~` may stand anywhere, with `&` it is a pair of YAML or JSON, with `%` it is the beginning of a line in capitals or not;
/// all else is the beginning of a line.
fn has_part(head: &Head, part: &str) -> bool {
    match part.split_at(1) {
        ("~", anywhere) => head.text.contains(anywhere),
        ("&", pair) => head.has_pair(pair),
        ("%", beginning) => head.has_line_in_any_case(beginning),
        _ => head.has_line(part),
    }
}

/// Columns of a table that say whose a password is, in lower case.
const LOGIN_COLUMNS: &[&str] = &[
    "username",
    "user name",
    "user",
    "login",
    "login name",
    "login_username",
    "email",
    "url",
    "website",
    "account",
    "access key id",
];

/// Columns in which passwords stand, in lower case.
const PASSWORD_COLUMNS: &[&str] = &["password", "login_password", "secret access key"];

const FORMS: &[Form] = &[
    // Kubernetes: a secret, alone or among other manifests; a kubeconfig.
    Form(&[&["&kind:Secret"], &["&data", "&stringData"]]),
    Form(&[&["&kind:Config"], &["&users"], &["&clusters"]]),
    // Encrypted values (sops, hiera-eyaml, git-crypt and Ansible in a part of a file).
    Form(&[&["~ENC[AES256_GCM,data:", "~ENC[PKCS7,", "~\u{0}GITCRYPT"]]),
    Form(&[&["~: !vault |", "~: !vault-encrypted |"]]),
    // Service accounts and tokens of clouds.
    Form(&[
        &[
            "~\"service_account\"",
            "~\"authorized_user\"",
            "~\"external_account\"",
        ],
        &[
            "~\"private_key\"",
            "~\"refresh_token\"",
            "~\"client_secret\"",
        ],
    ]),
    Form(&[&["["], &["aws_secret_access_key=", "aws_session_token="]]),
    Form(&[&["~\"auths\""], &["~\"auth\"", "~\"identitytoken\""]]),
    Form(&[
        &["["],
        &["type="],
        &["pass=", "token=", "secret_access_key=", "client_secret="],
    ]),
    Form(&[
        &["~\"terraform_version\""],
        &["~\"lineage\""],
        &["~\"resources\"", "~\"modules\""],
    ]),
    // Logins of programs.
    Form(&[&["~:_authToken=", "~:_auth=", "~:_password="], &["//", "@"]]),
    Form(&[&["machine ", "default login"], &["~password "]]),
    Form(&[&["machine$", "default$"], &["login "], &["~password "]]),
    Form(&[&["[distutils]", "[pypi]"], &["password=", "password:"]]),
    Form(&[&["oauth_token:"], &["user:", "users:"]]),
    // Networks.
    Form(&[&["%[interface]"], &["%privatekey="]]),
    Form(&[
        &["network={"],
        &["psk=", "#psk=", "password=", "sae_password=", "wep_key0="],
    ]),
    Form(&[
        &[
            "<key>",
            "<tls-auth>",
            "<tls-crypt>",
            "<tls-crypt-v2>",
            "<auth-user-pass>",
        ],
        &["client", "remote ", "server ", "dev "],
    ]),
    Form(&[
        &["[wifi-security]", "[vpn-secrets]"],
        &["psk=", "password="],
    ]),
    // Keys that open a vault, and keys to sign with.
    Form(&[&[
        "&unseal_keys_b64",
        "&unseal_keys_hex",
        "&recovery_keys_b64",
        "Unseal Key 1:",
        "Recovery Key 1:",
    ]]),
    Form(&[&["~<RSAKeyValue>"], &["~<D>"]]),
    Form(&[&["untrusted comment:"], &["~secret key"]]),
    // Hashes of passwords.
    Form(&[&[
        "~:$apr1$", "~:$2y$", "~:$2b$", "~:$2a$", "~:{SHA}", "~:$6$", "~:$y$",
    ]]),
    // Cookies, and what password managers export.
    Form(&[&["# Netscape HTTP Cookie File", "# HTTP Cookie File"]]),
    Form(&[&["folder,favorite,type,name,notes,fields"]]),
    Form(&[
        &["~\"encrypted\": "],
        &["~\"folders\""],
        &["~\"items\""],
        &["~\"password\""],
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Written in parts, so that nobody takes this file for one of them.
    fn joined(text: &str) -> String {
        text.replace('~', "")
    }

    #[test]
    fn files_of_secrets_are_known_by_their_text() {
        let key = "-----BEGIN RSA PRI~VATE KEY-----\nQUJD\nREVG\n-----END RSA PRI~VATE KEY-----\n";
        for text in [
            key.to_owned(),
            format!("\u{feff}\r\n{}", key.replace('\n', "\r\n")),
            format!("Bag Attributes\n    friendlyName: x\n{key}-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"),
            "PuTTY-User-Key-~File-3: ssh-ed25519\nEncryption: none\n".to_owned(),
            "# created: 2024-01-01\n# public key: age1x\nAGE-SECRET-~KEY-1QQQ\n".to_owned(),
            "$ANSIBLE_~VAULT;1.1;AES256\n6162\n".to_owned(),
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ndata:\n  user: c2hvcA==\n".to_owned(),
            "apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Secret\nstringData:\n  user: shop\n".to_owned(),
            "{ \"apiVersion\": \"v1\", \"kind\": \"Secret\", \"data\": { \"user\": \"c2hvcA==\" } }".to_owned(),
            "apiVersion: v1\nkind: Config\nclusters:\n- name: a\nusers:\n- name: b\n".to_owned(),
            "user: ENC[AES256_~GCM,data:abc,iv:x,tag:y,type:str]\nsops:\n  version: 3\n".to_owned(),
            "user: shop\npassword: !vault |\n  $ANSIBLE_~VAULT;1.1;AES256\n".to_owned(),
            "{\n  \"type\": \"service_~account\",\n  \"private_key\": \"x\"\n}".to_owned(),
            "[default]\naws_access_key_id = x\naws_secret_~access_key = y\n".to_owned(),
            "{ \"auths\": { \"https://index.docker.io/v1/\": { \"auth\": \"x\" } } }".to_owned(),
            "[drive]\ntype = drive\ntoken = {}\n".to_owned(),
            "{ \"version\": 4, \"terraform_version\": \"1.5\", \"lineage\": \"x\", \"resources\": [] }".to_owned(),
            "//npm.example.org/:_authToken=x\n".to_owned(),
            "machine example.org login me password x\n".to_owned(),
            "[distutils]\nindex-servers = pypi\n[pypi]\nusername = a\npassword = b\n".to_owned(),
            "github.com:\n    user: me\n    oauth_token: x\n".to_owned(),
            "[Interface]\nAddress = 10.0.0.2/32\nPrivateKey = x\n[Peer]\n".to_owned(),
            "client\nremote vpn.example.org 1194\n<key>\n".to_owned(),
            "me:$apr1$x$y\nyou:$apr1$z$a\n".to_owned(),
            "# Netscape HTTP Cookie File\n.example.org\tTRUE\n".to_owned(),
            "name,url,username,password\nshop,https://example.org,me,x\n".to_owned(),
            "kind: Secret # of the shop\ndata:\n  user: c2hvcA==\n".to_owned(),
            "kind:  Secret\ndata:\n  user: c2hvcA==\n".to_owned(),
            "kind:\tSecret\nstringData:\n  user: shop\n".to_owned(),
            "\"kind\": Secret\n\"data\":\n  user: c2hvcA==\n".to_owned(),
            "items:\n- kind: 'Secret'\n  data:\n    user: c2hvcA==\n".to_owned(),
            "{\"kind\" : \"Secret\", \"data\" : {}}".to_owned(),
            "--- {kind: Secret, data: {user: c2hvcA==}}".to_owned(),
            "[interface]\nprivatekey = x\n".to_owned(),
            "[INTERFACE]\nPRIVATEKEY=x\n".to_owned(),
            "dev tun\n<key>\nx\n</key>\n".to_owned(),
            "default\nlogin me\npassword x\n".to_owned(),
            "machine\n  example.org\n  login me\n  password x\n".to_owned(),
            "{ \"unseal_keys_b64\": [\"x\"] }".to_owned(),
            "unseal_keys_hex:\n- x\n".to_owned(),
            "Unseal Key 1: x\nUnseal Key 2: y\n".to_owned(),
            "<RSAKeyValue><Modulus>x</Modulus><D>y</D></RSAKeyValue>".to_owned(),
            "untrusted comment: minisign encrypted secret key\nx\n".to_owned(),
            "untrusted comment: signify secret key\nx\n".to_owned(),
            "network={\n  ssid=\"home\"\n  psk=\"x\"\n}\n".to_owned(),
            "Title,Website,Username,Password\nshop,example.org,me,x\n".to_owned(),
            "\"Title\";\"URL\";\"Password\"\n".to_owned(),
            "Access key ID,Secret access key\nx,y\n".to_owned(),
        ] {
            let text = joined(&text);
            assert!(secret_text(&text, false).is_some(), "{text}");
            assert!(secret(&Rope::from_str(&text), false).is_some(), "{text}");
        }
    }

    #[test]
    fn a_key_is_one_under_the_name_of_code() {
        let key = joined(
            "-----BEGIN OPENSSH PRI~VATE KEY-----\nQUJD\nREVG\n-----END OPENSSH PRI~VATE KEY-----\n",
        );
        assert!(secret_text(&key, true).is_some());
        assert!(secret_text(&joined("$ANSIBLE_~VAULT;1.1;AES256\n6162\n"), true).is_some());
        let code = format!(
            "import pytest\n\n\ndef test_login():\n    key = load(KEY)\n    assert key\n    assert key.is_private\n\n\nKEY = '''\n{key}'''\n"
        );
        assert_eq!(secret_text(&code, true), None);
    }

    #[test]
    fn ordinary_files_are_none() {
        for (text, is_code) in [
            (
                "apiVersion: apps/v1\nkind: Deployment\nspec:\n  secretName: shop\ndata:\n",
                false,
            ),
            (
                "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  data:\n",
                false,
            ),
            ("apiVersion: v1\nkind: SecretList\ndata:\n", false),
            (
                "MANIFEST = '''\napiVersion: v1\nkind: Secret\ndata:\n'''\n",
                true,
            ),
            ("[package]\nname = \"a\"\ntype = \"lib\"\n", false),
            ("[Interface]\nAddress = 10.0.0.1/24\n", false),
            (
                "{ \"name\": \"shop\", \"version\": \"1.0\", \"auth\": true }",
                false,
            ),
            ("name,price,currency\nbook,3,EUR\n", false),
            ("user,url,visits\nme,example.org,3\n", false),
            ("# kind: Secret\nkind: ConfigMap\ndata:\n", false),
            ("kind: Secret-store\ndata:\n", false),
            ("mankind: Secret\ndata:\n", false),
            ("kind: Secret\nmeta-data:\n", false),
            ("<RSAKeyValue><Modulus>x</Modulus></RSAKeyValue>", false),
            ("untrusted comment: minisign public key\nx\n", false),
            ("network={\n  ssid=\"guests\"\n  key_mgmt=NONE\n}\n", false),
            ("default\nlogin\n", false),
            ("client\nremote\nserver\n", false),
            (
                "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
                false,
            ),
            ("machine learning needs data\n", false),
            ("user: shop\ntimeout: 3\n", false),
            ("# created: by hand\nx = 1\n", true),
            ("registry=https://npm.example.org/\n", false),
            ("", false),
        ] {
            assert_eq!(secret_text(text, is_code), None, "{text}");
        }
    }
}
