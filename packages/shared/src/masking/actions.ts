import { createHmac } from 'node:crypto';
import { ALNUM, utf8 } from './bytes.ts';
import { Refused } from './errors.ts';
import type { CompiledRule } from './plan.ts';
import type { TokenVault } from './types.ts';

/** Entities whose separators don't matter: `4111 1111…` and `4111-1111…` are one value. */
const UNSEPARATED = new Set([
  'PAN',
  'SSN',
  'ITIN',
  'IBAN',
  'ROUTING_NUMBER',
  'ACCOUNT_NUMBER',
  'BIC',
  'PHONE',
  'PASSPORT',
  'DRIVING_LICENCE',
]);

/** The form of a value that equal values share: without separators, capitals, for numbers; as it is for others. */
export function canonicalValue(b: Uint8Array, from: number, to: number, entity: string): string {
  if (!UNSEPARATED.has(entity)) return new TextDecoder().decode(b.subarray(from, to));
  let out = '';
  for (let at = from; at < to; at += 1) {
    const byte = b[at] ?? 0;
    if ((ALNUM[byte] ?? 0) !== 0 || (byte === 0x2b && entity === 'PHONE')) out += String.fromCharCode(byte);
  }
  return out.toUpperCase();
}

/** What an allow-list compares: letters and digits only, small. */
export function comparable(value: string): string {
  return value.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}

/**
 * The text that takes a value's place. It holds none of the digits or words by which detectors find values, so that
 * masking the masked text again finds nothing.
 */
export function replacement(
  rule: CompiledRule,
  entity: string,
  b: Uint8Array,
  from: number,
  to: number,
): Uint8Array {
  switch (rule.action.kind) {
    case 'redact':
    case 'drop':
      return rule.redacted(entity);
    case 'partial':
      return partial(rule, entity, canonicalValue(b, from, to, entity), rule.action.keep);
    case 'hash':
      return utf8(`[${entity}:h:${letters(keyedHash(rule, canonicalValue(b, from, to, entity)))}]`);
    case 'token':
      return tokenised(rule.vault, rule, entity, canonicalValue(b, from, to, entity));
    case 'refuse':
      throw new Refused(
        'rule_refuses',
        `the answer holds ${entity}, and the rule "${rule.name}" refuses it`,
        rule.name,
      );
  }
}

function keyedHash(rule: CompiledRule, value: string): Uint8Array {
  return createHmac('sha256', rule.hashKey ?? '')
    .update(`${rule.scope}\0${value}`)
    .digest()
    .subarray(0, 12);
}

/** Bytes as letters a–p: a hash in figures could read as an account number. */
function letters(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += String.fromCharCode(0x61 + (byte >> 4), 0x61 + (byte & 15));
  return out;
}

function tokenised(
  vault: TokenVault | undefined,
  rule: CompiledRule,
  entity: string,
  value: string,
): Uint8Array {
  const token = vault?.tokenise(value, entity, rule.scope) ?? '';
  if (!/^[A-Za-z]{8,64}$/.test(token)) {
    throw new Refused('detector_failed', 'the token vault gave no token of 8 to 64 letters', rule.name);
  }
  return utf8(`[${entity}:t:${token}]`);
}

/**
 * BIN and last four of a card (PCI DSS 3.4.1 lets both be shown), else the last four. Values too short to keep four
 * characters secret are redacted whole. Digits beside `*` are never read as a number (scan.ts).
 */
function partial(rule: CompiledRule, entity: string, value: string, keep: 'bin-last4' | 'last4'): Uint8Array {
  const hidden = keep === 'bin-last4' ? value.length - 10 : value.length - 4;
  if (hidden < 4 || !/^[\x20-\x7e]*$/.test(value) || /["\\]/.test(value)) return rule.redacted(entity);
  const head = keep === 'bin-last4' ? value.slice(0, 6) : '';
  const text = `${head}${'*'.repeat(Math.min(hidden, 12))}${value.slice(-4)}`;
  return utf8(UNSEPARATED.has(entity) ? text : `[${entity}:${text}]`);
}
