import { setTimeout as sleep } from 'node:timers/promises';
import { StartError, wordsOf } from './errors.ts';
import { POLL_MS, REQUEST_TIMEOUT_MS } from './limits.ts';

/** The gateway's API with one token (DESIGN.md §10). Bodies are checked only where we use them. */
export class GatewayApi {
  readonly #base: string;
  readonly #token: string;

  constructor(base: string, token: string) {
    this.#base = base;
    this.#token = token;
  }

  get(path: string): Promise<Record<string, unknown>> {
    return this.#ask('GET', path);
  }

  post(path: string, body: unknown): Promise<Record<string, unknown>> {
    return this.#ask('POST', path, body);
  }

  /** Deletes; something that is not there is as good. */
  async remove(path: string): Promise<void> {
    const response = await this.#send('DELETE', path);
    if (!response.ok && response.status !== 404) {
      throw new StartError(
        'refused',
        `The gateway's API answered ${response.status} to DELETE /api/v1${path}:\n${problemIn(await response.text())}`,
      );
    }
    await response.body?.cancel();
  }

  /** Whether the token is taken; false for 401. @throws StartError for anything else that is wrong. */
  async works(): Promise<boolean> {
    const response = await this.#send('GET', '/me');
    await response.body?.cancel();
    if (response.ok || response.status === 403) return true;
    if (response.status === 401) return false;
    throw new StartError('refused', `The gateway's API answered ${response.status} to GET /api/v1/me.`);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await this.#send(method, path, body);
    const text = await response.text();
    if (!response.ok) {
      throw new StartError(
        'refused',
        `The gateway's API answered ${response.status} to ${method} /api/v1${path}:\n${problemIn(text)}`,
      );
    }
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) {
      throw new StartError(
        'refused',
        `The gateway's API answered ${method} /api/v1${path} with something that is no object.`,
      );
    }
    return value as Record<string, unknown>; // An object's keys are strings.
  }

  async #send(method: string, path: string, body?: unknown): Promise<Response> {
    try {
      return await fetch(`${this.#base}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch (cause) {
      throw new StartError(
        'refused',
        `The gateway at ${this.#base} did not answer ${method} /api/v1${path}: ${reasonOf(cause)}`,
        { cause },
      );
    }
  }
}

/** Waits until `url` answers 200. Ends only by that or by the caller's own limit. */
export async function untilAnswers(url: string, stop: AbortSignal): Promise<void> {
  while (!(await answers(url))) await sleep(POLL_MS, undefined, { signal: stop });
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : wordsOf(error);
}

/** The words of a problem document (RFC 9457), with each of its problems. */
function problemIn(text: string): string {
  try {
    const body = JSON.parse(text) as { detail?: unknown; problems?: unknown }; // Read defensively below.
    const problems = Array.isArray(body.problems) ? body.problems : [];
    const lines = problems.map(
      (each: Record<string, unknown>) =>
        `  ${each.place ?? each.name ?? ''} ${each.path ?? ''}: ${each.message ?? ''}`,
    );
    return [typeof body.detail === 'string' ? body.detail : text, ...lines].join('\n');
  } catch {
    return text.slice(0, 2_000);
  }
}
