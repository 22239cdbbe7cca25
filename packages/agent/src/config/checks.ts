/**
 * Small readers of one value each. They collect problems instead of throwing, so that one run tells all that is
 * wrong, and each problem begins with the key it is about.
 */
export class Checks {
  readonly problems: string[] = [];

  problem(path: string, text: string): void {
    this.problems.push(path === '' ? text : `${path}: ${text}`);
  }

  /** A mapping whose keys are all known; undefined (and a problem) where it is not. */
  mapping(
    path: string,
    value: unknown,
    known: readonly string[] | 'any',
  ): Record<string, unknown> | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problem(path, `must be a mapping, but is ${kindOf(value)}`);
      return undefined;
    }
    if (known !== 'any') {
      for (const key of Object.keys(value)) {
        if (!known.includes(key)) {
          this.problem(join(path, key), `is not a known key; known here: ${known.join(', ')}`);
        }
      }
    }
    // An object that is not an array has string keys.
    return value as Record<string, unknown>;
  }

  text(path: string, value: unknown, why: string): string | undefined {
    if (typeof value === 'string' && value !== '') return value;
    this.problem(
      path,
      value === undefined ? `is missing; ${why}` : `must be a text, but is ${kindOf(value)}`,
    );
    return undefined;
  }

  texts(path: string, value: unknown): string[] | undefined {
    if (!Array.isArray(value)) {
      this.problem(path, `must be a list of texts, but is ${kindOf(value)}`);
      return undefined;
    }
    const texts: string[] = [];
    for (const [index, item] of value.entries()) {
      if (typeof item === 'string') texts.push(item);
      else if (typeof item === 'number') texts.push(String(item));
      else this.problem(`${path}[${index}]`, `must be a text, but is ${kindOf(item)}`);
    }
    return texts;
  }

  count(path: string, value: unknown, fallback: number, max: number): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value;
    this.problem(path, `must be a whole number from 1 to ${max}`);
    return fallback;
  }
}

export function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (value === '') return 'an empty text';
  if (typeof value === 'object') return 'a mapping';
  return `a ${typeof value}`;
}
