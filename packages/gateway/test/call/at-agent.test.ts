import { readMessage } from '@sallyport/shared/jsonrpc';
import { describe, expect, it } from 'vitest';
import { bothEnds, requireMasked } from '../../src/call/at-agent.ts';
import { masked } from '../../src/call/stages/mask.ts';
import { MaskingRefusal } from '../../src/masking/index.ts';

const raw = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"card":"[PAN]"}}');
const message = readMessage(raw);
const pan = { rule: 'PCI', detector: 'pan', entity: 'PAN', carrier: 'structured', count: 1 } as const;
const about = {
  server: 'bank',
  method: 'tools/call',
  principal: { kind: 'user', name: 'ann', groups: [] },
  session: 'ses_1',
} as const;

function arrived(more: { rulesVersion?: number; withheld?: string; findings?: (typeof pan)[] } = {}) {
  return { ...message, atAgent: { rulesVersion: 7, withheld: '', findings: [], ...more } };
}

function rooms(recordFails = false) {
  const entries: { kind: string }[] = [];
  const seen = { missed: 0 };
  const given = {
    audit: {
      record: async (draft: { kind: string }) => {
        if (recordFails) throw new Error('the log is down');
        entries.push(draft);
        return { seq: 0, id: 'ent_1', ts: '' };
      },
    },
    logger: { error: () => undefined },
    counters: {
      call: () => undefined,
      masked: () => undefined,
      missed: () => {
        seen.missed += 1;
      },
    },
  };
  // Cast: what these functions use of the rooms.
  return { given: given as unknown as Parameters<typeof bothEnds>[0], entries, seen };
}

describe('what an agent lets through', () => {
  it('is withheld where it was masked by older rules than the call was decided with, or by none', () => {
    expect(() => requireMasked(arrived(), 7)).not.toThrow();
    for (const rulesVersion of [6, 0]) {
      expect(() => requireMasked(arrived({ rulesVersion }), 7)).toThrow(
        expect.objectContaining({ code: 'withheld', message: expect.stringContaining('rules in force') }),
      );
    }
    expect(() => requireMasked(arrived({ withheld: 'over_budget' }), 7)).toThrow(
      expect.objectContaining({ code: 'withheld', message: expect.stringContaining('over_budget') }),
    );
  });

  it('and the gateway finds is an entry of its own and an alarm, and not released where that can not be recorded', async () => {
    const { given, entries, seen } = rooms();
    const ready = await bothEnds(given, { server: 'bank' }, arrived({ findings: [pan] }), {
      raw,
      findings: [pan],
    });
    expect(entries.map(({ kind }) => kind)).toEqual(['masking.missed']);
    expect(seen.missed).toBe(1);
    expect(ready.findings).toHaveLength(2);
    await expect(
      bothEnds(rooms(true).given, { server: 'bank' }, arrived(), { raw, findings: [pan] }),
    ).rejects.toMatchObject({
      code: 'log_unavailable',
    });
  });

  it('and the gateway does not find is no alarm', async () => {
    const { given, entries } = rooms();
    await bothEnds(given, { server: 'bank' }, arrived({ findings: [pan] }), { raw, findings: [] });
    expect(entries).toEqual([]);
  });
});

describe('masking that fails', () => {
  it.each([
    ['throws', new Error('a detector failed')],
    ['refuses', new MaskingRefusal({ reason: 'over_budget', message: 'it took too long' })],
  ])('%s: the answer is withheld', (_how, thrown) => {
    const masking = {
      toClient: () => {
        throw thrown;
      },
    } as unknown as Parameters<typeof masked>[0]['masking'];
    let ending: unknown;
    try {
      ending = masked({ masking }, message, about);
    } catch (caught) {
      ending = caught;
    }
    expect(ending).toMatchObject({ code: 'withheld', reply: { data: { outcome: 'withheld' } } });
  });
});
