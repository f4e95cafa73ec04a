//! Small well-formed GGUF files, for tests that need a model file but no model.

/// One value of a header.
pub enum Value<'a> {
    Number(u32),
    Text(&'a str),
    Texts(&'a [&'a str]),
    /// Of any type, as it is written.
    Raw(u32, &'a [u8]),
}

/// What goes into a file; [`Default`] is a tiny `qwen2` with fill-in-the-middle tokens and one tensor.
pub struct Gguf<'a> {
    pub version: u32,
    pub values: Vec<(&'a str, Value<'a>)>,
    /// Weights of the one tensor, stored as 4-byte floats.
    pub weights: u64,
    /// Varies the tensor's bytes, so that files of one shape can differ.
    pub filling: u8,
}

impl Default for Gguf<'_> {
    fn default() -> Self {
        let values = vec![
            ("general.architecture", Value::Text("qwen2")),
            ("general.name", Value::Text("Tiny")),
            ("general.file_type", Value::Number(15)),
            ("qwen2.context_length", Value::Number(32_768)),
            ("tokenizer.ggml.model", Value::Text("gpt2")),
            (
                "tokenizer.ggml.tokens",
                Value::Texts(&[
                    "a",
                    "b",
                    "<|fim_prefix|>",
                    "<|fim_suffix|>",
                    "<|fim_middle|>",
                ]),
            ),
        ];
        Self {
            version: 3,
            values,
            weights: 64,
            filling: 1,
        }
    }
}

impl<'a> Gguf<'a> {
    /// This file without the value of `key`.
    pub fn without(mut self, key: &str) -> Self {
        self.values.retain(|(other, _)| *other != key);
        self
    }

    pub fn with(mut self, key: &'a str, value: Value<'a>) -> Self {
        self.values.push((key, value));
        self
    }

    /// The header and the tensor's data.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(1_u64.to_le_bytes());
        bytes.extend((self.values.len() as u64).to_le_bytes());
        for (key, value) in &self.values {
            text(&mut bytes, key);
            match value {
                Value::Number(number) => {
                    bytes.extend(4_u32.to_le_bytes());
                    bytes.extend(number.to_le_bytes());
                }
                Value::Text(value) => {
                    bytes.extend(8_u32.to_le_bytes());
                    text(&mut bytes, value);
                }
                Value::Raw(kind, value) => {
                    bytes.extend(kind.to_le_bytes());
                    bytes.extend(*value);
                }
                Value::Texts(values) => {
                    bytes.extend(9_u32.to_le_bytes());
                    bytes.extend(8_u32.to_le_bytes());
                    bytes.extend((values.len() as u64).to_le_bytes());
                    values.iter().for_each(|value| text(&mut bytes, value));
                }
            }
        }
        text(&mut bytes, "token_embd.weight");
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(self.weights.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        // No two blocks alike: a piece in the wrong place must show.
        let pattern = |at: u64| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8 ^ self.filling;
        bytes.extend((0..self.weights * 4).map(pattern));
        bytes
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
