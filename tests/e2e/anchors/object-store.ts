import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stored {
  readonly body: Buffer;
  readonly lock: string | undefined;
  readonly until: string | undefined;
}

/** An S3-compatible store with one bucket: signatures (Signature Version 4) are checked, locked objects stay. */
export class ObjectStore {
  readonly objects = new Map<string, Stored>();
  readonly accessKey = 'sallyport-test';
  readonly secretKey = 'of-the-test-alone';
  /** Whether the bucket has object lock. */
  locks = true;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<ObjectStore> {
    const store = new ObjectStore();
    await new Promise<void>((resolve) => store.#server.listen(0, '127.0.0.1', resolve));
    return store;
  }

  get port(): number {
    // Cast: it listens on a port.
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const refuse = (status: number, code: string): void => {
      response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
    };
    if (!this.#isSigned(request, body)) return refuse(403, 'SignatureDoesNotMatch');
    const name = request.url ?? '';
    const there = this.objects.get(name);
    if (request.method === 'GET') {
      if (there === undefined) return refuse(404, 'NoSuchKey');
      response.writeHead(200, there.lock === undefined ? {} : { 'x-amz-object-lock-mode': there.lock });
      response.end(there.body);
      return;
    }
    const md5 = createHash('md5').update(body).digest('base64');
    if (request.headers['content-md5'] !== md5) return refuse(400, 'BadDigest');
    if (there !== undefined && request.headers['if-none-match'] === '*')
      return refuse(412, 'PreconditionFailed');
    const lock = this.locks ? String(request.headers['x-amz-object-lock-mode']) : undefined;
    const until = this.locks ? String(request.headers['x-amz-object-lock-retain-until-date']) : undefined;
    this.objects.set(name, { body, lock, until });
    response.writeHead(200).end();
  }

  #isSigned(request: IncomingMessage, body: Buffer): boolean {
    const match =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
        request.headers.authorization ?? '',
      );
    if (match === null) return false;
    const [, accessKey, day = '', region = '', signedHeaders = '', signature = ''] = match;
    const digest = String(request.headers['x-amz-content-sha256']);
    const actual = createHash('sha256').update(body).digest('hex');
    if (accessKey !== this.accessKey || (digest !== actual && digest !== 'UNSIGNED-PAYLOAD')) return false;
    const headers = signedHeaders.split(';');
    // What makes the object stay must be signed, or somebody on the way could take it off.
    if (request.method === 'PUT' && !headers.includes('x-amz-object-lock-mode')) return false;
    const canonical = [
      request.method,
      request.url,
      '',
      ...headers.map((name) => `${name}:${String(request.headers[name]).trim()}`),
      '',
      signedHeaders,
      digest,
    ].join('\n');
    const scope = `${day}/${region}/s3/aws4_request`;
    const toSign = `AWS4-HMAC-SHA256\n${request.headers['x-amz-date']}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
    const key = [day, region, 's3', 'aws4_request'].reduce<Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${this.secretKey}`),
    );
    const expected = createHmac('sha256', key).update(toSign).digest();
    return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
  }
}
