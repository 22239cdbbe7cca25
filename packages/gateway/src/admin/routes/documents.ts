import Type, { type Static } from 'typebox';
import type { Change, Document, DocumentKind, Snapshot } from '../../registry/index.ts';
import type { AdminApp } from '../app.ts';
import { argumentHints } from '../argument-guesses.ts';
import { authoriseKind, callerOf } from '../corridor.ts';
import type { Applied, DocumentChanges } from '../document-changes.ts';
import { APPLY_MAX_DOCUMENTS, BODY_MAX_BYTES, NAME_MAX_CHARS } from '../limits.ts';
import { pageInMemory } from '../pages.ts';
import { AdminError } from '../problems.ts';
import { DOCUMENT_KINDS, isDocumentKind } from '../roles.ts';
import type { AdminRooms } from '../rooms.ts';
import { After, closed, Digest, Instant, Limit, Name, oneOf, ProblemItem, pageOf } from '../schemas.ts';
import { type ReadDocuments, readYamlDocuments } from '../yaml-documents.ts';

const Kind = oneOf(DOCUMENT_KINDS);

const DocumentAnswer = Type.Object({
  kind: Kind,
  name: Type.String(),
  spec: Type.Record(Type.String(), Type.Unknown()),
  digest: Digest,
  updatedAt: Instant,
  updatedBy: Type.String(),
});

const DocumentPath = closed({ kind: Kind, name: Name });

const ApplyBody = closed({
  documents: Type.Optional(
    Type.Array(
      closed({
        kind: Type.String({ maxLength: NAME_MAX_CHARS }),
        name: Type.String({ maxLength: NAME_MAX_CHARS }),
        spec: Type.Record(Type.String(), Type.Unknown(), { description: "The kind's own members." }),
        place: Type.Optional(
          Type.String({ maxLength: 1_000, description: 'For messages: `policies.yaml:12`.' }),
        ),
      }),
      { maxItems: APPLY_MAX_DOCUMENTS },
    ),
  ),
  yaml: Type.Optional(
    Type.String({ maxLength: BODY_MAX_BYTES, description: 'YAML documents, as in a file of `apply -f`.' }),
  ),
  files: Type.Optional(
    Type.Array(
      closed({ name: Type.String({ maxLength: 1_000 }), yaml: Type.String({ maxLength: BODY_MAX_BYTES }) }),
      {
        maxItems: APPLY_MAX_DOCUMENTS,
        description: 'Several YAML texts, each with the name to call it by in messages.',
      },
    ),
  ),
  dryRun: Type.Boolean({ default: false, description: 'Check and show what would change; change nothing.' }),
  prune: Type.Optional(
    Type.Literal(false, { description: 'Documents that are not named stay; delete them one by one.' }),
  ),
});

const ChangeAnswer = Type.Object({
  kind: Kind,
  name: Type.String(),
  effect: oneOf(['create', 'update', 'unchanged', 'delete']),
  before: Type.Optional(Digest),
  after: Type.Optional(Digest),
  diff: Type.String({ description: 'Unified diff of the YAML forms.' }),
});

const ApplyAnswer = Type.Object({
  version: Type.Integer({
    description: 'Version of the documents; after a dry run, the one it was checked against.',
  }),
  dryRun: Type.Boolean(),
  changes: Type.Array(ChangeAnswer),
  problems: Type.Array(ProblemItem, {
    description: 'Only a dry run answers with problems; else they are a 422.',
  }),
  warnings: Type.Array(ProblemItem, {
    description:
      'What holds, and is probably not what its author means: a policy on facts that nothing declares.',
  }),
  hints: Type.Array(Type.String(), { description: 'What might be done further, in words.' }),
});

const READERS = ['administrator', 'policy-author', 'auditor', 'operator'] as const;
/** All who may change some kind; which kinds is decided in the handler. */
const CHANGERS = ['administrator', 'policy-author', 'operator'] as const;

/** Configuration as code. The registry checks, records each change with its digests, and puts it in force. */
export function addDocumentRoutes(app: AdminApp, rooms: AdminRooms, changes: DocumentChanges): void {
  addReading(app, rooms);
  app.route({
    method: 'DELETE',
    url: '/documents/:kind/:name',
    config: { access: CHANGERS },
    schema: {
      operationId: 'deleteDocument',
      summary: 'delete a document',
      tags: ['configuration'],
      params: DocumentPath,
      response: { 200: ApplyAnswer },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const { kind, name } = request.params;
      await authoriseKind(rooms, caller, kind);
      const applied = await changes.apply(caller, (snapshot) => {
        requireDocument(snapshot, kind, name);
        return { documents: [], deletions: [{ kind, name }] };
      });
      return appliedAnswer(applied);
    },
  });

  app.route({
    method: 'POST',
    url: '/apply',
    config: { access: CHANGERS },
    schema: {
      operationId: 'apply',
      summary: 'put documents in force, all or none',
      tags: ['configuration'],
      body: ApplyBody,
      response: { 200: ApplyAnswer },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const read = readBody(request.body);
      const kinds = new Set(read.documents.map((document) => document.kind).filter(isDocumentKind));
      for (const kind of kinds) await authoriseKind(rooms, caller, kind);
      if (!request.body.dryRun) {
        const applied = appliedAnswer(await changes.apply(caller, () => read));
        return { ...applied, hints: await argumentHints(rooms, read.documents) };
      }
      const plan = await changes.plan(read);
      return {
        version: plan.baseVersion,
        dryRun: true,
        changes: plan.changes.map(changeAnswer),
        problems: [...read.problems, ...plan.problems],
        warnings: [...plan.warnings],
        hints: await argumentHints(rooms, read.documents),
      };
    },
  });
}

function addReading(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/documents',
    config: { access: READERS },
    schema: {
      operationId: 'listDocuments',
      summary: 'list documents',
      tags: ['configuration'],
      querystring: closed({ kind: Type.Optional(Kind), after: After, limit: Limit }),
      response: { 200: pageOf(DocumentAnswer) },
    },
    handler: (request) => {
      const { kind, ...page } = request.query;
      const snapshot = rooms.registry.snapshot();
      const kinds = kind === undefined ? DOCUMENT_KINDS : [kind];
      const documents = kinds.flatMap((each) => [...snapshot.of(each).values()]);
      const { items, ...rest } = pageInMemory(
        documents,
        page,
        (document) => `${document.kind}/${document.name}`,
      );
      return { items: items.map(documentAnswer), ...rest };
    },
  });

  app.route({
    method: 'GET',
    url: '/documents/:kind/:name',
    config: { access: READERS },
    schema: {
      operationId: 'getDocument',
      summary: 'show a document',
      tags: ['configuration'],
      params: DocumentPath,
      response: { 200: DocumentAnswer },
    },
    handler: (request) => {
      const { kind, name } = request.params;
      return documentAnswer(requireDocument(rooms.registry.snapshot(), kind, name));
    },
  });
}

function appliedAnswer(applied: Applied): Static<typeof ApplyAnswer> {
  return {
    version: applied.version,
    dryRun: false,
    changes: applied.changes.map(changeAnswer),
    problems: [],
    warnings: [...applied.warnings],
    hints: [],
  };
}

function readBody(body: Static<typeof ApplyBody>): ReadDocuments {
  if (body.documents === undefined && body.yaml === undefined && body.files === undefined) {
    throw new AdminError(
      'invalid_request',
      'The body has no documents. Send `documents`, `yaml` or `files`.',
      {
        field: 'documents',
      },
    );
  }
  const sources = [
    ...(body.yaml === undefined ? [] : [{ name: 'yaml', yaml: body.yaml }]),
    ...(body.files ?? []),
  ];
  const fromYaml = readYamlDocuments(sources);
  const documents = [...(body.documents ?? []), ...fromYaml.documents];
  if (documents.length > APPLY_MAX_DOCUMENTS) {
    throw new AdminError(
      'invalid_request',
      `More than ${APPLY_MAX_DOCUMENTS} documents. Apply them in parts.`,
    );
  }
  return { documents, problems: fromYaml.problems };
}

function requireDocument(snapshot: Snapshot, kind: DocumentKind, name: string): Document {
  const document = snapshot.of(kind).get(name);
  if (document !== undefined) return document;
  throw new AdminError(
    'not_found',
    `There is no ${kind} named "${name}". GET /documents?kind=${kind} lists them.`,
  );
}

function documentAnswer(document: Document): Static<typeof DocumentAnswer> {
  const { kind, name, digest, updatedAt, updatedBy } = document;
  return { kind, name, spec: { ...document.spec }, digest, updatedAt, updatedBy };
}

function changeAnswer(change: Change): Static<typeof ChangeAnswer> {
  return { ...change };
}
