//! What the client can do, as far as we use it, and what we tell it that we can. Pure.

use serde_json::json;
use tower_lsp::gen_lsp_types::{
    ChangeNotifications, ClientCapabilities, CompletionOptions, ExecuteCommandOptions,
    InlineCompletionOptions, Registration, Save, SaveOptions, ServerCapabilities,
    TextDocumentSyncKind, TextDocumentSyncOptions, WorkspaceFoldersServerCapabilities,
    WorkspaceOptions,
};

use super::position::PositionEncoding;
use super::server::{ACCEPTED_COMMAND, PULL_COMMAND};

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
}

impl From<&ClientCapabilities> for Client {
    fn from(announced: &ClientCapabilities) -> Self {
        let general = announced.general.as_ref();
        let workspace = announced.workspace.as_ref();
        let text_document = announced.text_document.as_ref();
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
        inline_completion_provider: Some(InlineCompletionOptions::default().into()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.iter().map(ToString::to_string).collect()),
            resolve_provider: Some(false),
            ..Default::default()
        }),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![ACCEPTED_COMMAND.to_owned(), PULL_COMMAND.to_owned()],
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
