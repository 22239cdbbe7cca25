import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, sourcesOf } from './sources.ts';

const sources = ['packages', 'deploy', 'tests'].flatMap((folder) => sourcesOf(folder));

describe('tidy', () => {
  it('files stay under 300 lines: split the one that has two ideas', () => {
    expect(
      sources.filter((source) => source.lines > 300).map((source) => `${source.path}: ${source.lines}`),
    ).toEqual([]);
  });

  it('no folder or file is called utils, helpers, common, lib or misc: name the room after what it does', () => {
    const wrong = sources.filter((source) =>
      /(^|\/)(utils?|helpers?|common|lib|misc)(\/|\.tsx?$)/.test(source.path),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  it('nothing is left undone: finish it, or say in an issue what is missing', () => {
    // Built from parts, so that this file does not find itself.
    const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
    expect(sources.filter((source) => marks.test(source.text)).map((source) => source.path)).toEqual([]);
  });

  it('no test is left out or alone: a test that does not run proves nothing', () => {
    const wrong = sources.filter(
      (source) =>
        /\b(it|test|describe)\.(only|todo|skip)\(/.test(source.text) &&
        source.path !== 'tests/architecture/tidy.test.ts',
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  it('no escape from the types in the programs: no any, no ts-ignore', () => {
    const wrong = sources.filter(
      (source) =>
        source.path.includes('/src/') &&
        /@ts-(ignore|expect-error|nocheck)|\bas any\b|^(?!\s*(\/\/|\*)).*[\w)\]?]: any\b/m.test(source.text),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  it('each room of gateway and agent has a door', () => {
    const wrong: string[] = [];
    for (const pkg of ['gateway', 'agent']) {
      const src = join(ROOT, 'packages', pkg, 'src');
      for (const entry of readdirSync(src, { withFileTypes: true })) {
        if (entry.isDirectory() && !existsSync(join(src, entry.name, 'index.ts')))
          wrong.push(`${pkg}/${entry.name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('every dependency of the programs has its line in docs/DEPENDENCIES.md', () => {
    const listed = readFileSync(join(ROOT, 'docs/DEPENDENCIES.md'), 'utf8');
    const missing: string[] = [];
    for (const folder of [
      '.',
      'packages/gateway',
      'packages/agent',
      'packages/proto',
      'packages/shared',
      'deploy/demo',
      'tests',
    ]) {
      const manifest: unknown = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
      if (typeof manifest !== 'object' || manifest === null) continue;
      for (const [section, names] of Object.entries(manifest)) {
        if (!/[dD]ependencies$/.test(section)) continue;
        for (const name of Object.keys(names)) {
          if (!name.startsWith('@sallyport/') && !listed.includes(`\`${name}\``))
            missing.push(`${folder}: ${name}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });
});
