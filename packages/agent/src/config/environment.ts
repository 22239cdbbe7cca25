/** The only file of the agent that reads the environment. */

// What a program needs to run at all. Everything else of the agent's own environment stays with the agent:
// it may hold credentials of other servers.
const BASE = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'] as const;

/** A variable of the agent's environment, for credentials of the form "env:NAME". */
export function readEnvironment(name: string): string | undefined {
  return process.env[name];
}

/** The minimal environment every stdio server starts from. */
export function baseEnvironment(): Record<string, string> {
  const base: Record<string, string> = {};
  for (const name of BASE) {
    const value = process.env[name];
    if (value !== undefined) base[name] = value;
  }
  return base;
}

/** Whether a parent process supervises this one and expects it to end with the parent. */
export function isSupervised(): boolean {
  return process.env.SALLYPORT_SUPERVISED === '1';
}

/** Level of the log where the command line names none. */
export function logLevelOfEnvironment(): string | undefined {
  return process.env.SALLYPORT_LOG_LEVEL;
}

/** Folders in which a command without a slash is looked for. */
export function searchPath(): readonly string[] {
  return (process.env.PATH ?? '').split(':').filter((folder) => folder !== '');
}
