import { lookup } from 'node:dns/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { AuditError } from '../errors.ts';
import { OUTBOUND_ANSWER_MAX_BYTES } from '../limits.ts';
import { isLoopback, isPublic } from './addresses.ts';

/** Where the audit room may reach out to, beside the public Internet over HTTPS. */
export interface OutboundSettings {
  /** `host:port` of what may stand in a private network; on loopback also without TLS. */
  readonly privateHosts: readonly string[];
  /** Authorities in PEM that are believed beside the well-known ones. */
  readonly ca?: string;
}

export interface OutboundRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** For the whole exchange. */
  readonly maxMs: number;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/**
 * Sends one request to an address of the operator's settings. A name that leads into a private network is refused
 * unless the settings allow that very host; the address that was checked is the one that is dialled, so a second
 * answer of the name service changes nothing. Redirects are not followed; the answer and the time are bounded.
 *
 * @throws AuditError `outbound_refused`, and Error for what the network does.
 */
export async function send(settings: OutboundSettings, request: OutboundRequest): Promise<OutboundAnswer> {
  const url = new URL(request.url);
  const address = await addressFor(settings, url);
  const answer = Promise.withResolvers<OutboundAnswer>();
  const begin = url.protocol === 'https:' ? requestHttps : requestHttp;
  const outgoing = begin(
    url,
    {
      method: request.method,
      headers: { ...request.headers, 'content-length': request.body.byteLength },
      agent: false,
      lookup: pinnedTo(address),
      signal: AbortSignal.timeout(request.maxMs),
      // Given alone, it would take the place of the well-known ones.
      ...(settings.ca === undefined ? {} : { ca: [...rootCertificates, settings.ca] }),
    },
    (incoming) => readAnswer(incoming).then(answer.resolve, answer.reject),
  );
  outgoing.on('error', answer.reject);
  outgoing.end(request.body);
  return await answer.promise;
}

/** The address to dial. Every address of the name must be allowed: else the next try could take another. */
async function addressFor(settings: OutboundSettings, url: URL): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses =
    isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
  const [first] = addresses;
  if (first === undefined) throw refused(url, 'its name has no address');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const allowed = settings.privateHosts.includes(`${host}:${port}`);
  if (!allowed && !addresses.every(isPublic)) {
    throw refused(
      url,
      `it leads into a private network. Where that is meant, list ${host}:${port} in outboundPrivateHosts`,
    );
  }
  if (url.protocol !== 'https:' && !(allowed && addresses.every(isLoopback))) {
    throw refused(url, 'it is not https, and only an allowed host on this machine may go without');
  }
  return first;
}

function pinnedTo(address: string): LookupFunction {
  const family = isIP(address);
  return (_host, { all }, done) => {
    if (all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

async function readAnswer(incoming: IncomingMessage): Promise<OutboundAnswer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming) {
    const chunk: Buffer = part; // without an encoding a stream gives buffers
    bytes += chunk.length;
    if (bytes > OUTBOUND_ANSWER_MAX_BYTES) {
      incoming.destroy();
      throw new Error(`the answer has more than ${OUTBOUND_ANSWER_MAX_BYTES} bytes`);
    }
    parts.push(chunk);
  }
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(parts) };
}

function refused(url: URL, why: string): AuditError {
  return new AuditError('outbound_refused', `${url.origin} is not reached: ${why}.`);
}
