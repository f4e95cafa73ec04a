//! The table of all keys: their names, types, ranges and who may set them. Reading settings is walking this table.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{Config, Issue, Layer, LogLevel, ModelChoice, Trust, files};

/// One key of the settings.
pub struct Key {
    /// As in `tacit.toml`, tables and key joined by dots.
    pub path: &'static str,
    pub kind: Kind,
    /// Whether the `tacit.toml` of a workspace may set it.
    pub workspace: bool,
}

/// What a key takes, and where it goes.
pub enum Kind {
    Boolean(fn(&mut Config) -> &mut bool),
    Integer(RangeInclusive<u32>, fn(&mut Config) -> &mut u32),
    /// A number up to this one, or -1 for `None`.
    Limit(u32, fn(&mut Config) -> &mut Option<u32>),
    Texts(fn(&mut Config) -> &mut Vec<String>),
    Model(fn(&mut Config) -> &mut ModelChoice),
    Folder(fn(&mut Config) -> &mut Option<PathBuf>),
    Level(fn(&mut Config) -> &mut LogLevel),
}

const LEVELS: &[(&str, LogLevel)] = &[
    ("off", LogLevel::Off),
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const fn own(path: &'static str, kind: Kind) -> Key {
    Key {
        path,
        kind,
        workspace: true,
    }
}

const fn user_only(path: &'static str, kind: Kind) -> Key {
    Key {
        path,
        kind,
        workspace: false,
    }
}

/// Every key there is. The engine serves all windows, so no workspace may set its keys.
pub const KEYS: &[Key] = &[
    user_only("model", Kind::Model(|config| &mut config.model)),
    user_only("models_dir", Kind::Folder(|config| &mut config.models_dir)),
    user_only("log_level", Kind::Level(|config| &mut config.log_level)),
    own(
        "completion.enabled",
        Kind::Boolean(|config| &mut config.completion.enabled),
    ),
    own(
        "completion.menu",
        Kind::Boolean(|config| &mut config.completion.menu),
    ),
    own(
        "completion.max_tokens",
        Kind::Integer(1..=4096, |config| &mut config.completion.max_tokens),
    ),
    own(
        "completion.max_lines",
        Kind::Integer(1..=1000, |config| &mut config.completion.max_lines),
    ),
    own(
        "completion.latency_target_ms",
        Kind::Integer(20..=10_000, |config| {
            &mut config.completion.latency_target_ms
        }),
    ),
    own(
        "completion.debounce_ms",
        Kind::Integer(0..=5000, |config| &mut config.completion.debounce_ms),
    ),
    own(
        "completion.learn",
        Kind::Boolean(|config| &mut config.completion.learn),
    ),
    own(
        "completion.min_probability_percent",
        Kind::Integer(0..=100, |config| {
            &mut config.completion.min_probability_percent
        }),
    ),
    own(
        "completion.disabled_languages",
        Kind::Texts(|config| &mut config.completion.disabled_languages),
    ),
    user_only(
        "actions.model",
        Kind::Model(|config| &mut config.actions.model),
    ),
    user_only(
        "actions.idle_unload_minutes",
        Kind::Integer(0..=10_080, |config| &mut config.actions.idle_unload_minutes),
    ),
    user_only(
        "engine.threads",
        Kind::Integer(0..=512, |config| &mut config.engine.threads),
    ),
    user_only(
        "engine.idle_unload_minutes",
        Kind::Integer(0..=10_080, |config| &mut config.engine.idle_unload_minutes),
    ),
    user_only(
        "engine.idle_exit_minutes",
        Kind::Integer(1..=10_080, |config| &mut config.engine.idle_exit_minutes),
    ),
    user_only(
        "engine.context_tokens",
        Kind::Integer(0..=131_072, |config| &mut config.engine.context_tokens),
    ),
    user_only(
        "engine.disk_cache_mb",
        Kind::Integer(0..=65_536, |config| &mut config.engine.disk_cache_mb),
    ),
    user_only(
        "engine.idle_cpu_percent",
        Kind::Integer(0..=100, |config| &mut config.engine.idle_cpu_percent),
    ),
    user_only(
        "engine.prefetch_on_battery",
        Kind::Boolean(|config| &mut config.engine.prefetch_on_battery),
    ),
    user_only(
        "engine.gpu_layers",
        Kind::Limit(1000, |config| &mut config.engine.gpu_layers),
    ),
];

/// Faults of one source that are told; of more, only how many there are. Who has made so many sees the first ones and looks himself.
const MAX_TOLD: usize = 5;

/// Characters of a key that a sentence repeats. The longest that there is has 34.
const MAX_NAME: usize = 40;

/// Languages that a list of them may hold. Any more are no languages.
const MAX_TEXTS: usize = 256;

/// What is wrong with one source.
#[derive(Default)]
struct Faults {
    told: Vec<String>,
    more: usize,
}

impl Faults {
    fn add(&mut self, sentence: impl FnOnce() -> String) {
        match self.told.len() {
            MAX_TOLD => self.more += 1,
            _ => self.told.push(sentence()),
        }
    }

    fn sentences(mut self) -> Vec<String> {
        if self.more > 0 {
            let settings = if self.more == 1 {
                "setting does"
            } else {
                "settings do"
            };
            self.told
                .push(format!("And {} more {settings} not count.", self.more));
        }
        self.told
    }
}

/// Applies what a layer may set and what makes sense; the rest becomes issues.
pub fn apply(layer: &Layer, config: &mut Config, issues: &mut Vec<Issue>) {
    let mut faults = Faults::default();
    match &layer.values {
        Value::Null => {}
        Value::Object(table) => apply_table(table, "", layer.trust, config, &mut faults),
        other => faults.add(|| {
            format!(
                "The settings have to be a table, not {}; they do not count.",
                describe(other)
            )
        }),
    }
    issues.extend(faults.sentences().into_iter().map(|text| Issue {
        source: layer.source.clone(),
        text,
    }));
}

fn apply_table(
    table: &Map<String, Value>,
    prefix: &str,
    trust: Trust,
    config: &mut Config,
    faults: &mut Faults,
) {
    for (name, value) in table {
        let path = format!("{prefix}{name}");
        let key = KEYS.iter().find(|key| key.path == path);
        let is_table = KEYS.iter().any(|key| {
            key.path
                .strip_prefix(&path)
                .is_some_and(|rest| rest.starts_with('.'))
        });
        match (key, value) {
            // Editors send what the user has not set as null.
            (_, Value::Null) => {}
            (Some(key), _) if trust == Trust::Workspace && !key.workspace => {
                faults.add(|| format!("A workspace may not set `{path}`; it does not count."));
            }
            (Some(key), _) => {
                if let Err(expected) = set(&key.kind, value, config) {
                    let found = describe(value);
                    faults.add(|| {
                        format!("`{path}` has to be {expected}, not {found}; it does not count.")
                    });
                }
            }
            (None, Value::Object(inner)) if is_table => {
                apply_table(inner, &format!("{path}."), trust, config, faults)
            }
            (None, other) if is_table => {
                let found = describe(other);
                faults
                    .add(|| format!("`{path}` has to be a table, not {found}; it does not count."));
            }
            (None, _) => faults.add(|| unknown(&path)),
        }
    }
}

/// The sentence for a key that there is none of. It repeats what may be a slip of the pen, and no text that somebody has put there to be read.
fn unknown(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if path.len() > MAX_NAME || !path.chars().all(is_plain) {
        return "A key is no setting, and its name is too long or too odd to be repeated; it does not count.".to_owned();
    }
    match nearest(path) {
        Some(known) => format!("There is no setting `{path}`; did you mean `{known}`?"),
        None => format!("There is no setting `{path}`; it does not count."),
    }
}

/// Sets the field, or says what it would take.
fn set(kind: &Kind, value: &Value, config: &mut Config) -> Result<(), String> {
    match kind {
        Kind::Boolean(field) => *field(config) = value.as_bool().ok_or("true or false")?,
        Kind::Integer(range, field) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            *field(config) = number
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    format!("a whole number from {} to {}", range.start(), range.end())
                })?;
        }
        Kind::Limit(most, field) => {
            let number = value.as_i64().filter(|number| *number <= i64::from(*most));
            *field(config) = match number {
                Some(-1) => None,
                number => Some(
                    number
                        .and_then(|number| u32::try_from(number).ok())
                        .ok_or_else(|| format!("a whole number from -1 to {most}"))?,
                ),
            };
        }
        Kind::Texts(field) => {
            let values = value.as_array().ok_or("a list of texts")?;
            if values.len() > MAX_TEXTS {
                return Err(format!("a list of at most {MAX_TEXTS} texts"));
            }
            let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
            *field(config) = texts.collect::<Option<_>>().ok_or("a list of texts")?;
        }
        Kind::Model(field) => {
            let text = value.as_str().filter(|text| !text.is_empty());
            *field(config) = text.ok_or("\"auto\", a model's name or a path")?.into();
        }
        Kind::Folder(field) => {
            let text = value.as_str().filter(|text| !text.is_empty());
            *field(config) = Some(files::expand_home(text.ok_or("a folder")?));
        }
        Kind::Level(field) => {
            let level = LEVELS
                .iter()
                .find(|(name, _)| Some(*name) == value.as_str());
            *field(config) = level.map(|(_, level)| *level).ok_or_else(|| {
                let names: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
                format!("one of {}", names.join(", "))
            })?;
        }
    }
    Ok(())
}

/// A value for a sentence: numbers and switches as they are, texts by their kind, since issues are logged.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "a text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a table".into(),
    }
}

/// The known key that an unknown one may have meant: the same last word elsewhere, or a word hardly different.
fn nearest(path: &str) -> Option<&'static str> {
    let last = |path| str::rsplit(path, '.').next().unwrap_or(path);
    KEYS.iter()
        .map(|key| {
            let words = similar_ratio(last(key.path), last(path));
            // `model` is the last word of more than one.
            (words, similar_ratio(key.path, path), key.path)
        })
        .filter(|(words, ..)| *words > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)))
        .map(|(.., path)| path)
}

fn similar_ratio(left: &str, right: &str) -> f32 {
    similar::TextDiff::from_chars(left, right).ratio()
}

/// Editors write `maxTokens` where `tacit.toml` has `max_tokens`: both are taken from them.
pub fn in_snake_case(value: &Value) -> Value {
    let Value::Object(table) = value else {
        return value.clone();
    };
    let renamed = table.iter().map(|(name, value)| {
        let mut snake = String::with_capacity(name.len() + 4);
        for character in name.chars() {
            if character.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(character.to_ascii_lowercase());
        }
        (snake, in_snake_case(value))
    });
    Value::Object(renamed.collect())
}
