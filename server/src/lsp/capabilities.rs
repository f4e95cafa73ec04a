//! What the client can do, as far as we use it, and what we tell it that we can. Pure.

use serde_json::json;
use tower_lsp::gen_lsp_types::{
    ChangeNotifications, ClientCapabilities, CodeActionOptions, CompletionOptions,
    ExecuteCommandOptions, InitializeParams, InlineCompletionOptions,
    NotebookDocumentFilterWithNotebook, NotebookDocumentSyncOptions, Registration,
    ResourceOperationKind, Save, SaveOptions, ServerCapabilities, TextDocumentSyncKind,
    TextDocumentSyncOptions, WorkspaceFoldersServerCapabilities, WorkspaceOptions,
};

use super::position::PositionEncoding;
use super::server::{ACCEPTED_COMMAND, ACT_COMMAND, PULL_COMMAND};

/// Characters after which the completion menu of clients without inline completions asks us. Not the blank: a menu after
/// every word would be in the way.
const TRIGGER_CHARACTERS: &[&str] = &[".", ":", ">", "(", "[", "{", "=", ",", "/"];

/// What the client announced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Client {
    pub encoding: PositionEncoding,
    pub inline_completion: bool,
    pub configuration: bool,
    pub register_configuration: bool,
    pub register_watched_files: bool,
    pub work_done_progress: bool,
    /// It opens a file that we name.
    pub shows_documents: bool,
    /// It takes the edit of a code action when the user has chosen that one, and does not stand still meanwhile.
    pub resolves_edits: bool,
    /// Edits may come with the version that they are made for.
    pub document_changes: bool,
    pub creates_files: bool,
    /// It shows changes before they are made.
    pub confirms_changes: bool,
    /// Ours: it asks its user for the instruction of an edit that has none.
    pub asks_for_instructions: bool,
    /// Ours: it shows Markdown that a command returns.
    pub shows_markdown: bool,
}

impl Client {
    /// As it announced itself. What no capability tells goes by its name.
    pub fn of(params: &InitializeParams) -> Self {
        let name = params.client_info.as_ref().map(|info| info.name.as_str());
        let mut client = Self::from(&params.capabilities);
        let is_helix = name == Some("helix");
        // Helix waits for the answer and draws nothing until it is there.
        client.resolves_edits &= !is_helix;
        // Helix 25.07 does it without saying so; an older one answers that it does not.
        client.shows_documents |= is_helix;
        client
    }
}

impl From<&ClientCapabilities> for Client {
    fn from(announced: &ClientCapabilities) -> Self {
        let ours = announced.experimental.as_ref().map(|ours| &ours["tacit"]);
        let has_ours = |name: &str| ours.is_some_and(|ours| ours[name] == true);
        let general = announced.general.as_ref();
        let workspace = announced.workspace.as_ref();
        let text_document = announced.text_document.as_ref();
        let edits = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        let offered = general
            .and_then(|general| general.position_encodings.as_deref())
            .unwrap_or_default();
        Self {
            encoding: PositionEncoding::negotiate(offered),
            inline_completion: text_document
                .is_some_and(|document| document.inline_completion.is_some()),
            configuration: workspace
                .and_then(|workspace| workspace.configuration)
                .unwrap_or(false),
            register_configuration: workspace
                .and_then(|workspace| {
                    workspace
                        .did_change_configuration
                        .as_ref()?
                        .dynamic_registration
                })
                .unwrap_or(false),
            register_watched_files: workspace
                .and_then(|workspace| {
                    workspace
                        .did_change_watched_files
                        .as_ref()?
                        .dynamic_registration
                })
                .unwrap_or(false),
            work_done_progress: announced
                .window
                .as_ref()
                .and_then(|window| window.work_done_progress)
                .unwrap_or(false),
            shows_documents: announced
                .window
                .as_ref()
                .and_then(|window| window.show_document.as_ref())
                .is_some_and(|documents| documents.support),
            resolves_edits: {
                let actions = text_document.and_then(|document| document.code_action.as_ref());
                let resolved = actions.and_then(|actions| actions.resolve_support.as_ref());
                resolved.is_some_and(|resolved| resolved.properties.iter().any(|p| p == "edit"))
                    || !workspace
                        .and_then(|workspace| workspace.apply_edit)
                        .unwrap_or(false)
            },
            document_changes: edits
                .and_then(|edits| edits.document_changes)
                .unwrap_or(false),
            creates_files: edits
                .and_then(|edits| edits.resource_operations.as_deref())
                .is_some_and(|kinds| kinds.contains(&ResourceOperationKind::Create)),
            confirms_changes: edits.is_some_and(|edits| edits.change_annotation_support.is_some()),
            asks_for_instructions: has_ours("instructions"),
            shows_markdown: has_ours("markdown"),
        }
    }
}

/// What we announce in turn. Inline completion always: Neovim 0.11 has plugins for it without saying so.
pub fn of_server(client: &Client) -> ServerCapabilities {
    // With inline completions the menu stays the language server's own until the user opens it.
    let triggers = if client.inline_completion {
        &[]
    } else {
        TRIGGER_CHARACTERS
    };
    ServerCapabilities {
        position_encoding: Some(client.encoding.into()),
        text_document_sync: Some(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::Incremental),
                save: Some(Save::SaveOptions(SaveOptions {
                    include_text: Some(false),
                })),
                ..Default::default()
            }
            .into(),
        ),
        // All cells of all notebooks.
        notebook_document_sync: Some(
            NotebookDocumentSyncOptions {
                notebook_selector: vec![
                    NotebookDocumentFilterWithNotebook::new("*".into(), None).into(),
                ],
                save: None,
            }
            .into(),
        ),
        inline_completion_provider: Some(InlineCompletionOptions::default().into()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.iter().map(ToString::to_string).collect()),
            resolve_provider: Some(false),
            ..Default::default()
        }),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(
                    ["quickfix", "refactor", "refactor.rewrite"]
                        .map(Into::into)
                        .into(),
                ),
                resolve_provider: Some(true),
                ..Default::default()
            }
            .into(),
        ),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: [ACCEPTED_COMMAND, ACT_COMMAND, PULL_COMMAND]
                .map(str::to_owned)
                .into(),
            ..Default::default()
        }),
        workspace: Some(WorkspaceOptions {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(ChangeNotifications::Bool(true)),
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// What is registered after `initialized`, with clients that take registrations for it.
pub fn registrations(client: &Client) -> Vec<Registration> {
    let mut registrations = Vec::new();
    if client.register_configuration {
        registrations.push(Registration {
            id: "tacit/configuration".to_owned(),
            method: "workspace/didChangeConfiguration".to_owned(),
            register_options: Some(json!({ "section": "tacit" })),
        });
    }
    if client.register_watched_files {
        registrations.push(Registration {
            id: "tacit/files".to_owned(),
            method: "workspace/didChangeWatchedFiles".to_owned(),
            // Everything: which files count, their languages and ignore files say.
            register_options: Some(json!({ "watchers": [{ "globPattern": "**/*" }] })),
        });
    }
    registrations
}
