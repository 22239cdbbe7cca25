import { createRequire } from 'node:module';
import type * as PgQuery from 'libpg-query';
import { SQL_MAX_CHARACTERS } from '../limits.ts';
import { isShallow, isSurelyShallow } from './depth.ts';
import { type Fields, fieldsOf, listOf } from './tree.ts';

type Module = typeof PgQuery;

const require = createRequire(import.meta.url);

/**
 * Postgres 18's own parser, as WASM. A trap or the end of the stack inside it leaves an instance broken for ever, so the
 * nesting of texts is bounded before it (depth.ts), and after one of these a new instance is loaded; until it is there,
 * no text can be read.
 */
export class SqlGrammar {
  #module: Module | undefined;

  static async load(): Promise<SqlGrammar> {
    const grammar = new SqlGrammar();
    grammar.#module = await instantiate();
    return grammar;
  }

  /** The statements of a text as the grammar's tree, or undefined where it can't be read. */
  parse(text: string): readonly Fields[] | undefined {
    const module = this.#module;
    // The parser takes a C string and would stop at a NUL; half of a surrogate pair would become another character.
    if (
      module === undefined ||
      text.length > SQL_MAX_CHARACTERS ||
      text.includes('\0') ||
      !text.isWellFormed()
    ) {
      return undefined;
    }
    if (/^[ \t\n\r\f\v]*$/.test(text)) return [];
    try {
      if (!isSurelyShallow(text) && !isShallow(module.scanSync(text).tokens)) return undefined;
      return listOf(fieldsOf(module.parseSync(text)).stmts).map(fieldsOf);
    } catch (thrown) {
      const refused = thrown instanceof Error && (thrown.name === 'SqlError' || !isFatal(thrown));
      if (!refused) this.#reload();
      return undefined;
    }
  }

  #reload(): void {
    this.#module = undefined;
    instantiate().then(
      (module) => {
        this.#module = module;
      },
      () => {
        // Stays unloaded: every text keeps the highest risk.
      },
    );
  }
}

function isFatal(thrown: Error): boolean {
  return thrown instanceof RangeError || thrown.name === 'RuntimeError' || thrown.name === 'TypeError';
}

async function instantiate(): Promise<Module> {
  // The package keeps one instance per loaded module; a new one needs the module loaded anew.
  const path = require.resolve('libpg-query');
  delete require.cache[path];
  // `require` has no types of its own; these are the package's.
  const module = require(path) as Module;
  await module.loadModule();
  return module;
}
