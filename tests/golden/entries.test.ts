import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, sourcesOf } from '../architecture/sources.ts';
import { type KindRow, SECTIONS } from './entry-kinds.ts';
import { type Entry, type Session, scriptedSession, steadied } from './scripted-session.ts';

const ROWS = SECTIONS.flatMap(({ rows }) => rows);
const DESCRIBED = new Set(ROWS.map(({ kind }) => kind));
/** Members that every entry may have (AUDIT.md); what a kind has beside them is in `fields`. */
const COMMON = new Set(
  'v origin seq ts kind id actor session call server agent tool toolDefinition method decision grant approval request response outcome duration source control fields'.split(
    ' ',
  ),
);
/** Kinds that are put together from a family and a happening: where the happenings stand. */
const HAPPENINGS: Readonly<Record<string, { file: string; of: RegExp; more?: string }>> = {
  grant: { file: 'grant/entries.ts', of: /type GrantHappening =([^;]+);/ },
  approval: { file: 'approval/entries.ts', of: /type ApprovalHappening =([^;]+);/ },
  tool: { file: 'tools/drift.ts', of: /type Happening =([^;]+);/, more: 'unconfirmed' },
  proposal: { file: 'proposal/types.ts', of: /PROPOSAL_STATES = \[([^\]]+)\]/, more: 'unconfirmed' },
};
/** Texts of the same form that are kinds of proposals, and no entries. */
const NO_ENTRIES = [
  'tool.pin',
  'hold.place',
  'hold.release',
  'retention.drop',
  'approval.flows',
  'proposal.state',
];

/** The kinds that the code writes. A family that is not described is found where a kind is given as one. */
function writtenKinds(): Set<string> {
  const gateway = sourcesOf('packages/gateway/src').filter(({ path }) => !path.includes('/src/cli/'));
  const families = [...new Set(ROWS.map(({ kind }) => kind.split('.')[0]))].join('|');
  const found = new Set<string>();
  for (const { text } of gateway) {
    for (const [, kind = ''] of text.matchAll(/\bkind: '([a-z]+\.[a-z_]+|unmask|shred)'/g)) found.add(kind);
    for (const [, kind = ''] of text.matchAll(new RegExp(`'((?:${families})\\.[a-z_]+)'`, 'g')))
      found.add(kind);
    for (const [, family = ''] of text.matchAll(/\bkind: `([a-z]+)\.\$\{/g)) {
      const stands = HAPPENINGS[family];
      if (stands === undefined) throw new Error(`say in HAPPENINGS where the kinds "${family}.…" stand`);
      const source = gateway.find(({ path }) => path.endsWith(`/src/${stands.file}`))?.text ?? '';
      const happenings = [...(stands.of.exec(source)?.[1] ?? '').matchAll(/'([a-z_]+)'/g)].map(
        ([, one]) => one,
      );
      expect(happenings.length, `the happenings of ${family}`).toBeGreaterThan(2);
      for (const one of [...happenings, ...(stands.more === undefined ? [] : [stands.more])])
        found.add(`${family}.${one}`);
    }
  }
  for (const text of NO_ENTRIES) found.delete(text);
  return found;
}

/** "The same" is what the first kind of the family has. */
function mayHave(row: KindRow | undefined, field: string): boolean {
  const text = row?.fields ?? '';
  const family = ROWS.find(({ kind }) => kind.split('.')[0] === row?.kind.split('.')[0]);
  const all = text.startsWith('the same') ? `${family?.fields}, ${text}` : text;
  return new RegExp(`\\b${field}\\b`).test(all);
}

function render(entries: readonly Entry[]): string {
  const tables = SECTIONS.flatMap(({ title, rows }) => [
    `## ${title}`,
    '',
    '| kind | written when | its own fields | evidence for |',
    '|---|---|---|---|',
    ...rows.map(({ kind, when, fields, serves }) => `| \`${kind}\` | ${when} | ${fields} | ${serves} |`),
    '',
  ]);
  const shown = ROWS.flatMap(({ kind }) => {
    const all = entries.filter((each) => each.kind === kind);
    // Of a call that was held there is most to see.
    const entry = all.find((each) => kind.startsWith('call.') && each.approval !== undefined) ?? all[0];
    return entry === undefined
      ? []
      : [`\`${kind}\``, '', '```json', JSON.stringify(steadied(entry), null, 2), '```', ''];
  });
  return [
    '# Entries of the audit log',
    '',
    'Rendered from `tests/golden/entry-kinds.ts`, which a test holds against the code: a kind that is written and not here',
    'fails it. Every entry has the members of [AUDIT.md](AUDIT.md) that apply to it (who, from where, which session, call,',
    'server, agent, tool, decision); what a kind has beside them is in `fields`. Names, digests, counts and codes, never',
    'payload. An entry names its controls itself in `control` where one of PCI DSS 10.2.1 or of NIST SP 800-53 is met by it',
    'alone; the last column is all that it is evidence for.',
    '',
    ...tables,
    '## One session',
    '',
    'One entry of each kind that a scripted session leaves: an engineer calls, is denied, is held and approved; somebody',
    'without a token comes; access is asked for and revoked; a custodian opens an original and has a legal hold placed; an',
    'auditor reads. Ids, times, digests, sizes and versions differ from log to log and are shown as what they are.',
    '',
    ...shown,
  ].join('\n');
}

describe('the kinds of entries', () => {
  let session: Session;
  beforeAll(async () => {
    session = await scriptedSession();
  });
  afterAll(() => session?.stop());

  it('are described, each once, and no other', () => {
    expect(ROWS.length).toBe(DESCRIBED.size);
    expect([...writtenKinds()].sort()).toEqual([...DESCRIBED].sort());
  });

  it('are rendered in docs/ENTRIES.md with one session: run vitest with -u after a change', async () => {
    await expect(render(session.shown)).toMatchFileSnapshot(join(ROOT, 'docs/ENTRIES.md'));
  });

  it('have the members that the document says, and name no control that it does not', () => {
    const wrong = session.all.flatMap((entry) => {
      const row = ROWS.find(({ kind }) => kind === entry.kind);
      const fields = Object.keys((entry.fields ?? {}) as object); // cast: AUDIT.md's own shape
      const controls = (entry.control ?? []) as readonly string[]; // cast: as above
      const serves = row?.serves.split(', ') ?? [];
      return [
        ...Object.keys(entry).filter((member) => !COMMON.has(member)),
        ...fields.filter((field) => !mayHave(row, field)).map((field) => `fields.${field}`),
        ...controls.filter((control) => !serves.includes(control)).map((control) => `control ${control}`),
      ].map((what) => `${entry.kind}: ${what}`);
    });
    expect([...new Set(wrong)]).toEqual([]);
  });
});
