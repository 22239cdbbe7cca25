import type { EntryDraft } from '../../src/audit/index.ts';

/** The entries of a call as the corridor records them. */
export const intent = (call: string): EntryDraft => ({
  kind: 'call.intent',
  actor: { kind: 'service-account', name: 'robot', token: 'tok_1' },
  session: 'ses_1',
  call,
  server: 'everything',
  tool: 'echo',
  method: 'tools/call',
  request: { digest: 'a'.repeat(64), bytes: 120 },
  decision: { effect: 'allow', reasons: ['permitted'], policies: ['p'], policyVersion: 'b'.repeat(64) },
});

export const outcome = (call: string): EntryDraft => ({
  kind: 'call.outcome',
  session: 'ses_1',
  call,
  outcome: { transport: 'answered', rpc: 'result', tool: 'ok' },
  duration: 3,
});
