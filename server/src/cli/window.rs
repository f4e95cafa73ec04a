//! The engines of one window: one completes, and the same or a second one does actions. Owns when and how each is started; which
//! models they run follows from the settings ([`crate::models::choice`]).

use std::{io, sync::Arc};

use anyhow::Result;
use tokio::sync::watch;

use super::{engine::RunArguments, open_engine, resolve_model, start_engine, store};
use crate::{
    config::{Config, Settings},
    engine::{
        Engine, Status,
        deferred::{DeferredEngine, OpenError, Opener},
        local::{LocalEngine, LocalSettings},
        memory::{self, Memory},
        toy::{ToyLoader, ToySettings},
        yielding::{Admission, TypingEngine, YieldingEngine},
    },
    models::{
        catalogue::DEFAULT,
        choice::{self, ActionModel, ActionModelError},
        pull::{self, Mirror, Progress, PullError, PullFailure, Sources},
        store::{ModelError, Resolved, Store},
    },
};

/// See [module docs](self). Both are found when they are first needed.
pub struct Engines {
    pub completion: Arc<dyn Engine>,
    /// The same model, where one serves both. Not to be warmed up: a second model is loaded when somebody asks for an action.
    pub actions: Arc<dyn Engine>,
}

impl Engines {
    /// Has to be called within a tokio runtime.
    pub fn new(settings: watch::Receiver<Arc<Settings>>, in_process: bool) -> Self {
        let completion = DeferredEngine::new(CompletionOpener {
            settings: settings.clone(),
            in_process,
        });
        let completion = Arc::new(TypingEngine::new(Arc::new(completion)));
        let actions = DeferredEngine::new(ActionOpener {
            settings,
            in_process,
            completion: completion.clone(),
        });
        Self {
            completion,
            actions: Arc::new(actions),
        }
    }

    /// One thread that runs the toy, for tests of everything else.
    pub fn toy() -> io::Result<Self> {
        let toy = Box::new(ToyLoader(ToySettings::default()));
        let engine = LocalEngine::start(toy, LocalSettings::default())?;
        let completion = Arc::new(TypingEngine::new(Arc::new(engine)));
        Ok(Self {
            actions: completion.clone(),
            completion,
        })
    }
}

/// The engine for actions of a command in the shell, where nobody types. May read a whole model file; has to be called within a
/// tokio runtime.
///
/// # Errors
/// If there is no model for it, or no memory.
pub fn action_engine(config: &Config, in_process: bool) -> Result<Arc<dyn Engine>> {
    let free = Memory::now().available;
    match action_model(config, free)? {
        ActionModel::Completion(_) => open_engine(config, in_process),
        ActionModel::Own(model) => start_engine(
            &RunArguments::of_actions(&model, config),
            config,
            in_process,
        ),
    }
}

/// The model that the settings choose for actions, with so much memory free for it.
pub fn action_model(config: &Config, free: Option<u64>) -> Result<ActionModel, ActionModelError> {
    let store = store(config)?;
    let completion = resolve_model(config);
    choice::for_actions(&store, &config.actions.model, completion, free)
}

/// Opens the engine for the model that completes.
struct CompletionOpener {
    settings: watch::Receiver<Arc<Settings>>,
    in_process: bool,
}

impl Opener for CompletionOpener {
    fn open(&self) -> Result<Arc<dyn Engine>, OpenError> {
        let config = config_of(&self.settings);
        open_engine(&config, self.in_process).map_err(|error| match error.downcast_ref() {
            Some(ModelError::NotHere { name }) => missing(&config, name),
            _ => OpenError::Failed(format!("{error:#}")),
        })
    }

    fn pull(&self, model: &str, mirror: Mirror, progress: Progress) -> Result<(), PullFailure> {
        pull_model(&config_of(&self.settings), model, mirror, progress)
    }
}

/// Opens the engine for actions: that of completion, or one that gives way to it.
struct ActionOpener {
    settings: watch::Receiver<Arc<Settings>>,
    in_process: bool,
    completion: Arc<TypingEngine>,
}

impl Opener for ActionOpener {
    fn open(&self) -> Result<Arc<dyn Engine>, OpenError> {
        let config = config_of(&self.settings);
        let completion = self.completion.status();
        // For the choice it is enough to fit alone: whether both fit now is asked when the weights are to be loaded.
        match action_model(&config, Memory::now().available) {
            Ok(ActionModel::Completion(_)) => Ok(self.completion.clone()),
            Ok(ActionModel::Own(model)) => {
                let run = RunArguments::of_actions(&model, &config);
                let engine = start_engine(&run, &config, self.in_process)
                    .map_err(|error| OpenError::Failed(format!("{error:#}")))?;
                let admission = admission(config, model, completion);
                let first = self.completion.clone();
                Ok(Arc::new(YieldingEngine::new(engine, first, admission)))
            }
            Err(ActionModelError::Model(ModelError::NotHere { name })) => {
                Err(missing(&config, &name))
            }
            // Something can be done about this one from within the editor.
            Err(ActionModelError::NoneHere { .. }) => Err(missing(&config, DEFAULT)),
            Err(error) => Err(OpenError::Failed(error.to_string())),
        }
    }

    fn pull(&self, model: &str, mirror: Mirror, progress: Progress) -> Result<(), PullFailure> {
        pull_model(&config_of(&self.settings), model, mirror, progress)
    }
}

/// Whether a second model fits, each time that its weights are to be loaded.
fn admission(config: Config, model: Resolved, completion: watch::Receiver<Status>) -> Admission {
    Box::new(move || {
        let mut free = Memory::now().available;
        // What completes is going to need its memory too; what runs has it already.
        if !matches!(*completion.borrow(), Status::Ready(_))
            && let Ok(completion) = resolve_model(&config)
        {
            let needed = memory::needed_for(completion.bytes());
            free = free.map(|free| free.saturating_sub(needed));
        }
        choice::admit(&model.name, model.bytes(), free).map_err(|error| error.to_string())
    })
}

fn config_of(settings: &watch::Receiver<Arc<Settings>>) -> Config {
    settings.borrow().of(None).clone()
}

fn missing(config: &Config, name: &str) -> OpenError {
    let length = |store: Store| store.entry(name).ok()?.bytes;
    OpenError::Missing {
        model: name.to_owned(),
        bytes: store(config).ok().and_then(length),
    }
}

fn pull_model(
    config: &Config,
    model: &str,
    mirror: Mirror,
    progress: Progress,
) -> Result<(), PullFailure> {
    let pulled = store(config).map_err(PullError::from).and_then(|store| {
        let entry = store.entry(model)?;
        pull::pull(&store, entry, &Sources::from_environment(mirror), progress)
    });
    Ok(pulled.map(drop)?)
}
