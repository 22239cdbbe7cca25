import { errorText } from '@sallyport/shared/errors';
import { elementsAt, findPath, type Message, type Span, scanJson } from '@sallyport/shared/jsonrpc';
import { ArgumentChecks } from './argument-checks.ts';
import { type DeclaredHeader, declaredHeaders, headerDisagreement } from './declared-headers.ts';
import { digestOfDefinition, readDefinition } from './definition.ts';
import { Discovery, type DiscoveryOptions } from './discovery.ts';
import { KnownTools } from './known-tools.ts';
import { TICK_MS } from './limits.ts';
import { CHANNEL, Pins, type PinsOptions } from './pins.ts';
import { reviewOf } from './review.ts';
import type { Seen } from './steps.ts';
import { listTools, loadDefinition } from './table.ts';
import type { Tools } from './types.ts';

export interface ToolsOptions extends PinsOptions, Omit<DiscoveryOptions, 'take'> {}

/** Tools with declarations that are remembered of one server; a list of more pages is joined up to here. */
const DECLARING_TOOLS_MAX = 2_000;

/** Opens the tools room: what is known is read before it resolves, and kept current by notice. */
export async function openTools(options: ToolsOptions): Promise<Tools> {
  const { store, logger } = options;
  const pins = new Pins(options);
  const discovery = new Discovery({
    ...options,
    take: (server, definitions) => pins.take(server, seenIn(definitions, arrayOf(definitions)), 'probe'),
  });
  const checks = new ArgumentChecks((digest) => loadDefinition(store.pool, digest));
  const known = new KnownTools(store.pool);
  const declared = new Map<string, Map<string, readonly DeclaredHeader[]>>();
  const reload = (server?: string): void => {
    pins.reload(server).catch((thrown: unknown) => {
      logger.debug('pins not read', { reason: errorText(thrown) });
    });
  };
  await store.listen(CHANNEL, reload, reload);
  await pins.reload();
  const timer = setInterval(() => discovery.look(), TICK_MS);
  timer.unref();
  return {
    async shown(server, answer) {
      learn(declared, server, answer);
      const list = findPath(answer.result, 'tools');
      if (list === undefined || answer.raw[list.start] !== 0x5b) return () => false;
      const spans = elementsAt(answer.raw, list);
      await pins.take(server, seenIn(answer.raw, spans), 'list');
      return (index) => {
        const span = spans[index];
        const definition = span && digestOfDefinition(answer.raw, span);
        const row = definition && pins.get(server, definition.name);
        return row?.state === 'pinned' && row.pinned === definition?.digest;
      };
    },
    state(server, tool) {
      const row = pins.get(server, tool);
      return row === undefined
        ? { state: 'unknown' }
        : { state: row.state, ...(row.pinned === undefined ? {} : { pinned: row.pinned }) };
    },
    digest(server, tool) {
      const row = pins.get(server, tool);
      return row?.state === 'pinned' ? row.pinned : undefined;
    },
    problemOf: (digest, given) => checks.check(digest, given),
    settled: (server) => discovery.settled(server),
    problem: (server) => discovery.problem(server),
    look: () => discovery.look(),
    agentAttached: (agent) => discovery.forget(agent),
    listChanged: (server) => discovery.changed(server),
    onChanged: (listener) => pins.onChanged(listener),
    decide: (decision, by) => pins.decide(decision, by),
    known: () => known.all(),
    list: (query) => listTools(store.pool, query),
    review: (row) => reviewOf(store.pool, row, pins.names()),
    disagreement(server, tool, args, headers, decode) {
      const of = declared.get(server)?.get(tool);
      return of === undefined ? undefined : headerDisagreement(of, args(), headers, decode);
    },
    async close() {
      clearInterval(timer);
    },
  };
}

function learn(
  declared: Map<string, Map<string, readonly DeclaredHeader[]>>,
  server: string,
  answer: Message,
): void {
  const known = declared.get(server) ?? new Map<string, readonly DeclaredHeader[]>();
  for (const [tool, headers] of declaredHeaders(answer)) {
    if (known.size < DECLARING_TOOLS_MAX || known.has(tool)) known.set(tool, headers);
  }
  declared.set(server, known);
}

/** @throws JsonError where the text is no acceptable JSON; an array of nothing where it is no array */
function arrayOf(raw: Buffer): Span[] {
  scanJson(raw);
  const start = raw.indexOf('[');
  return start < 0 || raw.subarray(0, start).toString().trim() !== ''
    ? []
    : elementsAt(raw, { start, end: raw.length });
}

function seenIn(raw: Buffer, spans: readonly Span[]): Seen[] {
  return spans.flatMap((span) => {
    const definition = digestOfDefinition(raw, span);
    if (definition === undefined) return [];
    return [{ ...definition, canonical: () => readDefinition(raw, span)?.canonical ?? '' }];
  });
}
