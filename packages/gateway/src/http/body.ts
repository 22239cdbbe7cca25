import type { IncomingMessage } from 'node:http';

/**
 * The whole body, or undefined where it is larger than `maxBytes`. Nothing beyond the bound is kept; a declared
 * length beyond it is refused before a byte is read.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > maxBytes) {
        request.removeAllListeners('data');
        resolve(undefined);
        return;
      }
      parts.push(part);
    });
    request.on('end', () =>
      resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, bytes)),
    );
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Error('the client went away while it sent its request'));
    });
  });
}
