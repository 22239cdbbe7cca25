import { PLACES } from './run.ts';
import type { Place } from './types.ts';

/**
 * Where in a message the walker stands: which place findings are reported for, which members lead where, and what is
 * special about the object there. The table below is MCP's shape in all its revisions; members it doesn't name are
 * scanned like everything else, as part of where they stand.
 */
export interface Spot {
  readonly place: number;
  /** `skip`: protocol words that correlate or name methods, never content. */
  readonly kind: 'plain' | 'skip' | 'block' | 'resource' | 'media' | 'blob' | 'params';
  /** Members of the protocol's own shape can't be dropped. */
  readonly fixed: boolean;
  /** Strings here are parts of one text: values may be split over them. */
  readonly flows: boolean;
  /** The root of a document for JSON paths. */
  readonly root: boolean;
  readonly members: ReadonlyMap<string, Spot> | null;
}

interface Shape {
  kind?: Spot['kind'];
  fixed?: boolean;
  flows?: boolean;
  root?: boolean;
  members?: Record<string, Spot>;
}

function spot(place: Place, shape: Shape = {}): Spot {
  return {
    place: PLACES.indexOf(place),
    kind: shape.kind ?? 'plain',
    fixed: shape.fixed ?? shape.members !== undefined,
    flows: shape.flows ?? false,
    root: shape.root ?? false,
    members: shape.members === undefined ? null : new Map(Object.entries(shape.members)),
  };
}

const SKIP = spot('other', { kind: 'skip' });
const META = spot('meta', { fixed: false, members: { progressToken: SKIP } });
const STRUCTURED = spot('structured', { root: true });
const ARGUMENTS = spot('arguments', { root: true });
const LINK = spot('link', { fixed: true });

const RESOURCE = spot('resource-text', {
  kind: 'resource',
  members: {
    uri: LINK,
    name: LINK,
    title: LINK,
    text: spot('resource-text', { fixed: true }),
    blob: spot('resource-blob', { kind: 'blob', fixed: true }),
    _meta: META,
  },
});

/** A content block of an answer, a prompt, a sampling request: what its text is reported as differs. */
function block(place: Place): Spot {
  const members: Record<string, Spot> = {
    type: SKIP,
    text: spot(place, { fixed: true, flows: true }),
    data: spot('image', { kind: 'media', fixed: true }),
    resource: RESOURCE,
    uri: LINK,
    name: LINK,
    title: LINK,
    description: LINK,
    input: ARGUMENTS,
    structuredContent: STRUCTURED,
    _meta: META,
  };
  const made = spot(place, { kind: 'block', members });
  // A tool's result may stand in a message of a sampling request: blocks within a block.
  (made.members as Map<string, Spot>).set('content', made);
  return made;
}

function messages(place: Place): Spot {
  return spot(place, { members: { role: SKIP, content: block(place), _meta: META } });
}

const INPUT = spot('input-request', {
  fixed: true,
  members: {
    method: SKIP,
    messages: messages('input-request'),
    content: block('input-request'),
    _meta: META,
  },
});
const INPUT_PARAMS = spot('input-request', {
  fixed: true,
  members: { messages: messages('input-request'), _meta: META },
});

const RESULT = spot('other', {
  members: {
    content: block('text'),
    structuredContent: STRUCTURED,
    contents: RESOURCE,
    messages: messages('prompt'),
    description: spot('prompt', { fixed: true }),
    completion: spot('completion', { fixed: true }),
    tools: spot('tool-definition', { fixed: true, members: { _meta: META } }),
    prompts: spot('prompt', { fixed: true, members: { _meta: META } }),
    resources: spot('link', { fixed: true, members: { _meta: META } }),
    resourceTemplates: spot('link', { fixed: true, members: { _meta: META } }),
    roots: LINK,
    inputRequests: INPUT,
    _meta: META,
  },
});

const PARAMS = spot('arguments', {
  members: {
    arguments: ARGUMENTS,
    argument: spot('completion', { fixed: true }),
    uri: LINK,
    inputResponses: spot('input-request', { fixed: true, members: { content: block('input-request') } }),
    requestId: SKIP,
    _meta: META,
  },
});

/** Params by method; what is not named has PARAMS. */
const PARAMS_BY_METHOD: Readonly<Record<string, Spot>> = {
  'notifications/progress': spot('progress', {
    members: { progressToken: SKIP, message: spot('progress', { fixed: true, flows: true }), _meta: META },
  }),
  'notifications/message': spot('log', {
    members: { level: SKIP, data: spot('log', { flows: true, root: true }), _meta: META },
  }),
  'elicitation/create': INPUT_PARAMS,
  'sampling/createMessage': INPUT_PARAMS,
  'roots/list': INPUT_PARAMS,
  'notifications/resources/updated': spot('link', { members: { uri: LINK, _meta: META } }),
};

/** A JSON-RPC message. */
export const MESSAGE: Spot = spot('other', {
  members: {
    jsonrpc: SKIP,
    id: SKIP,
    method: SKIP,
    result: RESULT,
    error: spot('error-message', {
      members: {
        code: SKIP,
        message: spot('error-message', { fixed: true }),
        data: spot('error-data', { root: true }),
      },
    }),
    params: spot('arguments', { kind: 'params' }),
  },
});

/** Where the params of a method lead. */
export function paramsOf(method: string): Spot {
  return Object.hasOwn(PARAMS_BY_METHOD, method) ? (PARAMS_BY_METHOD[method] ?? PARAMS) : PARAMS;
}

/** Types of content block that are known (MCP 2024-11-05 to 2026-07-28). */
export const BLOCK_TYPES: ReadonlySet<string> = new Set([
  'text',
  'image',
  'audio',
  'resource',
  'resource_link',
  'tool_use',
  'tool_result',
]);
