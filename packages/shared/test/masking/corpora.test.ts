import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { maskMessage } from '../../src/masking/index.ts';
import { everything, mask, masked, textAnswer } from './answers.ts';

const folder = process.env.SALLYPORT_CORPORA ?? join(import.meta.dirname, '../../../../../shared/corpora');

function files(name: string): string[] {
  if (!existsSync(join(folder, name))) return [];
  return readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .map((file) => join(folder, name, file));
}

describe.skipIf(!existsSync(folder))('texts that nobody here wrote', () => {
  test('JSONTestSuite: what is no JSON is refused, what is JSON is masked', () => {
    const suite = files('json-testsuite');
    expect(suite.length).toBeGreaterThan(300);
    for (const file of suite) {
      const name = file.split('/').at(-1) ?? '';
      const raw = new Uint8Array(readFileSync(file));
      const opens = /^\s*[[{]/.test(readFileSync(file, 'latin1'));
      const { refused } = maskMessage(raw, everything);
      if (name.startsWith('n_')) expect(refused?.reason, name).toMatch(/malformed|too_deep/);
      if (name.startsWith('y_') && opens) expect(refused, name).toBeUndefined();
    }
  });

  test('MCP schemas and examples: nothing is refused, and only e-mail addresses are found', () => {
    const examples = files('mcp-schema-examples');
    expect(examples.length).toBeGreaterThan(100);
    for (const file of examples) {
      const { findings, refused } = mask(`{"jsonrpc":"2.0","id":1,"result":${readFileSync(file, 'utf8')}}`);
      expect(refused, file).toBeUndefined();
      expect(
        findings.filter((finding) => finding.entity !== 'EMAIL'),
        file,
      ).toEqual([]);
    }
  });

  test('naughty strings pass as they are', () => {
    for (const file of files('blns')) {
      for (const text of JSON.parse(readFileSync(file, 'utf8')) as string[]) {
        const raw = JSON.stringify(textAnswer(text));
        expect(masked(raw)).toBe(raw);
      }
    }
  });
});
