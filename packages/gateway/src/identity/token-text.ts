import { hash, randomBytes } from 'node:crypto';
import { newId } from '@sallyport/shared/ids';

const SECRET_BYTES = 32;
const FORM = /^sp_([0-9A-HJKMNP-TV-Z]{20})_([A-Za-z0-9_-]{43})$/;

/** A new token: `sp_<id>_<secret>`. The id finds it, the secret proves it; only the secret's hash is kept. */
export function makeToken(): { id: string; token: string; secretHash: Buffer } {
  const id = newId('tok');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, token: `sp_${id.slice('tok_'.length)}_${secret}`, secretHash: hashSecret(secret) };
}

/** The parts of a token's text; undefined where it has not the form of one. */
export function readToken(text: string): { id: string; secretHash: Buffer } | undefined {
  const match = FORM.exec(text);
  if (match === null || match[1] === undefined || match[2] === undefined) return undefined;
  return { id: `tok_${match[1]}`, secretHash: hashSecret(match[2]) };
}

/** One fast hash is enough: the secret has 256 random bits, there is nothing to guess. */
function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
