import {
  elementsAt,
  find,
  findPath,
  type Message,
  type Span,
  scanJson,
  stringAt,
} from '@sallyport/shared/jsonrpc';
import type { Action } from '../policy/index.ts';
import { couldUse } from './granted.ts';
import { REQUEST_ACCESS, REQUEST_ACCESS_DEFINITION } from './request-access.ts';
import { isPlainName, type Resource } from './resource.ts';
import type { Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';
import { named } from './stages/receive.ts';

interface ListKind {
  readonly member: string;
  readonly key: 'name' | 'uri';
  readonly type: Exclude<Resource['type'], 'Server'>;
  readonly action: Action;
}

const LISTS: Readonly<Record<string, ListKind>> = {
  'tools/list': { member: 'tools', key: 'name', type: 'Tool', action: 'call' },
  'prompts/list': { member: 'prompts', key: 'name', type: 'Prompt', action: 'get' },
  'resources/list': { member: 'resources', key: 'uri', type: 'Resource', action: 'read' },
};

/**
 * Takes what the principal could never use, and tools that are not pinned, out of a list. The bytes of what stays are the server's own.
 * @returns the message's bytes, the same buffer where nothing was taken out, and the names of what was
 */
export function filterList(
  rooms: Pick<Rooms, 'policy' | 'grants' | 'labels'>,
  call: AttachedFields,
  answer: Message,
  pinned: (index: number) => boolean,
): { raw: Buffer; withheld: string[]; unpinned: string[] } {
  const kind = LISTS[call.message.method ?? ''];
  const list = kind === undefined ? undefined : findPath(answer.result, kind.member);
  if (kind === undefined || list === undefined || answer.raw[list.start] !== 0x5b) {
    return { raw: answer.raw, withheld: [], unpinned: [] };
  }
  const offered = kind.type === 'Tool' && offersAccess(rooms, call, answer);
  const kept: Span[] = [];
  const withheld: string[] = [];
  const unpinned: string[] = [];
  for (const [index, element] of elementsAt(answer.raw, list).entries()) {
    const members = scanJson(answer.raw.subarray(element.start, element.end));
    const name = stringAt(answer.raw.subarray(element.start, element.end), find(members, kind.key));
    const shadowed = kind.type === 'Tool' && name === REQUEST_ACCESS;
    const reviewed = pinned(index);
    if (name !== undefined && !shadowed && reviewed && visible(rooms, call, kind, name)) kept.push(element);
    else withheld.push(named(name ?? ''));
    if (!reviewed && !shadowed) unpinned.push(named(name ?? ''));
  }
  if (withheld.length === 0 && !offered) return { raw: answer.raw, withheld, unpinned };
  const items = kept.map((element) => answer.raw.subarray(element.start, element.end));
  if (offered) items.push(Buffer.from(JSON.stringify(REQUEST_ACCESS_DEFINITION)));
  const parts: Buffer[] = [answer.raw.subarray(0, list.start), Buffer.from('[')];
  items.forEach((item, index) => {
    if (index > 0) parts.push(Buffer.from(','));
    parts.push(item);
  });
  parts.push(Buffer.from(']'), answer.raw.subarray(list.end));
  return { raw: Buffer.concat(parts), withheld, unpinned };
}

/** Whether the gateway's own tool is shown: on the last page, to whom some policy lets ask for access. */
function offersAccess(
  rooms: Pick<Rooms, 'policy' | 'grants' | 'labels'>,
  call: AttachedFields,
  answer: Message,
): boolean {
  if (findPath(answer.result, 'nextCursor') !== undefined) return false;
  return couldUse(rooms, call, 'request', { type: 'Server', name: call.session.identity.server });
}

function visible(
  rooms: Pick<Rooms, 'policy' | 'grants' | 'labels'>,
  call: AttachedFields,
  kind: ListKind,
  name: string,
): boolean {
  if (kind.type !== 'Resource' && !isPlainName(kind.type, name)) return false;
  const resource = kind.type === 'Resource' && URL.canParse(name) ? new URL(name).href : name;
  return couldUse(rooms, call, kind.action, { type: kind.type, name: resource });
}
