import type { Action } from '../policy/index.ts';

/** What of a request names the thing it acts on. */
export type ResourceOf = 'server' | 'tool' | 'prompt' | 'resource' | 'reference';

/** The controls that apply to one MCP method. */
export interface MethodControls {
  readonly method: string;
  readonly kind: 'request' | 'notification';
  readonly from: 'client' | 'server';
  readonly eras: readonly ('legacy' | 'modern')[];
  /** Cedar action that is decided, and on what. `follows`: it belongs to a call that was decided already. */
  readonly decide: { readonly action: Action; readonly on: ResourceOf } | 'follows';
  /** Whether policy may hold it for an approval. */
  readonly hold: boolean;
  /** Which way a masking rule may change it: what travels to the client, to the server. */
  readonly mask: 'to-client' | 'both';
  /** Entries: `call` = intent and outcome; `interim` = one entry before it is released. */
  readonly record: 'call' | 'interim';
  readonly forward: 'relay' | 'filter-list' | 'session';
}

const LEGACY = ['legacy'] as const;
const MODERN = ['modern'] as const;
const BOTH = ['legacy', 'modern'] as const;

function fromClient(
  method: string,
  eras: MethodControls['eras'],
  action: Action,
  on: ResourceOf,
  rest: Partial<Pick<MethodControls, 'hold' | 'forward'>> = {},
): MethodControls {
  return {
    method,
    kind: 'request',
    from: 'client',
    eras,
    decide: { action, on },
    hold: rest.hold ?? false,
    mask: 'both',
    record: 'call',
    forward: rest.forward ?? 'relay',
  };
}

function notice(method: string, from: 'client' | 'server', eras: MethodControls['eras']): MethodControls {
  return {
    method,
    kind: 'notification',
    from,
    eras,
    decide: 'follows',
    hold: false,
    mask: 'both',
    record: 'interim',
    forward: 'relay',
  };
}

function fromServer(method: string, action: Action | 'follows'): MethodControls {
  const decide = action === 'follows' ? action : { action, on: 'server' as const };
  return {
    method,
    kind: 'request',
    from: 'server',
    eras: LEGACY,
    decide,
    hold: false,
    mask: 'both',
    record: 'interim',
    forward: 'relay',
  };
}

/**
 * Every MCP method × what applies to it (DESIGN.md §3). A method that is not here is refused.
 * Rendered as docs/METHODS.md, which an examiner can read; a test takes every method of the MCP schemas.
 */
export const METHODS: readonly MethodControls[] = [
  fromClient('initialize', LEGACY, 'connect', 'server', { forward: 'session' }),
  fromClient('server/discover', MODERN, 'connect', 'server'),
  fromClient('ping', LEGACY, 'connect', 'server'),
  fromClient('tools/list', BOTH, 'connect', 'server', { forward: 'filter-list' }),
  fromClient('tools/call', BOTH, 'call', 'tool', { hold: true }),
  fromClient('resources/list', BOTH, 'connect', 'server', { forward: 'filter-list' }),
  fromClient('resources/templates/list', BOTH, 'connect', 'server'),
  fromClient('resources/read', BOTH, 'read', 'resource', { hold: true }),
  fromClient('resources/subscribe', LEGACY, 'subscribe', 'resource'),
  fromClient('resources/unsubscribe', LEGACY, 'subscribe', 'resource'),
  fromClient('subscriptions/listen', MODERN, 'subscribe', 'server'),
  fromClient('prompts/list', BOTH, 'connect', 'server', { forward: 'filter-list' }),
  fromClient('prompts/get', BOTH, 'get', 'prompt', { hold: true }),
  fromClient('completion/complete', BOTH, 'complete', 'reference'),
  fromClient('logging/setLevel', LEGACY, 'connect', 'server'),
  notice('notifications/initialized', 'client', LEGACY),
  notice('notifications/cancelled', 'client', BOTH),
  notice('notifications/progress', 'client', LEGACY),
  notice('notifications/roots/list_changed', 'client', LEGACY),
  fromServer('sampling/createMessage', 'sample'),
  fromServer('elicitation/create', 'elicit'),
  fromServer('roots/list', 'roots'),
  fromServer('ping', 'follows'),
  notice('notifications/cancelled', 'server', BOTH),
  notice('notifications/progress', 'server', BOTH),
  notice('notifications/message', 'server', BOTH),
  notice('notifications/resources/list_changed', 'server', BOTH),
  notice('notifications/resources/updated', 'server', BOTH),
  notice('notifications/tools/list_changed', 'server', BOTH),
  notice('notifications/prompts/list_changed', 'server', BOTH),
  notice('notifications/elicitation/complete', 'server', BOTH),
  notice('notifications/subscriptions/acknowledged', 'server', MODERN),
];

/** Methods of the schemas that are refused by name, each with its reason. */
export const REFUSED_METHODS: Readonly<Record<string, string>> = {
  'tasks/get': 'tasks outlive the call that policy decided on',
  'tasks/list': 'tasks outlive the call that policy decided on',
  'tasks/result': 'tasks outlive the call that policy decided on',
  'tasks/cancel': 'tasks outlive the call that policy decided on',
  'notifications/tasks/status': 'tasks outlive the call that policy decided on',
};

const byKey = new Map(METHODS.map((row) => [`${row.from}:${row.kind}:${row.method}`, row]));

/** The controls of a method as sent by that side; undefined: refuse it. */
export function controlsOf(
  from: 'client' | 'server',
  kind: 'request' | 'notification',
  method: string,
  era: 'legacy' | 'modern',
): MethodControls | undefined {
  const row = byKey.get(`${from}:${kind}:${method}`);
  return row?.eras.includes(era) ? row : undefined;
}
