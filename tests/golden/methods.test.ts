import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { controlsOf, METHODS, REFUSED_METHODS } from '../../packages/gateway/src/call/index.ts';
import { ROOT } from '../architecture/sources.ts';

const corpora = process.env.SALLYPORT_CORPORA ?? join(ROOT, '../shared/corpora');
const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'];
const schemaOf = (revision: string) => join(corpora, 'mcp-schema-examples/schema', revision, 'schema.json');

function render(): string {
  const rows = METHODS.map((row) => {
    const decide =
      row.decide === 'follows' ? 'with its call' : `\`${row.decide.action}\` on the ${row.decide.on}`;
    const record = row.record === 'call' ? 'intent, outcome' : 'one entry before release';
    const forward = {
      relay: 'as it came',
      'filter-list': 'without what policy hides',
      session: 'begins the session',
    }[row.forward];
    return `| \`${row.method}\` | ${row.kind} | ${row.from} | ${row.eras.join(', ')} | ${decide} | ${row.hold ? 'may be held' : '–'} | ${row.mask === 'both' ? 'both ways' : 'to the client'} | ${record} | ${forward} |`;
  });
  const refused = Object.entries(REFUSED_METHODS).map(([method, reason]) => `| \`${method}\` | ${reason} |`);
  return [
    '# Which control applies to which MCP method',
    '',
    'Rendered from `packages/gateway/src/call/methods.ts`. A method that is not here is refused and the refusal recorded.',
    '`legacy` is every revision to 2025-11-25, `modern` is 2026-07-28. "Hold": policy may demand an approval first.',
    '',
    '| method | kind | from | eras | decided | hold | masked | recorded | passed on |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '## Refused by name',
    '',
    '| method | why |',
    '|---|---|',
    ...refused,
    '',
  ].join('\n');
}

describe('the table of methods', () => {
  it('is rendered in docs/METHODS.md: run vitest with -u after a change', async () => {
    await expect(render()).toMatchFileSnapshot(join(ROOT, 'docs/METHODS.md'));
  });

  it('refuses what it does not list, in either direction', () => {
    expect(controlsOf('client', 'request', 'tools/destroy', 'legacy')).toBeUndefined();
    expect(controlsOf('client', 'request', 'TOOLS/CALL', 'legacy')).toBeUndefined();
    expect(controlsOf('client', 'notification', 'tools/call', 'legacy')).toBeUndefined();
    expect(controlsOf('client', 'request', 'initialize', 'modern')).toBeUndefined();
    expect(controlsOf('server', 'request', 'tools/call', 'legacy')).toBeUndefined();
  });

  describe.skipIf(!existsSync(schemaOf('2026-07-28')))('against the schemas of MCP', () => {
    for (const revision of REVISIONS) {
      it(`lists or refuses by name every method of ${revision}`, () => {
        const schema = readFileSync(schemaOf(revision), 'utf8');
        const methods = new Set(
          [...schema.matchAll(/"method":\s*\{\s*(?:"description":[^}]*?)?"const":\s*"([^"]+)"/g)].map(
            (m) => m[1] ?? '',
          ),
        );
        expect(methods.size).toBeGreaterThan(15);
        const era = revision >= '2026' ? 'modern' : 'legacy';
        const unlisted = [...methods].filter(
          (method) =>
            REFUSED_METHODS[method] === undefined &&
            // What a modern server asks travels inside its result; mask.ts decides it by the same actions.
            !(
              era === 'modern' &&
              ['sampling/createMessage', 'elicitation/create', 'roots/list'].includes(method)
            ) &&
            !(['client', 'server'] as const).some((from) =>
              (['request', 'notification'] as const).some(
                (kind) => controlsOf(from, kind, method, era) !== undefined,
              ),
            ),
        );
        expect(unlisted).toEqual([]);
      });
    }
  });
});
