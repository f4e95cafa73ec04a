/** What the server proposes: the edits of one file, which may be new. Pure. */
import type { TextEdit, WorkspaceEdit } from 'vscode-languageclient';

export interface Proposal {
  uri: string;
  /** Of the document that the edits were made for; null where the server read the file itself. */
  version: number | null;
  isNew: boolean;
  edits: TextEdit[];
}

/** Undefined if the edit is of another kind than those that this server makes. */
export function proposal(edit: WorkspaceEdit): Proposal | undefined {
  const changes = edit.documentChanges ?? [];
  const texts = changes.filter((change) => 'textDocument' in change);
  const created = changes.flatMap((change) =>
    'kind' in change && change.kind === 'create' ? change.uri : [],
  );
  const [only] = texts;
  if (!only || texts.length + created.length !== changes.length || texts.length > 1) return undefined;
  const { uri, version } = only.textDocument;
  const edits = only.edits.filter((edit): edit is TextEdit => 'newText' in edit);
  const isOne = edits.length === only.edits.length && created.every((created) => created === uri);
  return isOne ? { uri, version, isNew: created.length > 0, edits } : undefined;
}
