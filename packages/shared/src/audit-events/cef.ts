import { isRefusal, type Leaf } from './ocsf.ts';

/** An entry as a line of ArcSight's Common Event Format (CEF:0), for a SIEM that reads it. */
export function cefLine(leaf: Leaf, leafHash: string): string {
  const { actor, source, server, tool, method, decision, outcome, session, call } = leaf;
  const header = ['Sallyport', 'Gateway', '1', leaf.kind, leaf.kind, isRefusal(leaf) ? '6' : '2'];
  const members: readonly (readonly [string, string | number | undefined])[] = [
    ['rt', Date.parse(leaf.ts)],
    ['externalId', leaf.id],
    ['suser', actor?.name],
    ['src', source?.ip],
    ['requestClientApplication', source?.client],
    ['dhost', server],
    ['act', decision?.effect],
    ['reason', decision?.reasons.join(', ')],
    ['outcome', outcome?.transport],
    ['cn1', leaf.seq],
    ['cn1Label', 'seq'],
    ...labelled('cs1', 'log', leaf.origin),
    ...labelled('cs2', 'leafHash', leafHash),
    ...labelled('cs3', 'tool', tool),
    ...labelled('cs4', 'method', method),
    ...labelled('cs5', 'session', session),
    ...labelled('cs6', 'call', call),
  ];
  const extension = members.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${extensionText(String(value))}`],
  );
  return `CEF:0|${header.map(headerText).join('|')}|${extension.join(' ')}`;
}

function labelled(name: string, label: string, value: string | undefined) {
  return value === undefined
    ? []
    : ([
        [name, value],
        [`${name}Label`, label],
      ] as const);
}

// Names come from outside: a line break or a delimiter in one must not become an event or a member of its own.
function headerText(text: string): string {
  return oneLine(text).replace(/[\\|]/g, '\\$&');
}

function extensionText(text: string): string {
  return text.replace(/[\\=]/g, '\\$&').replace(/\r\n|[\r\n\u0085\u2028\u2029]/g, '\\n');
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\u0085\u2028\u2029]/g, ' ');
}
