import { type Message, readMessage } from '@sallyport/shared/jsonrpc';
import { type Finding, restoreTokens } from '@sallyport/shared/masking';
import { named, type RuleSet, serverMasking } from '@sallyport/shared/masking-rules';
import type { GivenScope } from './scopes.ts';
import type { Vault } from './vault.ts';

/** What may be given to the server, or why not. */
export type Outward =
  | { readonly payload: Buffer; readonly restored: readonly Finding[] }
  | { readonly error: 'token_unknown' | 'token_not_allowed'; readonly detail: string };

/** What a token looks like anywhere: in a header too. */
const TOKEN = /\[[A-Z][A-Z0-9_]{0,39}:t:[A-Za-z]{8,64}\]/;
const MARK = Buffer.from(':t:');

/**
 * Turns tokens in the arguments of a call back into their values, where the rules let this server have them.
 *
 * Nothing that looks like a token passes through otherwise: a server would take it for a value, and a value that is
 * not known any more can't be had.
 */
export function outward(
  given: {
    payload: Buffer;
    message: Message;
    headers: Readonly<Record<string, string>>;
    scope: GivenScope | undefined;
  },
  set: RuleSet,
  vault: Vault,
): Outward {
  const { payload, message, headers, scope } = given;
  const inHeader = Object.values(headers).some((value) => TOKEN.test(decoded(value)));
  if (!inHeader && payload.indexOf(MARK) < 0) return { payload, restored: [] };
  if (!inHeader && !TOKEN.test(payload.toString('latin1'))) return { payload, restored: [] };
  if (inHeader) return notAllowed('a token in a header can not be turned back');
  const masking = serverMasking(set, scope?.server ?? '');
  const { restore } = masking;
  const allowed =
    message.method === 'tools/call' &&
    scope !== undefined &&
    restore !== undefined &&
    named(restore.tools, scope.tool) &&
    (restore.groups.length === 0 || restore.groups.some((group) => scope.groups.includes(group)));
  if (!allowed) return notAllowed('the rules let no token be turned back here');
  const tokenScope = masking.tokenScope ?? scope.server;
  let barred: string | undefined;
  const result = restoreTokens(
    payload,
    {
      tokenise: () => '',
      detokenise: (token, within) => {
        const kept = vault.find(token, within);
        if (kept === undefined) return undefined;
        if (restore.entities.length > 0 && !restore.entities.includes(kept.entity)) barred = kept.entity;
        return kept.value;
      },
    },
    tokenScope,
  );
  if (result.refused !== undefined) return { error: 'token_unknown', detail: result.refused.message };
  if (barred !== undefined) return notAllowed(`the rules let no token for ${barred} be turned back here`);
  const restored = [...result.counts].map(
    ([entity, count]): Finding => ({
      rule: 'restore',
      detector: 'token',
      entity,
      carrier: 'arguments',
      count,
    }),
  );
  const whole = result.restored;
  return {
    payload: Buffer.isBuffer(whole) ? whole : Buffer.from(whole.buffer, whole.byteOffset, whole.length),
    restored,
  };
}

function notAllowed(detail: string): Outward {
  return { error: 'token_not_allowed', detail };
}

/** A header's value as the server reads it (2026-07-28: `=?base64?…?=`). */
function decoded(value: string): string {
  const encoded = /^=\?base64\?(.*)\?=$/.exec(value)?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString('utf8');
}

/** The message, or undefined where it is none: then nothing of it can be told. */
export function read(payload: Buffer): Message | undefined {
  try {
    return readMessage(payload);
  } catch {
    return undefined;
  }
}
