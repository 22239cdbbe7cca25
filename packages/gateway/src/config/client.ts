import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** Where the API is and with which token to speak to it. */
export interface ClientSettings {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string;
  /** Where it was found, for messages. */
  readonly foundIn: string;
}

/** The client's settings are missing or wrong; the message says which and what to do. */
export class ClientSettingsError extends Error {
  override readonly name = 'ClientSettingsError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the gateway for a command: `SALLYPORT_URL` and `SALLYPORT_TOKEN`, or the quick start's file
 * (`<SALLYPORT_DATA_DIR or .sallyport>/quickstart.json`) in the current folder or one above it, or above the folder
 * where `pnpm gateway …` was called (pnpm runs scripts in the workspace's root and keeps that folder in INIT_CWD).
 *
 * A token from the environment goes to a gateway from a file only where that is on this machine: the file is found
 * by searching, and may lie in a folder that somebody else has written.
 *
 * @throws ClientSettingsError when neither is there.
 */
export function findGateway(
  environment: Environment = process.env,
  folder: string = process.cwd(),
): ClientSettings {
  const { SALLYPORT_URL: url, SALLYPORT_TOKEN: token } = environment;
  if (url && token)
    return { url: trimSlash(readUrl(url)), token, foundIn: 'SALLYPORT_URL and SALLYPORT_TOKEN' };
  const file = findQuickstartFile(environment, folder);
  if (file === undefined) {
    if (url)
      throw new ClientSettingsError('SALLYPORT_URL is set and SALLYPORT_TOKEN is not. Set it to a token.');
    throw new ClientSettingsError(
      'no gateway found: set SALLYPORT_URL and SALLYPORT_TOKEN, or run this where the quick start runs ' +
        '(.sallyport/quickstart.json is looked for here and in the folders above).',
    );
  }
  const quickstart = readQuickstart(file);
  if (url && new URL(readUrl(url)).origin !== new URL(quickstart.url).origin) {
    throw new ClientSettingsError('SALLYPORT_URL is set and SALLYPORT_TOKEN is not. Set it to a token.');
  }
  if (!token) return quickstart;
  if (!isLoopback(quickstart.url)) {
    throw new ClientSettingsError(
      `SALLYPORT_TOKEN is set and SALLYPORT_URL is not; it is not sent to ${quickstart.url} from ${file}. Set SALLYPORT_URL.`,
    );
  }
  return { ...quickstart, token, foundIn: `SALLYPORT_TOKEN and ${file}` };
}

/** The folders in which a relative path of a command line may be meant, the likeliest first. */
export function startFolders(
  environment: Environment = process.env,
  folder: string = process.cwd(),
): string[] {
  const { INIT_CWD } = environment;
  return INIT_CWD && INIT_CWD !== folder ? [folder, INIT_CWD] : [folder];
}

/** Whether a URL's host is this machine itself. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function findQuickstartFile(environment: Environment, folder: string): string | undefined {
  const dataDir = environment.SALLYPORT_DATA_DIR || '.sallyport';
  if (isAbsolute(dataDir)) {
    const file = join(dataDir, 'quickstart.json');
    return existsSync(file) ? file : undefined;
  }
  for (const start of startFolders(environment, folder)) {
    for (let at = resolve(start); ; at = dirname(at)) {
      const file = join(at, dataDir, 'quickstart.json');
      if (existsSync(file)) return file;
      if (at === dirname(at)) break;
    }
  }
  return undefined;
}

function readQuickstart(file: string): ClientSettings {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ClientSettingsError(
      `${file} cannot be read (${cause instanceof Error ? cause.message : String(cause)}). Start the quick start again, or set SALLYPORT_URL and SALLYPORT_TOKEN.`,
    );
  }
  const gateway = member(content, 'gateway');
  const admin = member(member(content, 'tokens'), 'admin');
  if (typeof gateway !== 'string' || typeof admin !== 'string') {
    throw new ClientSettingsError(
      `${file} has no "gateway" and "tokens.admin". Start the quick start again, or set SALLYPORT_URL and SALLYPORT_TOKEN.`,
    );
  }
  return { url: trimSlash(readUrl(gateway)), token: admin, foundIn: file };
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return text;
  throw new ClientSettingsError(
    `"${text}" is not a gateway's URL. It looks like https://gateway.example.com`,
  );
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
