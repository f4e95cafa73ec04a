//! llama.cpp behind [`Backend`]. The only file that knows the crate, run by one thread only: llama.cpp aborts the process on
//! a broken precondition, so every bound is checked here first.

use std::{
    num::NonZeroU32,
    ops::Range,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use llama_cpp_2::{
    DecodeError, LlamaBackendDevice, LlamaBackendDeviceType, LlamaContextLoadError, LogOptions,
    context::{
        LlamaContext,
        params::LlamaContextParams,
        session::{LlamaStateSeqFlags, SeqState},
    },
    llama_backend::{LlamaBackend, load_backends_from_path},
    llama_batch::LlamaBatch,
    model::{LlamaChatMessage, LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
};

use super::{
    backend::{Backend, Dimensions, EvaluateError, LoadError, Parked, SeqId, Token, Vocabulary},
    cpu,
    offload::{self, Gpu, Load},
    verified::{CheckedFile, FileLoader},
};
use crate::{
    models::gguf::Facts,
    prompt::{
        Special,
        chat::{ChatTemplate, Role},
    },
};

/// How to run a model.
#[derive(Debug, Clone)]
pub struct LlamaLoader {
    /// Cells of the KV cache, shared by all documents.
    pub context_tokens: u32,
    pub threads: u32,
    /// Layers on the GPU; `None` is as many as fit.
    pub gpu_layers: Option<u32>,
}

/// Documents that keep their place in the KV cache.
const SEQUENCES: u32 = 8;
/// Upper bound of one `llama_decode`. llama.cpp reserves logits for each of them, 0.6 MB with Qwen2.5's vocabulary, and more than
/// 128 tokens a pass are hardly faster on a CPU (`tacit bench decode`).
const BATCH_TOKENS: u32 = 128;
/// Folder of llama.cpp's libraries, relative to the folder of the binary: of an installation (and of test binaries), of a build.
const LIBRARY_FOLDERS: [&str; 2] = ["../lib/tacit", "lib/tacit"];

/// Names one more library, which llama.cpp loads with those of any folder.
const FOREIGN_BACKEND: &str = "GGML_BACKEND_PATH";

/// Back ends for GPUs, by their names in llama.cpp's libraries; which of them were built is a matter of cargo's features.
const GPU_BACKENDS: [&str; 4] = ["cuda", "hip", "metal", "vulkan"];

impl FileLoader for LlamaLoader {
    fn load_file(
        &self,
        file: &CheckedFile,
        progress: &mut dyn FnMut(f32),
        work: &mut dyn FnMut(&mut dyn Backend),
    ) -> Result<(), LoadError> {
        let llama = llama()?;
        progress(0.0);
        let layers = self.layers_on_gpu(&file.facts)?;
        let mut params = LlamaModelParams::default().with_n_gpu_layers(layers);
        if layers == 0 {
            // A GPU that holds no layer would still be woken, and given large products to compute.
            params = params
                .with_devices(&[])
                .map_err(|error| LoadError(error.to_string()))?;
        }
        let model = LlamaModel::load_from_file(llama, file.own_path(), &params).map_err(|error| {
            LoadError(format!(
                "The model {} could not be loaded ({error}). It may be damaged or made for a newer version: check it with \
                 `tacit models verify`, or choose another with `tacit models list`.",
                file.path().display()
            ))
        })?;
        progress(0.9);
        let context = new_context(llama, &model, self.context_tokens, self.threads).map_err(|error| {
            LoadError(format!(
                "There is not enough memory for a context of {} tokens ({error}). Lower `engine.context_tokens` or choose a \
                 smaller model.",
                self.context_tokens
            ))
        })?;
        let dimensions = Dimensions {
            cells: context.n_ctx(),
            sequences: SEQUENCES,
            batch: BATCH_TOKENS,
        };
        let mut backend = Llama {
            dimensions,
            vocabulary: vocabulary(&model),
            chat_template: chat_template(&model),
            device: device_names(layers),
            batch: LlamaBatch::new(BATCH_TOKENS as usize, 1),
            held: vec![0; SEQUENCES as usize],
            outputs: 0..0,
            llama,
            model: &model,
            context,
        };
        progress(1.0);
        work(&mut backend);
        Ok(())
    }
}

impl LlamaLoader {
    fn layers_on_gpu(&self, facts: &Facts) -> Result<u32, LoadError> {
        let gpu = |device: LlamaBackendDevice| Gpu {
            name: device.description,
            free: device.memory_free as u64,
        };
        let gpus: Vec<Gpu> = gpus().into_iter().map(gpu).collect();
        if gpus.is_empty() && self.gpu_layers.is_none() {
            return Ok(0);
        }
        let load = Load {
            file: facts.bytes_needed,
            blocks: facts.blocks.unwrap_or(0),
            // 16 bits for each value, llama.cpp's default.
            kv_per_token: facts.kept_values.unwrap_or(0).saturating_mul(2),
            context_tokens: self.context_tokens,
            batch_tokens: BATCH_TOKENS,
            vocabulary: facts.vocabulary,
        };
        offload::layers_on_gpu(&gpus, &load, self.gpu_layers)
            .map_err(|error| LoadError(error.to_string()))
    }
}

/// The CPU back end in use, for `tacit doctor`; `None` where llama.cpp chooses for itself.
pub fn cpu_backend() -> Option<cpu::Chosen> {
    cpu::choose(&library_folder()?)
}

/// llama.cpp's global state, set up once per process.
fn llama() -> Result<&'static LlamaBackend, LoadError> {
    static LLAMA: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    let llama = LLAMA.get_or_init(|| {
        llama_cpp_2::send_logs_to_tracing(LogOptions::default());
        let folder = library_folder().ok_or("llama.cpp's libraries are missing: `lib/tacit` must lie beside the binary or its folder")?;
        load_backends(&folder)?;
        LlamaBackend::init().map_err(|error| error.to_string())
    });
    llama
        .as_ref()
        .map_err(|error| LoadError(format!("The engine could not be started: {error}.")))
}

/// Loads the back ends that lie in our own folder, and makes sure that llama.cpp looks for none elsewhere: where it has none at
/// [`LlamaBackend::init`], it would load whatever has the right name in the folder in which llama.cpp was built, and in the current one,
/// which is a user's repository.
fn load_backends(folder: &Path) -> Result<(), String> {
    if std::env::var_os(FOREIGN_BACKEND).is_some() {
        return Err(format!(
            "{FOREIGN_BACKEND} is set, so llama.cpp would load a library that is not tacit's: please unset it"
        ));
    }
    let chosen = cpu::choose(folder);
    match &chosen {
        Some(chosen) => load_with_gpus(folder, &chosen.library)?,
        None => load_from(folder)?,
    }
    let mut devices = llama_cpp_2::list_llama_ggml_backend_devices().into_iter();
    if devices.any(|device| device.device_type == LlamaBackendDeviceType::Cpu) {
        return Ok(());
    }
    let library = chosen.map_or(folder.to_owned(), |chosen| chosen.library);
    Err(format!(
        "{} can't be loaded. Most likely GNU's OpenMP library is missing: please install `libgomp1` (Debian, Ubuntu) or `libgomp` \
         (Fedora, Arch, Alpine); if it is there, install tacit again",
        library.display()
    ))
}

/// The binding takes only paths that are text.
fn load_from(folder: &Path) -> Result<(), String> {
    if folder.to_str().is_none_or(|path| path.contains('\0')) {
        let folder = folder.display();
        return Err(format!(
            "the path {folder} is not UTF-8: please install tacit elsewhere, or set TMPDIR"
        ));
    }
    load_backends_from_path(folder);
    Ok(())
}

/// Loads one CPU back end and those for GPUs that there are. llama.cpp takes a folder and picks by itself, so it gets a folder that
/// holds just these.
fn load_with_gpus(folder: &Path, cpu: &Path) -> Result<(), String> {
    let chosen = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let gpus = GPU_BACKENDS.map(|name| folder.join(cpu::library_name(name)));
    for library in gpus
        .iter()
        .map(PathBuf::as_path)
        .filter(|path| path.is_file())
        .chain([cpu])
    {
        let with_path =
            |error: std::io::Error| format!("cannot load {}: {error}", library.display());
        let link = chosen.path().join(library.file_name().unwrap_or_default());
        #[cfg(unix)]
        std::os::unix::fs::symlink(library, link).map_err(with_path)?;
        #[cfg(not(unix))]
        std::fs::copy(library, link).map(drop).map_err(with_path)?;
    }
    load_from(chosen.path())
}

/// Where llama.cpp's libraries lie, for `tacit doctor`; `None` if they are missing.
pub fn library_folder() -> Option<PathBuf> {
    let binary = std::env::current_exe().ok()?.canonicalize().ok()?;
    let folder = binary.parent()?;
    LIBRARY_FOLDERS
        .iter()
        .map(|relative| folder.join(relative))
        .find(|folder| folder.is_dir())
}

/// The GPUs that llama.cpp would use: those built into the processor only where there is no other.
fn gpus() -> Vec<LlamaBackendDevice> {
    let of = |kind: LlamaBackendDeviceType| {
        let devices = llama_cpp_2::list_llama_ggml_backend_devices().into_iter();
        devices
            .filter(|device| device.device_type == kind)
            .collect::<Vec<_>>()
    };
    let separate = of(LlamaBackendDeviceType::Gpu);
    if separate.is_empty() {
        of(LlamaBackendDeviceType::IntegratedGpu)
    } else {
        separate
    }
}

/// What runs a model with so many layers on the GPU.
fn device_names(layers: u32) -> String {
    let gpus = if layers > 0 { gpus() } else { Vec::new() };
    let cpu = cpu_backend().map_or("CPU".to_owned(), |chosen| {
        format!("CPU ({})", chosen.description)
    });
    let names = gpus.into_iter().map(|device| device.description);
    names.chain([cpu]).collect::<Vec<_>>().join(" + ")
}

fn vocabulary(model: &LlamaModel) -> Vocabulary {
    let vocab = model.vocab();
    let special = |special: Special| {
        let token = match special {
            Special::RepoName => vocab.fim_rep(),
            Special::FileSep => vocab.fim_sep(),
            Special::FimPrefix => vocab.fim_pre(),
            Special::FimSuffix => vocab.fim_suf(),
            Special::FimMiddle => vocab.fim_mid(),
        };
        u32::try_from(token.0).ok().map(Token) // -1: the model has none
    };
    // The published Qwen2.5-Coder files list one end token only; generation ends at every marker.
    let markers: Vec<i32> = Special::ALL
        .into_iter()
        .filter_map(special)
        .map(|t| t.0 as i32)
        .chain([vocab.fim_pad().0])
        .collect();
    let tokens = (0..vocab.n_tokens()).map(|id| {
        let token = LlamaToken(id);
        let end = vocab.is_eog(token) || vocab.is_control(token) || markers.contains(&id);
        (vocab.token_to_piece(token, false, None), end)
    });
    Vocabulary::new(tokens, special)
}

/// The frame of the template in the model's file. Which kinds of templates are understood, llama.cpp knows.
fn chat_template(model: &LlamaModel) -> Option<ChatTemplate> {
    let template = model.chat_template(None).ok()?;
    let render = |messages: &[(Role, &str)]| {
        let messages = messages.iter().map(|(role, text)| {
            LlamaChatMessage::new(role.name().to_owned(), (*text).to_owned()).ok()
        });
        let messages: Vec<_> = messages.collect::<Option<_>>()?;
        model.apply_chat_template(&template, &messages, true).ok()
    };
    let mut frame = ChatTemplate::of(render)?;
    let vocab = model.vocab();
    if vocab.should_add_bos() && vocab.bos().0 >= 0 {
        let bos = vocab.token_to_piece(vocab.bos(), true, None);
        let bos = String::from_utf8_lossy(&bos);
        if !frame.before_system.starts_with(&*bos) {
            frame.before_system.insert_str(0, &bos);
        }
    }
    Some(frame)
}

struct Llama<'m> {
    dimensions: Dimensions,
    vocabulary: Vocabulary,
    chat_template: Option<ChatTemplate>,
    device: String,
    batch: LlamaBatch<'static>,
    /// Tokens in each sequence, to check what the caller believes.
    held: Vec<u32>,
    /// Which tokens of the last evaluation have logits: indices into its batch.
    outputs: Range<usize>,
    llama: &'static LlamaBackend,
    model: &'m LlamaModel,
    context: LlamaContext<'m>,
}

impl Backend for Llama<'_> {
    fn dimensions(&self) -> Dimensions {
        self.dimensions
    }

    fn device(&self) -> String {
        self.device.clone()
    }

    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn tokenize(&self, text: &str) -> Vec<Token> {
        self.tokens_of(text, false)
    }

    fn tokenize_frame(&self, frame: &str) -> Vec<Token> {
        self.tokens_of(frame, true)
    }

    fn chat_template(&self) -> Option<&ChatTemplate> {
        self.chat_template.as_ref()
    }

    fn evaluate(
        &mut self,
        sequence: SeqId,
        start: u32,
        tokens: &[Token],
        outputs: usize,
    ) -> Result<(), EvaluateError> {
        let range = start..start.saturating_add(tokens.len() as u32);
        let known = tokens
            .iter()
            .all(|token| (token.0 as usize) < self.vocabulary.len());
        let in_place = self.held.get(sequence.0 as usize) == Some(&start);
        let fits = !tokens.is_empty()
            && tokens.len() <= self.dimensions.batch as usize
            && range.end <= self.dimensions.cells;
        if !known || !in_place || !fits || !(1..=tokens.len()).contains(&outputs) {
            return Err(EvaluateError::OutOfBounds { sequence, range });
        }
        self.outputs = 0..0;
        self.batch.clear();
        let first_output = tokens.len() - outputs;
        for (index, (position, token)) in range.clone().zip(tokens).enumerate() {
            self.batch
                .add(
                    LlamaToken(token.0 as i32),
                    position as i32,
                    &[sequence.0 as i32],
                    index >= first_output,
                )
                .map_err(failed)?;
        }
        match self.context.decode(&mut self.batch) {
            Ok(()) => {
                self.held[sequence.0 as usize] = range.end;
                self.outputs = first_output..tokens.len();
                Ok(())
            }
            Err(DecodeError::NoKvCacheSlot) => Err(EvaluateError::CacheFull),
            Err(error) => {
                // Part of the batch may have been kept.
                let _ = self
                    .context
                    .kv_cache_seq_rm(sequence.0 as i32, Some(start), None);
                Err(failed(error))
            }
        }
    }

    fn logits(&self, output: usize) -> &[f32] {
        match self.outputs.clone().nth(output) {
            Some(index) => self.context.get_logits_ith(index as i32),
            None => &[],
        }
    }

    fn truncate(&mut self, sequence: SeqId, keep: u32) -> Result<(), EvaluateError> {
        match self.held.get_mut(sequence.0 as usize) {
            Some(held) if keep <= *held => {
                self.context
                    .kv_cache_seq_rm(sequence.0 as i32, Some(keep), None)
                    .map_err(failed)?;
                *held = keep;
                Ok(())
            }
            _ => Err(out_of_bounds(sequence, keep)),
        }
    }

    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), EvaluateError> {
        let enough = self
            .held
            .get(from.0 as usize)
            .is_some_and(|held| len <= *held);
        if !enough || self.held.get(to.0 as usize) != Some(&0) {
            return Err(out_of_bounds(to, len));
        }
        self.context
            .kv_cache_seq_cp(from.0 as i32, to.0 as i32, Some(0), Some(len))
            .map_err(failed)?;
        self.held[to.0 as usize] = len;
        Ok(())
    }

    fn park(&self, sequence: SeqId) -> Result<Parked, EvaluateError> {
        let len = self.held(sequence)?;
        let state = self
            .context
            .state_seq_get(sequence.0 as i32, LlamaStateSeqFlags::empty())
            .map_err(failed)?;
        Ok(Parked {
            bytes: state.byte_len(),
            len,
            state: Box::new(state),
        })
    }

    fn resume(&mut self, sequence: SeqId, parked: &Parked) -> Result<(), EvaluateError> {
        let state = parked.state.downcast_ref::<SeqState>();
        let state = state.ok_or_else(|| out_of_bounds(sequence, parked.len))?;
        if self.held(sequence)? != 0 {
            return Err(out_of_bounds(sequence, parked.len));
        }
        self.context
            .state_seq_set(state, sequence.0 as i32)
            // llama.cpp does not say whether there was no room or the state does not fit; a state of this context does.
            .map_err(|_| EvaluateError::CacheFull)?;
        self.held[sequence.0 as usize] = parked.len;
        Ok(())
    }

    fn write(&self, sequence: SeqId, file: &Path) -> Result<(), EvaluateError> {
        self.context
            .state_seq_save_file(file, sequence.0 as i32, &[])
            .map(drop)
            .map_err(failed)
    }

    fn read(&mut self, sequence: SeqId, file: &Path, len: u32) -> Result<(), EvaluateError> {
        if self.held(sequence)? != 0 || len > self.dimensions.cells {
            return Err(out_of_bounds(sequence, len));
        }
        self.context
            .state_seq_load_file(file, sequence.0 as i32, 0)
            .map_err(|_| EvaluateError::CacheFull)?;
        let held = self.context.kv_cache_seq_pos_max(sequence.0 as i32) + 1;
        self.held[sequence.0 as usize] = u32::try_from(held).unwrap_or(0);
        if held == len as i32 {
            return Ok(());
        }
        self.truncate(sequence, 0)?;
        Err(EvaluateError::Failed(format!(
            "a saved state holds {held} tokens instead of {len}"
        )))
    }

    /// llama.cpp fixes the number with the context, so this makes a new one and moves the sequences over.
    fn set_threads(&mut self, threads: u32) -> Result<(), EvaluateError> {
        let sequences = (0..self.dimensions.sequences).map(SeqId);
        let parked: Vec<(SeqId, Parked)> = sequences
            .filter(|seq| self.held[seq.0 as usize] > 0)
            .map(|seq| Ok((seq, self.park(seq)?)))
            .collect::<Result<_, EvaluateError>>()?;
        self.context =
            new_context(self.llama, self.model, self.dimensions.cells, threads).map_err(failed)?;
        self.outputs = 0..0;
        self.held.fill(0);
        parked
            .iter()
            .try_for_each(|(seq, parked)| self.resume(*seq, parked))
    }
}

impl Llama<'_> {
    fn tokens_of(&self, text: &str, with_special: bool) -> Vec<Token> {
        let vocab = self.model.vocab();
        let tokens = vocab.tokenize(text.as_bytes(), false, with_special);
        tokens
            .into_iter()
            .filter_map(|token| u32::try_from(token.0).ok().map(Token))
            .collect()
    }

    fn held(&self, sequence: SeqId) -> Result<u32, EvaluateError> {
        let held = self.held.get(sequence.0 as usize).copied();
        held.ok_or_else(|| out_of_bounds(sequence, 0))
    }
}

fn new_context<'m>(
    llama: &LlamaBackend,
    model: &'m LlamaModel,
    context_tokens: u32,
    threads: u32,
) -> Result<LlamaContext<'m>, LlamaContextLoadError> {
    let threads = threads.max(1) as i32;
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(context_tokens))
        .with_n_batch(BATCH_TOKENS)
        .with_n_ubatch(BATCH_TOKENS)
        .with_n_seq_max(SEQUENCES)
        .with_kv_unified(true)
        .with_n_threads(threads)
        .with_n_threads_batch(threads);
    model.new_context(llama, params)
}

fn failed(error: impl std::fmt::Display) -> EvaluateError {
    EvaluateError::Failed(error.to_string())
}

fn out_of_bounds(sequence: SeqId, end: u32) -> EvaluateError {
    EvaluateError::OutOfBounds {
        sequence,
        range: 0..end,
    }
}
