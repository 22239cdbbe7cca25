import { type ClientSettings, isLoopback } from '../config/client.ts';
import { PAGE_ITEMS, REQUEST_TIMEOUT_MS } from './limits.ts';

/** A command could not do what it should; the message is the one line its user sees. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** Status of the API's answer, where there was one. */
  readonly status: number | undefined;

  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** Speaks to the administration API. Answers are taken as the API's own schemas describe them. */
export interface ApiClient {
  readonly url: string;
  readonly foundIn: string;
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  delete<T>(path: string, query?: Query): Promise<T>;
  /** All items of a list, page by page. */
  all<T>(path: string, query?: Query): Promise<T[]>;
}

/**
 * Opens a client of the API. Refuses to send a token in the clear beyond this machine, and never follows a
 * redirect: the token would go along.
 *
 * @throws CliError
 */
export function openApiClient(settings: ClientSettings, options: { insecureHttp: boolean }): ApiClient {
  const { url, token, foundIn } = settings;
  if (url.startsWith('http:') && !isLoopback(url) && !options.insecureHttp) {
    throw new CliError(
      `refusing to send the token to ${url} without TLS. Use an https:// address, or --insecure-http if the network is safe.`,
    );
  }
  const call = async <T>(method: string, path: string, query: Query, body?: unknown): Promise<T> => {
    const target = `${url}/api/v1${path}${queryText(query)}`;
    const response = await send(target, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        'user-agent': 'sallyport-gateway-cli',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await readAnswer(response, url)) as T; // the API's response schemas say what it is
  };
  const get = <T>(path: string, query: Query = {}): Promise<T> => call<T>('GET', path, query);
  return {
    url,
    foundIn,
    get,
    post: (path, body) => call('POST', path, {}, body),
    patch: (path, body) => call('PATCH', path, {}, body),
    delete: (path, query = {}) => call('DELETE', path, query),
    all: async <T>(path: string, query: Query = {}): Promise<T[]> => {
      const items: T[] = [];
      let after: string | undefined;
      do {
        const page: { items: T[]; next?: string } = await get(path, { ...query, limit: PAGE_ITEMS, after });
        items.push(...page.items);
        after = page.next;
      } while (after !== undefined);
      return items;
    },
  };
}

/** One path segment. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}

async function send(target: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(target, init);
  } catch (cause) {
    throw new CliError(unreachable(new URL(target).origin, cause), { cause });
  }
}

function unreachable(origin: string, cause: unknown): string {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') {
    return `the gateway at ${origin} did not answer within ${REQUEST_TIMEOUT_MS / 1000} s. Is it overloaded, or something else on that port?`;
  }
  const inner = cause instanceof Error ? cause.cause : undefined;
  const code = typeof inner === 'object' && inner !== null && 'code' in inner ? String(inner.code) : '';
  switch (code) {
    case 'ECONNREFUSED':
      return `no gateway answers at ${origin}. Start it (sallyport-gateway serve, or pnpm start), or correct SALLYPORT_URL.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name in ${origin} cannot be resolved. Correct SALLYPORT_URL.`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the certificate of ${origin} is not trusted here (${code}). Point NODE_EXTRA_CA_CERTS at your authority's certificate.`;
    default:
      return `the gateway at ${origin} cannot be reached: ${innerText(cause)}${code === '' ? '' : ` (${code})`}.`;
  }
}

function innerText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}

async function readAnswer(response: Response, url: string): Promise<unknown> {
  const text = await response.text();
  const isJson = /^application\/(problem\+)?json\b/.test(response.headers.get('content-type') ?? '');
  if (!isJson) {
    throw new CliError(
      `${url} answered ${response.status} without JSON: this does not look like Sallyport's API. Correct SALLYPORT_URL.`,
      { status: response.status },
    );
  }
  const answer: unknown = JSON.parse(text);
  if (response.ok) return answer;
  throw new CliError(problemLine(answer, response.status), { status: response.status });
}

/** A problem document as one line, with the problems of single documents behind it, a line each. */
function problemLine(answer: unknown, status: number): string {
  if (typeof answer !== 'object' || answer === null) return `the gateway answered ${status}`;
  const detail = 'detail' in answer && typeof answer.detail === 'string' ? answer.detail : `status ${status}`;
  const problems = 'problems' in answer && Array.isArray(answer.problems) ? answer.problems : [];
  return [detail, ...problems.map(documentProblemLine)].join('\n  ');
}

/** One problem of a document: where, which, what. */
export function documentProblemLine(problem: {
  kind: string;
  name: string;
  place?: string;
  path: string;
  message: string;
}): string {
  const { kind, name, place, path, message } = problem;
  const document = [kind, name].filter((part) => part !== '').join('/');
  const where = [place, document, path].filter((part) => part !== undefined && part !== '').join(' ');
  return `${where}: ${message}`;
}

function queryText(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size === 0 ? '' : `?${search}`;
}
