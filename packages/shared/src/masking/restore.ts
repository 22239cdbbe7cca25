import { isUtf8 } from 'node:buffer';
import { utf8 } from './bytes.ts';
import { Edits, EMPTY, escaped } from './edits.ts';
import { Refused } from './errors.ts';
import { refusalOf } from './mask-message.ts';
import { checkSyntax } from './syntax.ts';
import type { Refusal, TokenVault } from './types.ts';

/** What came of turning tokens back. */
export interface RestoreResult {
  /** The same object where the message holds no token. Empty when refused. */
  readonly restored: Uint8Array;
  /** Tokens turned back, by entity. */
  readonly counts: ReadonlyMap<string, number>;
  readonly refused?: Refusal;
}

/** `[PAN:t:abcdefgh]`: what the engine writes for a token. */
const TOKEN = /\[([A-Z][A-Z0-9_]{0,39}):t:([A-Za-z]{8,64})\]/g;
const MARK = utf8(':t:');

/**
 * Turns tokens in a message (the arguments of a call) back into their values.
 *
 * Whether this server may have them is the caller's decision. A token that the vault doesn't know, because its map was
 * lost or rotated, ends in `refused` token_unknown: it is never passed through (issue 5, Bad input).
 */
export function restoreTokens(raw: Uint8Array, vault: TokenVault, scope: string): RestoreResult {
  const counts = new Map<string, number>();
  if (Buffer.from(raw.buffer, raw.byteOffset, raw.length).indexOf(MARK) < 0) return { restored: raw, counts };
  try {
    if (!isUtf8(raw) || checkSyntax(raw, 0, raw.length, false) !== 'valid') {
      throw new Refused('malformed', 'the message is not a JSON-RPC message');
    }
    const edits = new Edits();
    // Latin-1 keeps byte offsets; a token is ASCII and holds nothing that JSON escapes.
    const text = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1');
    for (const match of text.matchAll(TOKEN)) {
      const [token = '', entity = '', id = ''] = match;
      const value = vault.detokenise(id, scope);
      if (value === undefined) {
        throw new Refused(
          'token_unknown',
          `a token for ${entity} is not known any more; ask for the record again`,
        );
      }
      edits.add(match.index, match.index + token.length, escaped(utf8(value)));
      counts.set(entity, (counts.get(entity) ?? 0) + 1);
    }
    return { restored: edits.count === 0 ? raw : edits.apply(raw, 0, raw.length), counts };
  } catch (thrown) {
    return { restored: EMPTY, counts: new Map(), refused: refusalOf(thrown) };
  }
}
