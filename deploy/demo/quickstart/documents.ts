import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { StartError } from './errors.ts';
import type { GatewayApi } from './gateway-api.ts';
import type { Notes } from './notes.ts';

interface DocumentInput {
  readonly kind: string;
  readonly name: string;
  readonly spec: Record<string, unknown>;
  readonly place: string;
}

interface Change {
  readonly kind: string;
  readonly name: string;
  readonly effect: string;
  readonly before?: string;
  readonly after?: string;
}

/**
 * Puts the documents of `config/*.yaml` in force. A document that a person has changed or deleted since stays as it is.
 *
 * @returns a note for people, and writes the digests into `notes`.
 */
export async function applyDocuments(api: GatewayApi, folder: string, notes: Notes): Promise<string> {
  const documents = await readDocuments(folder);
  const planned = changesOf(await api.post('/apply', { documents, dryRun: true }));
  const ours = documents.filter((document) =>
    mayApply(
      planned.find((change) => isOf(change, document)),
      notes,
    ),
  );
  const kept = planned.filter((change) => change.effect !== 'unchanged').length - ours.length;
  if (ours.length > 0) {
    for (const change of changesOf(await api.post('/apply', { documents: ours, dryRun: false }))) {
      if (change.after !== undefined) notes.documents[keyOf(change)] = change.after;
    }
  }
  const words = ours.length === 0 ? 'nothing to change' : `${ours.length} documents`;
  return kept === 0 ? words : `${words}; ${kept} of yours kept`;
}

/** New and never applied, or changed by us alone since. */
function mayApply(change: Change | undefined, notes: Notes): boolean {
  if (change === undefined || change.effect === 'unchanged') return false;
  const last = notes.documents[keyOf(change)];
  return change.effect === 'create' ? last === undefined : last === change.before;
}

async function readDocuments(folder: string): Promise<DocumentInput[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  const documents: DocumentInput[] = [];
  for (const name of names) {
    for (const parsed of parseAllDocuments(await readFile(join(folder, name), 'utf8'))) {
      const value: unknown = parsed.toJS();
      if (typeof value !== 'object' || value === null) continue;
      // A mapping; the gateway checks its members against the kind's schema.
      const { kind, name: document, ...spec } = value as Record<string, unknown>;
      documents.push({ kind: String(kind), name: String(document), spec, place: name });
    }
  }
  return documents;
}

function changesOf(answer: Record<string, unknown>): Change[] {
  const problems = Array.isArray(answer.problems) ? answer.problems : [];
  if (problems.length > 0 || !Array.isArray(answer.changes)) {
    throw new StartError(
      'refused',
      `The gateway refused the quick start's documents:\n${JSON.stringify(answer, null, 2)}`,
    );
  }
  return answer.changes as Change[]; // The shape of ApplyAnswer in the gateway's OpenAPI description.
}

function keyOf(change: { kind: string; name: string }): string {
  return `${change.kind}/${change.name}`;
}

function isOf(change: Change, document: DocumentInput): boolean {
  return change.kind === document.kind && change.name === document.name;
}
