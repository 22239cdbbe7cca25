import { errorText } from '@sallyport/shared/errors';
import { SCHEMAS_REMEMBERED_MAX } from './limits.ts';
import { type ArgumentSchema, compileSchema } from './schema.ts';
import { TimeOver } from './timed.ts';

const TOO_LONG = 'its schema takes too long to compile';

/** What stands against a call. `unusable`: the tool's schema itself, so that no arguments would do. */
export interface ArgumentProblem {
  readonly unusable: boolean;
  /** In words, without any value. */
  readonly words: string;
}

/** Arguments as a call has them. */
export interface GivenArguments {
  readonly value: unknown;
  readonly sizeBytes: number;
}

/** Checks arguments against the pinned definitions; compiled schemas are remembered, the least used forgotten. */
export class ArgumentChecks {
  readonly #load: (digest: string) => Promise<string | undefined>;
  readonly #compiled = new Map<string, ArgumentSchema | ArgumentProblem>();

  /** @param load a definition in canonical form by its digest */
  constructor(load: (digest: string) => Promise<string | undefined>) {
    this.#load = load;
  }

  /** Undefined where nothing stands against it. @throws what loading throws */
  async check(digest: string, given: () => GivenArguments): Promise<ArgumentProblem | undefined> {
    const schema = this.#remembered(digest) ?? (await this.#compile(digest));
    if ('unusable' in schema) return schema;
    const { value, sizeBytes } = given();
    const words = schema.check(value, sizeBytes);
    return words === undefined ? undefined : { unusable: false, words };
  }

  #remembered(digest: string): ArgumentSchema | ArgumentProblem | undefined {
    const known = this.#compiled.get(digest);
    if (known === undefined) return undefined;
    // A Map keeps the order of insertion: the first is the one that was not used for longest.
    this.#compiled.delete(digest);
    this.#compiled.set(digest, known);
    return known;
  }

  async #compile(digest: string): Promise<ArgumentSchema | ArgumentProblem> {
    const definition = await this.#load(digest);
    if (definition === undefined) throw new Error('the pinned definition is not in the database');
    const made = await compileSchema(definition).catch((thrown: unknown): ArgumentProblem => {
      const words = thrown instanceof TimeOver ? TOO_LONG : errorText(thrown).slice(0, 300);
      return { unusable: true, words };
    });
    // A moment of load is no fault of the schema's: it is tried again at the next call.
    if (!('unusable' in made) || made.words !== TOO_LONG) this.#compiled.set(digest, made);
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size > SCHEMAS_REMEMBERED_MAX && oldest !== undefined) this.#compiled.delete(oldest);
    return made;
  }
}
