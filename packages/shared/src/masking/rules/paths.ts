import { MaskingError } from '../errors.ts';

/** One step of a path: a member by name, any child, or any descendant before the next step. */
type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'item'; readonly index: number }
  | { readonly kind: 'any' }
  | { readonly kind: 'deep' };

interface Position {
  readonly path: number;
  readonly step: number;
}

/** Where in a document the paths of a plan have got to. `rule` is set where a path ends here. */
export interface PathState {
  readonly positions: readonly Position[];
  readonly rule: number;
}

/**
 * JSON paths of customer rules: `$`, `.name`, `['name']`, `[0]`, `[*]`, `.*`, `..name` (RFC 9535's normalised forms and
 * wildcards, without filters: a filter could read one value to decide about another).
 */
export class PathSet {
  readonly #paths: { readonly steps: readonly Step[]; readonly rule: number }[] = [];
  #start: PathState | null = null;

  /** @throws MaskingError path_malformed */
  add(ruleName: string, path: string, rule: number): void {
    this.#paths.push({ steps: parse(ruleName, path), rule });
    const positions = this.#paths.map((_, i) => ({ path: i, step: 0 }));
    this.#start = this.#state(positions);
  }

  /** The state at a document's root; null where there are no paths. */
  start(): PathState | null {
    return this.#start;
  }

  member(state: PathState, name: string): PathState | null {
    return this.#advance(
      state,
      (step) => step.kind === 'any' || (step.kind === 'member' && step.name === name),
    );
  }

  item(state: PathState, index: number): PathState | null {
    return this.#advance(
      state,
      (step) => step.kind === 'any' || (step.kind === 'item' && step.index === index),
    );
  }

  #advance(state: PathState, takes: (step: Step) => boolean): PathState | null {
    const next: Position[] = [];
    for (const { path, step } of state.positions) {
      const steps = this.#paths[path]?.steps ?? [];
      let here = steps[step];
      let at = step;
      if (here?.kind === 'deep') {
        next.push({ path, step });
        at += 1;
        here = steps[at];
      }
      if (here !== undefined && takes(here)) next.push({ path, step: at + 1 });
    }
    return next.length === 0 ? null : this.#state(next);
  }

  #state(positions: readonly Position[]): PathState {
    let rule = -1;
    for (const { path, step } of positions) {
      const one = this.#paths[path];
      if (one !== undefined && step === one.steps.length && (rule < 0 || one.rule < rule)) rule = one.rule;
    }
    return { positions, rule };
  }
}

const STEP =
  /^(?:\.\.(?=[A-Za-z_[*'])|\.(?=[A-Za-z_*])|(?=\[))(?:([A-Za-z_][\w-]*)|(\*)|\[(?:'([^']*)'|"([^"]*)"|(\d+)|(\*))\])/;

function parse(rule: string, path: string): Step[] {
  const malformed = (why: string): MaskingError =>
    new MaskingError(
      'path_malformed',
      `rule "${rule}": the path "${path}" ${why}; write like $.customer.name or $..iban`,
    );
  if (!path.startsWith('$') || path.length < 2) throw malformed('must begin with $ and name a member');
  const steps: Step[] = [];
  let rest = path.slice(1);
  while (rest !== '') {
    const match = STEP.exec(rest);
    if (match === null) throw malformed(`can't be read at "${rest}"`);
    if (rest.startsWith('..')) steps.push({ kind: 'deep' });
    const name = match[1] ?? match[3] ?? match[4];
    if (name !== undefined) steps.push({ kind: 'member', name });
    else if (match[5] !== undefined) steps.push({ kind: 'item', index: Number(match[5]) });
    else steps.push({ kind: 'any' });
    rest = rest.slice(match[0].length);
  }
  if (steps.every((step) => step.kind === 'any' || step.kind === 'deep'))
    throw malformed('names no member and would mask everything');
  return steps;
}
