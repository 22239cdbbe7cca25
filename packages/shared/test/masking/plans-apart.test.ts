import { describe, expect, it } from 'vitest';
import { compilePlan, maskMessage } from '../../src/masking/index.ts';

const message = Buffer.from(
  '{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"name":"zoe miller","n":4111111111111111}}}',
);
const byKey = () =>
  compilePlan({
    rules: [{ name: 'names', match: { keys: ['name'] }, entity: 'NAME', action: { kind: 'redact' } }],
  });
const byCard = () => compilePlan({ profiles: ['PCI'] });
const masked = (plan: ReturnType<typeof byKey>) => Buffer.from(maskMessage(message, plan).masked).toString();

describe('plans know nothing of each other', () => {
  it('a rule about a key holds also where a plan without it has read the same message before', () => {
    const [other, plan] = [byCard(), byKey()];
    expect(masked(other)).toContain('"name":"zoe miller","n":"[PAN]"');
    expect(masked(plan)).toContain('"name":"[NAME]","n":4111111111111111');
  });

  it('and a plan without it masks nothing by it afterwards', () => {
    const [plan, other] = [byKey(), byCard()];
    expect(masked(plan)).toContain('"name":"[NAME]","n":4111111111111111');
    expect(masked(other)).toContain('"name":"zoe miller","n":"[PAN]"');
  });
});
