import type { Happening } from './drift.ts';
import { TOOLS_PER_ENTRY_MAX } from './limits.ts';

/** Who decides on a tool, for the record. */
export interface ToolActor {
  readonly kind: 'service-account' | 'user' | 'gateway';
  readonly name: string;
  readonly token?: string;
  readonly sourceIp?: string;
}

/** An entry of this room's for the audit log. `unconfirmed`: the step that the named entries tell of did not come about. */
export interface ToolEntry {
  readonly kind: `tool.${Happening | 'unconfirmed'}`;
  readonly actor: { readonly kind: ToolActor['kind']; readonly name: string; readonly token?: string };
  readonly source?: { readonly ip: string };
  readonly server: string;
  readonly tool?: string;
  readonly toolDefinition?: string;
  readonly control: readonly string[];
  readonly fields: { readonly [name: string]: string | number | readonly string[] };
}

/** Makes an entry durable, or rejects. */
export type RecordToolEntry = (entry: ToolEntry) => Promise<{ readonly id: string }>;

/** NIST CM-3, CM-5: changes of configuration are controlled, and recorded. */
const CONTROL = ['CM-3', 'SI-7'] as const;
export const GATEWAY_ACTOR = { kind: 'gateway', name: 'sallyport' } as const;

/** What was seen or decided, as entries: one happening each, TOOLS_PER_ENTRY_MAX tools in one. */
export function toolEntries(
  server: string,
  happened: readonly { readonly tool: string; readonly digest: string; readonly happening: Happening }[],
  by: ToolActor,
  more: { readonly [name: string]: string } = {},
): ToolEntry[] {
  const byHappening = Map.groupBy(happened, ({ happening }) => happening);
  return [...byHappening].flatMap(([happening, tools]) => {
    const entries: ToolEntry[] = [];
    for (let at = 0; at < tools.length; at += TOOLS_PER_ENTRY_MAX) {
      const some = tools.slice(at, at + TOOLS_PER_ENTRY_MAX);
      const [only] = some;
      entries.push({
        ...about(server, by),
        kind: `tool.${happening}`,
        ...(some.length === 1 && only !== undefined ? { tool: only.tool, toolDefinition: only.digest } : {}),
        fields: { ...more, tools: some.map(({ tool, digest }) => `${tool} ${digest}`) },
      });
    }
    return entries;
  });
}

export function unconfirmedEntry(server: string, entries: readonly string[]): ToolEntry {
  return { ...about(server, GATEWAY_ACTOR), kind: 'tool.unconfirmed', fields: { entries: [...entries] } };
}

function about(server: string, by: ToolActor): Pick<ToolEntry, 'actor' | 'server' | 'control' | 'source'> {
  const { kind, name, token, sourceIp } = by;
  return {
    actor: { kind, name, ...(token === undefined ? {} : { token }) },
    ...(sourceIp === undefined ? {} : { source: { ip: sourceIp } }),
    server,
    control: CONTROL,
  };
}
