//! A small configuration format: `key = value` lines in `[sections]`, with typed access.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

#[derive(Debug, PartialEq, Eq)]
pub enum ConfigError {
    BadLine(usize),
    Missing(String),
    BadValue { key: String, value: String },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::BadLine(line) => write!(formatter, "line {line} is neither a section nor a value"),
            ConfigError::Missing(key) => write!(formatter, "{key} is missing"),
            ConfigError::BadValue { key, value } => write!(formatter, "{key} can't be {value}"),
        }
    }
}

#[derive(Debug, Default)]
pub struct Config {
    values: HashMap<String, String>,
}

impl Config {
    pub fn parse(text: &str) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        let mut section = String::new();
        for (index, raw) in text.lines().enumerate() {
            let line = raw.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name.trim().to_string();
                continue;
            }
            let (key, value) = line.split_once('=').ok_or(ConfigError::BadLine(index + 1))?;
            let full_key = join(&section, key.trim());
            config.values.insert(full_key, value.trim().to_string());
        }
        Ok(config)
    }

    /// The value of a key like `server.port`.
    pub fn get<T: FromStr>(&self, key: &str) -> Result<T, ConfigError> {
        let value = self.values.get(key).ok_or_else(|| ConfigError::Missing(key.to_string()))?;
        value.parse().map_err(|_| ConfigError::BadValue { key: key.to_string(), value: value.clone() })
    }

    pub fn get_or<T: FromStr>(&self, key: &str, default: T) -> Result<T, ConfigError> {
        match self.get(key) {
            Err(ConfigError::Missing(_)) => Ok(default),
            other => other,
        }
    }

    /// The keys of a section without its name, sorted.
    pub fn keys(&self, section: &str) -> Vec<&str> {
        let prefix = format!("{section}.");
        let mut keys: Vec<&str> = self.values.keys().filter_map(|key| key.strip_prefix(&prefix)).collect();
        keys.sort_unstable();
        keys
    }
}

fn join(section: &str, key: &str) -> String {
    if section.is_empty() {
        return key.to_string();
    }
    format!("{section}.{key}")
}
