//! How many of a model's layers go to the GPU: as many as its free memory holds, or as many as the user says, with a refusal in
//! words where they do not fit. Pure: the numbers come from llama.cpp's device list and from the model file's header.

/// A GPU that llama.cpp can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpu {
    /// For people, such as "NVIDIA GeForce RTX 3080".
    pub name: String,
    /// Bytes that are not taken.
    pub free: u64,
}

/// What has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Bytes of the model file.
    pub file: u64,
    /// Blocks of the model; each is a layer, and what comes behind the last is one more. 0 where the file does not say: then all goes
    /// or nothing.
    pub blocks: u32,
    /// Bytes that the KV cache takes for one token, in all blocks together.
    pub kv_per_token: u64,
    /// Cells of the KV cache.
    pub context_tokens: u32,
    /// Tokens of one pass, at most.
    pub batch_tokens: u32,
    /// Tokens in the vocabulary.
    pub vocabulary: u64,
}

/// Bytes of each GPU that stay free: the driver's context takes 200 to 500 MB, and the desktop wants to go on.
const RESERVE: u64 = 768 << 20;

/// The user asks for more than there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OffloadError {
    #[error(
        "`engine.gpu_layers` asks for {wanted} layers on the GPU, but tacit sees no GPU. Install its driver and a tacit that was built for it \
         (feature `cuda`, `vulkan`, `metal` or `rocm`), or remove the setting."
    )]
    NoGpu { wanted: u32 },
    #[error(
        "`engine.gpu_layers` asks for {wanted} layers on the GPU, but the free memory of {names} ({free_mib} MiB) holds only {fitting}. Lower the \
         setting to {fitting}, remove it (then as many go there as fit), choose a smaller model, or close what uses the GPU."
    )]
    TooMany {
        wanted: u32,
        fitting: u32,
        names: String,
        free_mib: u64,
    },
}

impl Load {
    /// Layers that can be on a GPU: the blocks, and what comes behind the last.
    pub fn layers(&self) -> u32 {
        self.blocks.saturating_add(1)
    }

    /// Bytes of one layer with its part of the KV cache. The layers differ a little, so this is on the safe side: the file holds the
    /// token embeddings too, which stay in ordinary memory.
    fn layer(&self) -> u64 {
        let kv = self.kv_per_token.saturating_mul(self.context_tokens.into());
        self.file
            .saturating_add(kv)
            .div_ceil(self.layers().into())
            .max(1)
    }

    /// Bytes that each GPU needs for computing: the logits of a whole pass in 32 bits are by far the largest part. A quarter more for
    /// the rest.
    fn compute(&self) -> u64 {
        let logits = self
            .vocabulary
            .saturating_mul(self.batch_tokens.into())
            .saturating_mul(4);
        logits.saturating_add(logits / 4)
    }
}

/// How many layers of `load` go to `gpus`; `wanted` is what the user has set, `None` as many as fit.
///
/// # Errors
/// If the user wants more than fit. A number beyond the last layer means all of them.
pub fn layers_on_gpu(gpus: &[Gpu], load: &Load, wanted: Option<u32>) -> Result<u32, OffloadError> {
    let taken = RESERVE.saturating_add(load.compute());
    // llama.cpp spreads whole layers over all GPUs by their free memory.
    let fitting = gpus
        .iter()
        .map(|gpu| gpu.free.saturating_sub(taken) / load.layer())
        .fold(0, u64::saturating_add);
    let fitting = u32::try_from(fitting)
        .unwrap_or(u32::MAX)
        .min(load.layers());
    // Without the file's word on its blocks there is one layer, which is everything.
    let all_or_nothing = load.blocks == 0;
    let count = |layers: u32| {
        if all_or_nothing && layers > 0 {
            u32::MAX >> 1
        } else {
            layers
        }
    };
    match wanted.map(|wanted| wanted.min(load.layers())) {
        None => Ok(count(fitting)),
        Some(wanted) if wanted <= fitting => Ok(count(wanted)),
        Some(wanted) if gpus.is_empty() => Err(OffloadError::NoGpu { wanted }),
        Some(wanted) => Err(OffloadError::TooMany {
            wanted,
            fitting,
            names: gpus
                .iter()
                .map(|gpu| gpu.name.as_str())
                .collect::<Vec<_>>()
                .join(" and "),
            free_mib: gpus.iter().map(|gpu| gpu.free >> 20).sum(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// Qwen2.5-Coder 7B in Q4_K_M: 28 blocks, 4 KV heads of 128 values in 16 bits.
    const SEVEN_B: Load = Load {
        file: 4_683_073_536,
        blocks: 28,
        kv_per_token: 28 * 2 * 4 * 128 * 2,
        context_tokens: 8192,
        batch_tokens: 512,
        vocabulary: 152_064,
    };

    fn gpus(free: &[u64]) -> Vec<Gpu> {
        let gpu = |free: &u64| Gpu {
            name: "A GPU".into(),
            free: *free,
        };
        free.iter().map(gpu).collect()
    }

    #[test]
    fn as_many_layers_go_there_as_fit() {
        let layers = |free: &[u64]| layers_on_gpu(&gpus(free), &SEVEN_B, None);
        assert_eq!(layers(&[]), Ok(0));
        assert_eq!(layers(&[GIB]), Ok(0));
        assert_eq!(layers(&[4 * GIB]), Ok(17));
        assert_eq!(layers(&[8 * GIB]), Ok(29));
        assert_eq!(layers(&[80 * GIB]), Ok(29));
        assert_eq!(layers(&[4 * GIB, 4 * GIB]), Ok(29));
        assert_eq!(layers(&[3 * GIB, 3 * GIB]), Ok(22));
    }

    #[test]
    fn a_large_context_leaves_less_room() {
        let large = Load {
            context_tokens: 65_536,
            ..SEVEN_B
        };
        let at = |load: &Load| layers_on_gpu(&gpus(&[6 * GIB]), load, None).unwrap();
        assert!(at(&large) < at(&SEVEN_B), "{} {}", at(&large), at(&SEVEN_B));
    }

    #[test]
    fn the_user_gets_what_he_asks_for_or_a_reason() {
        let layers = |free: &[u64], wanted| layers_on_gpu(&gpus(free), &SEVEN_B, Some(wanted));
        assert_eq!(layers(&[80 * GIB], 0), Ok(0));
        assert_eq!(layers(&[4 * GIB], 10), Ok(10));
        assert_eq!(layers(&[80 * GIB], 999), Ok(29));
        assert_eq!(layers(&[], 0), Ok(0));
        assert_eq!(layers(&[], 5), Err(OffloadError::NoGpu { wanted: 5 }));
        let refusal = layers(&[4 * GIB], 999).unwrap_err().to_string();
        assert!(
            refusal.contains("asks for 29 layers")
                && refusal.contains("A GPU (4096 MiB) holds only 17"),
            "{refusal}"
        );
    }

    #[test]
    fn a_file_that_names_no_blocks_goes_as_a_whole() {
        let load = Load {
            blocks: 0,
            ..SEVEN_B
        };
        assert_eq!(layers_on_gpu(&gpus(&[4 * GIB]), &load, None), Ok(0));
        assert_eq!(
            layers_on_gpu(&gpus(&[8 * GIB]), &load, None),
            Ok(u32::MAX >> 1)
        );
    }

    #[test]
    fn numbers_beyond_all_reason_do_no_harm() {
        let load = Load {
            file: u64::MAX,
            blocks: u32::MAX,
            kv_per_token: u64::MAX,
            context_tokens: u32::MAX,
            batch_tokens: u32::MAX,
            vocabulary: u64::MAX,
        };
        assert_eq!(
            layers_on_gpu(&gpus(&[u64::MAX, u64::MAX]), &load, None),
            Ok(0)
        );
    }
}
