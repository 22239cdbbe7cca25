import { type Document, isMap, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import type { DocumentInput, DocumentProblem } from '../registry/index.ts';
import { YAML_MAX_ALIASES } from './limits.ts';

/** A YAML text, and what to call it in messages. */
export interface YamlSource {
  readonly name: string;
  readonly yaml: string;
}

/** What was read from YAML: documents with their places, and what could not be read. */
export interface ReadDocuments {
  readonly documents: DocumentInput[];
  readonly problems: DocumentProblem[];
}

/**
 * Reads configuration documents from YAML 1.2 texts: `kind`, `name`, and all other members as the spec. Empty
 * documents (a `---` too many) are passed over. Problems are collected, so that an author sees all of them at once.
 */
export function readYamlDocuments(sources: readonly YamlSource[]): ReadDocuments {
  const read: ReadDocuments = { documents: [], problems: [] };
  for (const source of sources) {
    const lines = new LineCounter();
    const parsed = parseAllDocuments(source.yaml, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
    });
    for (const document of parsed) {
      const one = readDocument(document, source.name, lines);
      if (one === undefined) continue;
      if ('message' in one) read.problems.push(one);
      else read.documents.push(one);
    }
  }
  return read;
}

/** One document, or what is wrong with it; undefined for an empty one. */
function readDocument(
  document: Document,
  source: string,
  lines: LineCounter,
): DocumentInput | DocumentProblem | undefined {
  const placeAt = (offset: number): string => `${source}:${lines.linePos(offset).line}`;
  const problem = (place: string, path: string, message: string): DocumentProblem => {
    return { kind: '', name: '', place, path, message };
  };
  const [error] = document.errors;
  if (error !== undefined) return problem(placeAt(error.pos[0]), '', `not valid YAML: ${error.message}`);
  const contents = document.contents;
  if (contents === null || (isScalar(contents) && contents.value === null)) return undefined;
  const place = placeAt(contents.range?.[0] ?? 0);
  if (!isMap(contents)) {
    return problem(place, '', 'a document must be a mapping with `kind`, `name` and the members of its kind');
  }
  const members = readMembers(document);
  if (typeof members === 'string') return problem(place, '', members);
  const { kind, name, ...spec } = members;
  if (typeof kind !== 'string') return problem(place, 'kind', textNeeded('kind', kind));
  if (typeof name !== 'string') return problem(place, 'name', textNeeded('name', name));
  return { kind, name, spec, place };
}

/** The members as plain values, or what is wrong. Aliases are resolved up to a limit: they multiply. */
function readMembers(document: Document): Record<string, unknown> | string {
  try {
    const value: unknown = document.toJS({ maxAliasCount: YAML_MAX_ALIASES });
    // The document's contents are a mapping, so its plain form is an object.
    return value as Record<string, unknown>;
  } catch (cause) {
    return cause instanceof ReferenceError ? `aliases: ${cause.message}` : 'cannot be read as plain values';
  }
}

function textNeeded(member: string, given: unknown): string {
  return given === undefined
    ? `\`${member}\` is missing`
    : `\`${member}\` must be text; put it in quotes if it looks like a number or a truth value`;
}
