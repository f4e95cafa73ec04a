//! A first look at a GGUF file, before llama.cpp sees it: is the header whole and sane, does the file hold the tensors that
//! it announces? Loaders of this format have had memory bugs, so hostile and damaged files end here, with a sentence.
//!
//! Pure: reads from a reader, keeps a few short strings, allocates nothing that a file's numbers decide.
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::io::{self, Read};

/// Most bytes that a header may have. The largest known (vocabularies of 260,000 tokens) have about 15 MB.
const MAX_HEADER: u64 = 64 << 20;
/// Longest key, as the specification says.
const MAX_KEY: u64 = 65_535;
/// Longest tensor name that ggml takes (`GGML_MAX_NAME`).
const MAX_TENSOR_NAME: u64 = 64;
/// Longest text that is kept of a value; longer ones are skipped, they are no names.
const MAX_KEPT: u64 = 1024;
/// Longest name of an architecture; the longest that llama.cpp knows has 18 signs.
const MAX_ARCHITECTURE: usize = 64;
/// ggml's `GGML_MAX_DIMS`.
const MAX_DIMENSIONS: u32 = 4;
const DEFAULT_ALIGNMENT: u64 = 32;
const MAX_ALIGNMENT: u64 = 4096;

/// What a header says about its model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Version of the format, 2 or 3.
    pub version: u32,
    /// `general.architecture`, for example `qwen2`.
    pub architecture: String,
    /// `general.name`.
    pub name: Option<String>,
    /// Tokens that the model was trained to see at once.
    pub context_length: Option<u64>,
    /// Blocks of the network.
    pub blocks: Option<u32>,
    /// Values that attention keeps of one token, in all blocks together; `None` where the header gives no plain numbers.
    pub kept_values: Option<u64>,
    /// How most weights are stored, for example `Q4_K_M`.
    pub quantisation: Option<&'static str>,
    /// Tokens in the vocabulary.
    pub vocabulary: u64,
    /// Whether the file says how a conversation is written.
    pub chat_template: bool,
    /// Whether the vocabulary has a token that opens a fill-in-the-middle prompt.
    pub fill_in_the_middle: bool,
    pub tensors: u64,
    /// Weights in all tensors together.
    pub parameters: u64,
    /// Least length in bytes that a file with this header has.
    pub bytes_needed: u64,
}

/// Why a file is not given to the engine.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("The file is empty. Delete it and pull the model again.")]
    Empty,
    #[error(
        "This is not a GGUF file: it does not begin with the letters GGUF. Use a model file in GGUF format."
    )]
    NotGguf,
    #[error(
        "This GGUF file is of version {0}, and tacit reads versions 2 and 3. Get a newer file, or convert it with llama.cpp's tools."
    )]
    Version(u32),
    #[error(
        "This GGUF file was written for big-endian machines. Get the little-endian file of the model."
    )]
    BigEndian,
    #[error(
        "The file is cut short: it has {have} bytes and needs at least {need}. Delete it and pull the model again."
    )]
    Cut { have: u64, need: u64 },
    #[error("The file's header is damaged: {0}. Delete the file and pull the model again.")]
    Damaged(String),
    #[error(
        "The file does not name its architecture, so no engine can load it. Get the model from another source."
    )]
    NoArchitecture,
    #[error(
        "The file holds no tokenizer, so it is not a whole language model. Get the complete model file."
    )]
    NoTokenizer,
    #[error(
        "The file is one of {0} parts of a model, and the others would be read from beside it, unverified. Join them with llama.cpp's `llama-gguf-split --merge`."
    )]
    Split(u64),
    #[error("The file holds no weights, only a vocabulary. Get the complete model file.")]
    NoWeights,
    #[error("The file cannot be read: {0}. Check its permissions.")]
    Io(#[from] io::Error),
}

/// Reads a header from the start of a file that is `file_length` bytes long.
pub fn inspect(reader: impl Read, file_length: u64) -> Result<Facts, Refusal> {
    if file_length == 0 {
        return Err(Refusal::Empty);
    }
    let mut header = Header {
        reader,
        at: 0,
        file_length,
    };
    if header.array::<4>()? != *b"GGUF" {
        return Err(Refusal::NotGguf);
    }
    let mut facts = Facts {
        version: header.u32()?,
        ..Facts::default()
    };
    match facts.version {
        2 | 3 => {}
        0x0200_0000 | 0x0300_0000 => return Err(Refusal::BigEndian),
        other => return Err(Refusal::Version(other)),
    }
    facts.tensors = header.u64()?;
    let values = header.u64()?;
    // The smallest value takes 13 bytes, the smallest tensor 24: larger counts than fit are nonsense, not loops.
    if values > file_length / 13 || facts.tensors > file_length / 24 {
        return Err(damaged(format!(
            "it announces {values} values and {} tensors",
            facts.tensors
        )));
    }
    let alignment = read_values(&mut header, values, &mut facts)?;
    let end_of_data = read_tensors(&mut header, alignment, &mut facts)?;
    facts.bytes_needed = header
        .at
        .checked_next_multiple_of(alignment)
        .and_then(|start| start.checked_add(end_of_data))
        .ok_or_else(|| damaged("its tensors would end beyond any file"))?;
    if facts.tensors == 0 {
        return Err(Refusal::NoWeights);
    }
    if facts.bytes_needed > file_length {
        return Err(Refusal::Cut {
            have: file_length,
            need: facts.bytes_needed,
        });
    }
    if facts.architecture.is_empty() {
        return Err(Refusal::NoArchitecture);
    }
    if facts.vocabulary == 0 {
        return Err(Refusal::NoTokenizer);
    }
    Ok(facts)
}

/// Reads all key-value pairs into `facts`; returns the alignment of the tensors' data.
fn read_values<R: Read>(
    header: &mut Header<R>,
    count: u64,
    facts: &mut Facts,
) -> Result<u64, Refusal> {
    let mut alignment = DEFAULT_ALIGNMENT;
    let mut attention = Attention::default();
    for _ in 0..count {
        let key = header.key()?;
        let kind = header.u32()?;
        match (key.as_str(), kind) {
            ("general.architecture", TEXT) => facts.architecture = architecture(header.text()?)?,
            // Of whatever type: llama.cpp opens the other parts by their names.
            ("split.count", kind) => {
                let parts = header.integer(kind)?;
                if parts > 1 {
                    return Err(Refusal::Split(parts));
                }
            }
            ("general.name", TEXT) => facts.name = header.text()?,
            ("general.file_type", UINT32) => facts.quantisation = quantisation(header.u32()?),
            ("general.alignment", UINT32) => {
                alignment = header.u32()?.into();
                if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
                    return Err(damaged(format!(
                        "it asks for an alignment of {alignment} bytes"
                    )));
                }
            }
            ("general.alignment", _) => return Err(damaged("its alignment is not a number")),
            ("tokenizer.ggml.tokens", ARRAY) => read_vocabulary(header, facts)?,
            ("tokenizer.ggml.fim_pre_token_id" | "tokenizer.ggml.prefix_token_id", _) => {
                facts.fill_in_the_middle = true;
                header.skip_value(kind)?;
            }
            ("tokenizer.chat_template", TEXT) => {
                facts.chat_template = true;
                header.skip_value(kind)?;
            }
            (key, UINT32) if key.ends_with(".context_length") => {
                facts.context_length = Some(header.u32()?.into())
            }
            (key, UINT64) if key.ends_with(".context_length") => {
                facts.context_length = Some(header.u64()?)
            }
            (key, UINT32) => {
                let number = header.u32()?;
                if key.ends_with(".block_count") {
                    facts.blocks = Some(number);
                }
                attention.note(key, number);
            }
            _ => header.skip_value(kind)?,
        }
    }
    facts.kept_values = facts
        .blocks
        .and_then(|blocks| attention.values_per_block()?.checked_mul(blocks.into()));
    Ok(alignment)
}

/// The name of an architecture, which is shown and compared. Those that there are are short words such as `qwen2` and `command-r`.
fn architecture(text: Option<String>) -> Result<String, Refusal> {
    let is_name = |text: &String| {
        text.len() <= MAX_ARCHITECTURE
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    text.filter(is_name)
        .ok_or_else(|| damaged("its architecture is not a name"))
}

/// The numbers of a header that say what attention keeps.
#[derive(Default)]
struct Attention {
    embedding: Option<u32>,
    heads: Option<u32>,
    kv_heads: Option<u32>,
    key: Option<u32>,
    value: Option<u32>,
}

impl Attention {
    fn note(&mut self, key: &str, number: u32) {
        let (_, name) = key.split_once('.').unwrap_or_default();
        let field = match name {
            "embedding_length" => &mut self.embedding,
            "attention.head_count" => &mut self.heads,
            "attention.head_count_kv" => &mut self.kv_heads,
            "attention.key_length" => &mut self.key,
            "attention.value_length" => &mut self.value,
            _ => return,
        };
        *field = Some(number);
    }

    /// Values that one block keeps of one token: a key and a value for each of the heads that keep any. Where the header does not
    /// say how long they are, the heads share the embedding.
    fn values_per_block(&self) -> Option<u64> {
        let head = || self.embedding?.checked_div(self.heads?);
        let key = self.key.or_else(head)?;
        let value = self.value.or_else(head)?;
        let heads = self.kv_heads.or(self.heads)?;
        (u64::from(key) + u64::from(value)).checked_mul(heads.into())
    }
}

/// Counts the tokens and looks for one that opens a fill-in-the-middle prompt.
fn read_vocabulary<R: Read>(header: &mut Header<R>, facts: &mut Facts) -> Result<(), Refusal> {
    if header.u32()? != TEXT {
        return Err(damaged("its tokens are not texts"));
    }
    let count = header.count(8)?;
    for _ in 0..count {
        if header
            .text()?
            .is_some_and(|token| FIM_OPENERS.contains(&token.as_str()))
        {
            facts.fill_in_the_middle = true;
        }
    }
    facts.vocabulary = count;
    Ok(())
}

/// Reads all tensor descriptions; returns how many bytes after the start of the data the last one ends.
fn read_tensors<R: Read>(
    header: &mut Header<R>,
    alignment: u64,
    facts: &mut Facts,
) -> Result<u64, Refusal> {
    let mut end_of_data = 0;
    for _ in 0..facts.tensors {
        let length = header.u64()?;
        if length > MAX_TENSOR_NAME {
            return Err(damaged(format!("a tensor's name has {length} bytes")));
        }
        header.skip(length)?;
        let dimensions = header.u32()?;
        if dimensions > MAX_DIMENSIONS {
            return Err(damaged(format!("a tensor has {dimensions} dimensions")));
        }
        let mut elements: u64 = 1;
        let mut row = 1;
        for dimension in 0..dimensions {
            let size = header.u64()?;
            // ggml holds sizes in signed 64-bit numbers.
            elements = elements
                .checked_mul(size)
                .filter(|&n| n > 0 && i64::try_from(n).is_ok())
                .ok_or_else(|| damaged("a tensor has an impossible size"))?;
            if dimension == 0 {
                row = size;
            }
        }
        let kind = header.u32()?;
        let offset = header.u64()?;
        if offset % alignment != 0 {
            return Err(damaged(format!(
                "a tensor lies at {offset}, off the alignment of {alignment} bytes"
            )));
        }
        let bytes = match tensor_block(kind) {
            Some((per_block, _)) if row % per_block != 0 => {
                return Err(damaged(format!(
                    "a row of {row} weights does not fill its blocks of {per_block}"
                )));
            }
            Some((per_block, block_bytes)) => (elements / per_block).checked_mul(block_bytes),
            // A storage type newer than this table: the engine knows it or says so. It takes at least a byte.
            None => Some(1),
        };
        let end = bytes
            .and_then(|bytes| offset.checked_add(bytes))
            .ok_or_else(|| damaged("a tensor is too large"))?;
        end_of_data = end_of_data.max(end);
        facts.parameters = facts.parameters.saturating_add(elements);
    }
    Ok(end_of_data)
}

fn damaged(what: impl Into<String>) -> Refusal {
    Refusal::Damaged(what.into())
}

// The types of values, by the specification's numbers.
const UINT32: u32 = 4;
const INT32: u32 = 5;
const TEXT: u32 = 8;
const ARRAY: u32 = 9;
const UINT64: u32 = 10;
const INT64: u32 = 11;

/// Bytes of a value whose length its type alone decides.
fn fixed_length(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// The reader, where it stands, and how far it may go.
struct Header<R> {
    reader: R,
    at: u64,
    file_length: u64,
}

impl<R: Read> Header<R> {
    /// Claims the next `length` bytes, or says why they cannot be there.
    fn claim(&mut self, length: u64) -> Result<(), Refusal> {
        let end = self
            .at
            .checked_add(length)
            .ok_or_else(|| damaged("a length in it is impossible"))?;
        if end > self.file_length {
            return Err(Refusal::Cut {
                have: self.file_length,
                need: end,
            });
        }
        if end > MAX_HEADER {
            return Err(damaged(format!(
                "it is longer than {} MB",
                MAX_HEADER >> 20
            )));
        }
        self.at = end;
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        self.claim(N as u64)?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Refusal> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A number of elements of at least `least` bytes each, checked against what is left of the file.
    fn count(&mut self, least: u64) -> Result<u64, Refusal> {
        let count = self.u64()?;
        if count > (self.file_length - self.at) / least {
            return Err(damaged(format!("a list in it claims {count} elements")));
        }
        Ok(count)
    }

    fn skip(&mut self, length: u64) -> Result<(), Refusal> {
        self.claim(length)?;
        match io::copy(&mut (&mut self.reader).take(length), &mut io::sink())? == length {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }

    /// A short text; `None`, after skipping it, if it is long. Bytes that are no UTF-8 are replaced.
    fn text(&mut self) -> Result<Option<String>, Refusal> {
        let length = self.u64()?;
        if length > MAX_KEPT {
            self.skip(length)?;
            return Ok(None);
        }
        self.kept(length).map(Some)
    }

    fn key(&mut self) -> Result<String, Refusal> {
        let length = self.u64()?;
        if length > MAX_KEY {
            return Err(damaged(format!("a key has {length} bytes")));
        }
        let key = self.kept(length)?;
        // To llama.cpp a key ends at its first zero byte: `split.count` with something behind it would be `split.count` there.
        if key.contains('\0') {
            return Err(damaged("a key has a zero byte in it"));
        }
        Ok(key)
    }

    fn kept(&mut self, length: u64) -> Result<String, Refusal> {
        self.claim(length)?;
        let mut bytes = Vec::new();
        (&mut self.reader).take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|wrong| String::from_utf8_lossy(wrong.as_bytes()).into_owned()))
    }

    /// A number of any of the integer types; one below zero counts as a huge one.
    fn integer(&mut self, kind: u32) -> Result<u64, Refusal> {
        Ok(match kind {
            0 | 1 => u8::from_le_bytes(self.array()?).into(),
            2 | 3 => u16::from_le_bytes(self.array()?).into(),
            UINT32 | INT32 => self.u32()?.into(),
            UINT64 | INT64 => self.u64()?,
            _ => return Err(damaged("a number in it is none")),
        })
    }

    fn skip_value(&mut self, kind: u32) -> Result<(), Refusal> {
        match (kind, fixed_length(kind)) {
            (_, Some(length)) => self.skip(length),
            (TEXT, None) => {
                let length = self.u64()?;
                self.skip(length)
            }
            (ARRAY, None) => self.skip_array(),
            (other, None) => Err(damaged(format!("a value has the unknown type {other}"))),
        }
    }

    /// Lists of lists are in the specification but in no model, and llama.cpp refuses them too.
    fn skip_array(&mut self) -> Result<(), Refusal> {
        let kind = self.u32()?;
        if let Some(length) = fixed_length(kind) {
            let count = self.count(length)?;
            return self.skip(count * length);
        }
        if kind != TEXT {
            return Err(damaged(format!(
                "a list has elements of the unknown type {kind}"
            )));
        }
        for _ in 0..self.count(8)? {
            let length = self.u64()?;
            self.skip(length)?;
        }
        Ok(())
    }
}

/// Spellings of the token that opens a fill-in-the-middle prompt, over the families that llama.cpp recognises.
const FIM_OPENERS: [&str; 7] = [
    "<|fim_prefix|>",
    "<fim_prefix>",
    "<fim-prefix>",
    "<｜fim▁begin｜>",
    "<PRE>",
    "▁<PRE>",
    "<|code_prefix|>",
];

/// Weights per block and bytes per block of a tensor type (`ggml_type` and its block structures).
fn tensor_block(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        9 => (32, 36),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        15 => (256, 292),
        16 => (256, 66),
        17 => (256, 74),
        18 => (256, 98),
        19 => (256, 50),
        20 => (32, 18),
        21 => (256, 110),
        22 => (256, 82),
        23 => (256, 136),
        24 => (1, 1),
        27 | 28 => (1, 8),
        29 => (256, 56),
        34 => (256, 54),
        35 => (256, 66),
        39 => (32, 17),
        _ => return None,
    })
}

/// The name of a `general.file_type` (`llama_ftype`).
fn quantisation(file_type: u32) -> Option<&'static str> {
    Some(match file_type {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        _ => return None,
    })
}
