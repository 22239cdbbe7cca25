/** A JSON-RPC error answer of our own. `idLexeme` is put back exactly as the request had it; absent: null. */
export function errorAnswer(
  idLexeme: string | undefined,
  code: number,
  message: string,
  data?: Record<string, unknown>,
): Buffer {
  const error = JSON.stringify(data === undefined ? { code, message } : { code, message, data });
  return Buffer.from(`{"jsonrpc":"2.0","id":${idLexeme ?? 'null'},"error":${error}}`);
}

/** A JSON-RPC result of our own. */
export function resultAnswer(idLexeme: string, result: unknown): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${idLexeme},"result":${JSON.stringify(result)}}`);
}

/** A notification of our own. */
export function notification(method: string, params: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params }));
}
