//! Which model does what: one completes, and the same or another does code actions. Owns the rules behind the settings
//! `model` and `actions.model`; what lies on this machine the [`Store`] knows.

use super::catalogue::{DEFAULT, Entry, Tuning};
use super::pull::human_bytes;
use super::store::{ModelError, Resolved, Store};
use crate::config::ModelChoice;
use crate::engine::memory;

/// What does the actions.
#[derive(Debug, Clone)]
pub enum ActionModel {
    /// The model that completes: one set of weights for both.
    Completion(Resolved),
    Own(Resolved),
}

/// Why there is no model for actions, in a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ActionModelError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(
        "{completion} completes code but does not follow instructions, as actions need it. Get a model that does with \
         `tacit models pull {DEFAULT}`."
    )]
    NoneHere { completion: String },
    #[error(
        "There is not enough memory for a second model: {name} needs {}, and {} are free beside the model that completes. Close \
         something large, or choose a model for both with `model`.",
        human_bytes(Some(*.needed)), human_bytes(Some(*.free))
    )]
    NoMemory {
        name: String,
        needed: u64,
        free: u64,
    },
}

impl ActionModel {
    pub fn model(&self) -> &Resolved {
        match self {
            Self::Completion(model) | Self::Own(model) => model,
        }
    }
}

/// The model that completes. May hash its file.
///
/// # Errors
/// If it is not here, or must not be used.
pub fn for_completion(store: &Store, choice: &ModelChoice) -> Result<Resolved, ModelError> {
    match choice {
        ModelChoice::Auto => store.resolve(DEFAULT),
        ModelChoice::Named(name) => store.resolve(name),
        ModelChoice::File(path) => store.resolve(&path.to_string_lossy()),
    }
}

/// The model that does actions, beside `completion`, with so many bytes of memory `free` for it, where that is known. May hash
/// its file.
///
/// # Errors
/// If there is none, or none that fits.
pub fn for_actions(
    store: &Store,
    choice: &ModelChoice,
    completion: Result<Resolved, ModelError>,
    free: Option<u64>,
) -> Result<ActionModel, ActionModelError> {
    if *choice != ModelChoice::Auto {
        let chosen = for_completion(store, choice)?;
        return match completion {
            Ok(completion) if completion.sha256 == chosen.sha256 => {
                Ok(ActionModel::Completion(completion))
            }
            _ => {
                admit(&chosen.name, chosen.bytes(), free)?;
                Ok(ActionModel::Own(chosen))
            }
        };
    }
    let completion = completion?;
    if follows_instructions(&completion) {
        return Ok(ActionModel::Completion(completion));
    }
    let pinned = store.inventory().pinned.into_iter();
    let here = pinned.filter_map(|(entry, place)| {
        let bytes = place?.0.metadata().ok()?.len();
        Some((entry, bytes))
    });
    let smallest = smallest_instruct(here).ok_or(ActionModelError::NoneHere {
        completion: completion.name,
    })?;
    admit(&smallest.0.name, smallest.1, free)?;
    Ok(ActionModel::Own(store.find(&smallest.0)?))
}

/// Whether a model whose file has so many bytes may be loaded.
///
/// # Errors
/// If it may not, and what to do.
pub fn admit(name: &str, file_bytes: u64, free: Option<u64>) -> Result<(), ActionModelError> {
    let needed = memory::needed_for(file_bytes);
    match free {
        Some(free) if needed > free => Err(ActionModelError::NoMemory {
            name: name.to_owned(),
            needed,
            free,
        }),
        _ => Ok(()),
    }
}

/// Base models have a chat template too, often, but have not learnt to follow it. Of a file that is in no catalogue its name tells.
fn follows_instructions(model: &Resolved) -> bool {
    let says_so = |name: &str| name.to_lowercase().contains("instruct");
    model.facts.chat_template
        && match &model.entry {
            Some(entry) => entry.tuning == Tuning::Instruct,
            None => says_so(&model.name) || model.facts.name.as_deref().is_some_and(says_so),
        }
}

/// Of pinned files, each with its length.
fn smallest_instruct(here: impl Iterator<Item = (Entry, u64)>) -> Option<(Entry, u64)> {
    here.filter(|(entry, _)| entry.tuning == Tuning::Instruct)
        .min_by_key(|(_, bytes)| *bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{catalogue::Catalogue, file::Stamp, gguf::Facts, store::Origin};

    fn resolved(entry: Option<&str>, file: &str, facts: Facts) -> Resolved {
        let catalogue = Catalogue::compiled_in().unwrap();
        Resolved {
            path: file.into(),
            name: file.to_owned(),
            entry: entry.map(|name| catalogue.find(name).expect(name).clone()),
            sha256: String::new(),
            stamp: Stamp::default(),
            origin: Origin::Elsewhere,
            facts,
        }
    }

    #[test]
    fn base_models_are_told_from_those_that_follow_instructions() {
        let catalogue = Catalogue::compiled_in().unwrap();
        let base = catalogue
            .entries()
            .iter()
            .find(|e| e.tuning == Tuning::Base);
        let base = base.expect("the catalogue has base models").name.as_str();
        let template = Facts {
            chat_template: true,
            ..Facts::default()
        };
        let named = Facts {
            name: Some("Other Coder Instruct".to_owned()),
            ..template.clone()
        };
        for (entry, file, facts, expected) in [
            (Some(DEFAULT), "m.gguf", template.clone(), true),
            (Some(DEFAULT), "m.gguf", Facts::default(), false),
            (Some(base), "m-instruct.gguf", template.clone(), false),
            (None, "m.gguf", template.clone(), false),
            (None, "M-Instruct.gguf", template, true),
            (None, "m.gguf", named, true),
        ] {
            let model = resolved(entry, file, facts);
            assert_eq!(follows_instructions(&model), expected, "{entry:?} {file}");
        }
    }

    #[test]
    fn the_smallest_that_follows_instructions_is_taken() {
        let catalogue = Catalogue::compiled_in().unwrap();
        let all = || catalogue.entries().iter().cloned();
        let bytes = |entry: &Entry| entry.bytes.unwrap_or(u64::MAX);
        let (found, _) = smallest_instruct(all().map(|e| (e.clone(), bytes(&e)))).unwrap();
        assert_eq!(found.tuning, Tuning::Instruct);
        assert!(all().all(|e| e.tuning == Tuning::Base || bytes(&e) >= bytes(&found)));
        let base = all().filter(|e| e.tuning == Tuning::Base);
        assert!(smallest_instruct(base.map(|e| (e, 1))).is_none());
    }

    #[test]
    fn a_second_model_has_to_fit() {
        assert!(admit("m", 500_000_000, Some(800_000_000)).is_ok());
        assert!(admit("m", 500_000_000, None).is_ok());
        let error = admit("m", 500_000_000, Some(700_000_000)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("m needs 800 MB, and 700 MB are free"),
            "{error}"
        );
    }
}
