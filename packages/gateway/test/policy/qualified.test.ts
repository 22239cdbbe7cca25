import { describe, expect, it } from 'vitest';
import { createPolicy } from '../../src/policy/index.ts';

function effect(cedar: string, server: string, tool: string): string {
  const policy = createPolicy();
  policy.load([{ name: 'p', cedar }]);
  return policy.decide({
    principal: { kind: 'service-account', name: 'a', groups: ['g'] },
    action: 'call',
    server,
    resource: { type: 'Tool', name: tool },
    context: { era: 'legacy' },
  }).effect;
}

const permitAll = 'permit (principal, action, resource);';

describe('the two names of a tool', () => {
  it('a full name means the tool of that server, in the scope and in conditions', () => {
    for (const cedar of [
      'permit (principal, action, resource == Sallyport::Tool::"bank/transfer");',
      'permit (principal, action, resource in Sallyport::Tool::"bank/transfer");',
      'permit (principal, action, resource) when { resource == Sallyport::Tool::"bank/transfer" };',
      'permit (principal, action, resource) when { 1 == 1 && (resource == Sallyport::Tool::"bank/transfer" || false) };',
    ]) {
      expect([
        effect(cedar, 'bank', 'transfer'),
        effect(cedar, 'other', 'transfer'),
        effect(cedar, 'bank', 'close'),
      ]).toEqual(['allow', 'deny', 'deny']);
    }
  });

  it('a short name means the tool of that name on the servers the policy speaks of', () => {
    const cedar = 'permit (principal, action, resource == Sallyport::Tool::"transfer");';
    expect([
      effect(cedar, 'bank', 'transfer'),
      effect(cedar, 'other', 'transfer'),
      effect(cedar, 'bank', 'close'),
    ]).toEqual(['allow', 'allow', 'deny']);
  });

  it('a forbid by full name forbids', () => {
    const cedar = `${permitAll} forbid (principal, action, resource == Sallyport::Tool::"bank/transfer");`;
    expect([effect(cedar, 'bank', 'transfer'), effect(cedar, 'other', 'transfer')]).toEqual([
      'deny',
      'allow',
    ]);
    const unless = `${permitAll} forbid (principal, action, resource) when { resource == Sallyport::Tool::"bank/transfer" };`;
    expect([effect(unless, 'bank', 'transfer'), effect(unless, 'other', 'transfer')]).toEqual([
      'deny',
      'allow',
    ]);
  });
});
