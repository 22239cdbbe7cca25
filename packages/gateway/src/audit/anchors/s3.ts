import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AwsV4Signer } from 'aws4fetch';
import { AuditError } from '../errors.ts';
import { ANCHOR_ANSWER_MAX_MS } from '../limits.ts';
import { type OutboundAnswer, type OutboundSettings, send } from '../outbound/send.ts';
import type { StoredCheckpoint } from '../types.ts';
import type { Anchor, Anchored } from './types.ts';

export interface S3Settings {
  /** `https://s3.bank.example`; the bucket becomes the first part of the path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Before each object's name. */
  readonly prefix: string;
  readonly accessKeyFile: string;
  readonly secretKeyFile: string;
  /** Days that nobody, the account's owner included, can remove an object. */
  readonly retainDays: number;
}

/**
 * A bucket of an S3-compatible store with object lock: each checkpoint is an object that is locked in compliance mode
 * and never overwritten. A bucket without object lock is refused: what it holds can be removed.
 */
export class S3Anchor implements Anchor {
  readonly kind = 's3';
  readonly name: string;
  readonly #settings: S3Settings;
  readonly #outbound: OutboundSettings;
  readonly #now: () => number;

  constructor(name: string, settings: S3Settings, outbound: OutboundSettings, now: () => number) {
    this.name = name;
    this.#settings = settings;
    this.#outbound = outbound;
    this.#now = now;
  }

  async put({ note }: StoredCheckpoint, name: string): Promise<Anchored> {
    const { endpoint, bucket, prefix, retainDays } = this.#settings;
    const location = `${endpoint.replace(/\/+$/, '')}/${bucket}/${prefix}${name}`;
    const body = Buffer.from(note);
    const until = new Date(this.#now() + retainDays * 86_400_000).toISOString();
    const put = await this.#send('PUT', location, body, {
      'content-type': 'text/plain; charset=utf-8',
      'content-md5': createHash('md5').update(body).digest('base64'),
      'if-none-match': '*',
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': until,
    });
    if (put.status !== 200 && put.status !== 412) throw refused(location, put);
    // What the store has now must be what was put, and locked; also where it was there before.
    const there = await this.#send('GET', location);
    if (there.status !== 200) throw refused(location, there);
    if (!there.body.equals(body))
      throw new AuditError(
        'anchor_differs',
        `${location} holds another checkpoint than the one to be anchored.`,
      );
    if (there.headers['x-amz-object-lock-mode'] !== 'COMPLIANCE') {
      throw new AuditError(
        'anchor_unlocked',
        `${location} is not locked: the bucket ${bucket} must have object lock, and the key s3:GetObjectRetention.`,
      );
    }
    return { location };
  }

  async #send(
    method: 'GET' | 'PUT',
    url: string,
    body?: Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<OutboundAnswer> {
    const { region, accessKeyFile, secretKeyFile } = this.#settings;
    const signer = new AwsV4Signer({
      method,
      url,
      headers,
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
      accessKeyId: readFileSync(accessKeyFile, 'utf8').trim(),
      secretAccessKey: readFileSync(secretKeyFile, 'utf8').trim(),
      service: 's3',
      region,
      allHeaders: true,
    });
    const signed = await signer.sign();
    return await send(this.#outbound, {
      url: signed.url.href,
      method,
      headers: Object.fromEntries(signed.headers),
      body: body ?? new Uint8Array(0),
      maxMs: ANCHOR_ANSWER_MAX_MS,
    });
  }
}

function refused(location: string, { status, body }: OutboundAnswer): AuditError {
  const code = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(body.toString('utf8'))?.[1];
  return new AuditError(
    'anchor_refused',
    `${location}: the object store answered ${status}${code === undefined ? '' : ` (${code})`}.`,
  );
}
