import type { ExchangeEnd } from './types.ts';

/** The end of an exchange whose message had left, or may have, when its channel or its time ended. */
export function lost(error: string, detail: string): ExchangeEnd {
  return { delivery: 'unknown', error, detail, httpStatus: 0, errorBody: undefined };
}

/** The wire's bytes arrive as Buffers already; the generated type only says Uint8Array or text. */
export function asBuffer(bytes: Buffer | Uint8Array | string): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : Buffer.from(bytes);
}
