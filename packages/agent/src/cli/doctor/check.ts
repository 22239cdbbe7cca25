/** One thing the doctor looked at. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, in plain words. */
  readonly found: string;
  /** What to do; empty where nothing has to be done. */
  readonly cure: string;
}

export function good(name: string, found: string): Check {
  return { name, ok: true, found, cure: '' };
}

export function bad(name: string, found: string, cure: string): Check {
  return { name, ok: false, found, cure };
}
