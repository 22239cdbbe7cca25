import { readFileSync, statSync } from 'node:fs';
import { CREDENTIAL_MAX_BYTES } from '../limits.ts';
import { CredentialError } from './errors.ts';

/** A value of agent.yaml: written down, or a credential. */
type ValueSource =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'credential'; readonly reference: string; readonly format: string };

export interface Credentials {
  /**
   * The values of a mapping, ready to be presented. Read anew at each call, so that a rotated credential is taken
   * up at its next use. The result goes to the server and nowhere else: never log it, never keep it.
   *
   * @throws CredentialError with words that name the reference.
   */
  resolve(sources: Readonly<Record<string, ValueSource>>): Record<string, string>;
}

type Resolver = (rest: string) => string;

/** `readEnvironment` comes from config, which alone reads the environment. */
export function openCredentials(readEnvironment: (name: string) => string | undefined): Credentials {
  // The closed table of where a credential may come from.
  const resolvers: ReadonlyMap<string, Resolver> = new Map([
    ['env', (name: string) => fromEnvironment(readEnvironment, name)],
    ['file', fromFile],
  ]);

  const resolveOne = (source: ValueSource): string => {
    if (source.kind === 'literal') return source.text;
    const colon = source.reference.indexOf(':');
    const resolver = resolvers.get(source.reference.slice(0, colon));
    if (resolver === undefined) {
      throw new CredentialError('credential_malformed', `no way to read the credential ${source.reference}`);
    }
    const secret = resolver(source.reference.slice(colon + 1));
    if (/[\r\n\0]/.test(secret)) {
      throw new CredentialError('credential_malformed', `the credential ${source.reference} is not one line`);
    }
    // A function as replacement: `$&` in a credential must stay what it is.
    return source.format.replaceAll('{}', () => secret);
  };

  return {
    resolve: (sources) => {
      const values: Record<string, string> = {};
      for (const [name, source] of Object.entries(sources)) values[name] = resolveOne(source);
      return values;
    },
  };
}

function fromEnvironment(readEnvironment: (name: string) => string | undefined, name: string): string {
  const value = readEnvironment(name);
  if (value === undefined || value === '') {
    throw new CredentialError(
      'credential_missing',
      `the environment variable ${name} is not set for the agent; set it and start the agent again`,
    );
  }
  return value;
}

function fromFile(path: string): string {
  try {
    if (statSync(path).size > CREDENTIAL_MAX_BYTES) {
      throw new CredentialError('credential_malformed', `the credential file ${path} is too large`);
    }
    const text = readFileSync(path, 'utf8').trimEnd();
    if (text === '') throw new CredentialError('credential_missing', `the credential file ${path} is empty`);
    return text;
  } catch (cause) {
    if (cause instanceof CredentialError) throw cause;
    // Node's error codes are words of the operating system (ENOENT, EACCES), never content.
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new CredentialError(
      'credential_unreadable',
      `the credential file ${path} can't be read (${code})`,
      {
        cause,
      },
    );
  }
}
