//! JSON read into a [`Value`] that takes no more memory than it may. A tree of small values takes up to a hundred times the bytes of its text,
//! so a message within the limit of the [framing](super::framing) could fill the memory.
//!
//! What is beyond the budget is read to its end and thrown away, so that the message around it is still understood. Pure.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Bytes that an object takes beside its members: the table of its keys, and room for four of them.
const OBJECT_BYTES: usize = 600;

/// Bytes that a value takes in what holds it, which grows by doubling. The text of a string is not counted: it takes what it took.
const VALUE_BYTES: usize = 160;

/// Memory for the values of one message.
pub struct Budget {
    bytes: Cell<usize>,
    is_exceeded: Cell<bool>,
}

impl Budget {
    pub fn new(bytes: usize) -> Self {
        Self {
            bytes: Cell::new(bytes),
            is_exceeded: Cell::new(false),
        }
    }

    /// Something was left out.
    pub fn is_exceeded(&self) -> bool {
        self.is_exceeded.get()
    }

    fn take(&self, bytes: usize) -> bool {
        match self.bytes.get().checked_sub(bytes) {
            Some(left) if !self.is_exceeded() => self.bytes.set(left),
            _ => self.is_exceeded.set(true),
        }
        !self.is_exceeded()
    }
}

/// Reads one value. It is null, as are those around it, once the budget is exceeded.
#[derive(Clone, Copy)]
pub struct Within<'b>(pub &'b Budget);

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.0.take(VALUE_BYTES) {
            deserializer.deserialize_any(self)
        } else {
            deserializer
                .deserialize_ignored_any(IgnoredAny)
                .map(|_| Value::Null)
        }
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
            if self.0.is_exceeded() {
                values = Vec::new();
            }
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.0.take(OBJECT_BYTES);
        let mut values = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            match self.0.is_exceeded() {
                true => values = Map::new(),
                false => drop(values.insert(name, value)),
            }
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str, bytes: usize) -> (serde_json::Result<Value>, bool) {
        let budget = Budget::new(bytes);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = Within(&budget).deserialize(&mut deserializer);
        let value = value.and_then(|value| deserializer.end().map(|()| value));
        (value, budget.is_exceeded())
    }

    #[test]
    fn what_fits_is_read_as_ever() {
        for text in [
            "null",
            "[true, false, -1, 18446744073709551615, 1.5e3, 1e400]",
            r#"{"a": {"b": [{}, []]}, "a": "twice", "\u00fc": "\ud83e\udd80\n"}"#,
            r#""\ud83e""#,
            "[1, 2",
            "{\"a\" 1}",
            "nul",
        ] {
            let expected = serde_json::from_str::<Value>(text);
            match (read(text, 1 << 20), expected) {
                ((Ok(value), exceeded), Ok(expected)) => {
                    assert_eq!((value, exceeded), (expected, false), "{text}");
                }
                ((Err(error), _), Err(expected)) => {
                    assert_eq!(error.to_string(), expected.to_string(), "{text}");
                }
                (read, expected) => panic!("{text}: {read:?} instead of {expected:?}"),
            }
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(read(&deep, 1 << 20).0.is_err(), "the stack has an end too");
    }

    #[test]
    fn what_does_not_fit_is_passed_over() {
        for text in [
            format!("[{}0]", "{\"\":0},".repeat(100_000)),
            format!("[{}0]", "0,".repeat(100_000)),
            format!(
                "{{{}\"z\":0}}",
                (0..50_000)
                    .map(|n| format!("\"{n}\":{{}},"))
                    .collect::<String>()
            ),
            "[".repeat(100) + &"[],".repeat(10_000) + "0" + &"]".repeat(100),
        ] {
            let (value, is_exceeded) = read(&text, 1 << 20);
            let beginning = &text[..20];
            assert!(is_exceeded, "{beginning}");
            assert!(value.unwrap().to_string().len() < 1000, "{beginning}");
        }
        // Its mistakes are found all the same.
        assert!(
            read(&format!("[{}", "0,".repeat(100_000)), 1 << 20)
                .0
                .is_err()
        );
        // A long text is no tree.
        let text = json!(["\n".repeat(1 << 20)]).to_string();
        assert!(!read(&text, 1 << 20).1);
    }
}
