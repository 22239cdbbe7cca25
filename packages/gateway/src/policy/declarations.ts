import { REMEMBERED_MAX_ENTRIES } from './limits.ts';
import { Remembered } from './remembered.ts';
import { type DeclaredArgument, namesTool } from './risk/declared.ts';

/** What is declared of the arguments of a server's tools, by the server's name. */
export type DeclaredArguments = ReadonlyMap<string, readonly DeclaredArgument[]>;

/** The declarations in force, found by server and tool. */
export class Declarations {
  readonly #byServer: DeclaredArguments;
  // Names of tools come from clients, so what is remembered of them is bounded.
  readonly #ofTools = new Remembered<readonly DeclaredArgument[]>(REMEMBERED_MAX_ENTRIES);

  constructor(byServer: DeclaredArguments) {
    this.#byServer = byServer;
  }

  of(server: string, tool: string): readonly DeclaredArgument[] {
    const all = this.#byServer.get(server);
    if (all === undefined || all.length === 0) return [];
    const key = `${server}/${tool}`;
    const known = this.#ofTools.get(key);
    if (known !== undefined) return known;
    const found = all.filter((declared) => namesTool(declared.tool, tool));
    this.#ofTools.set(key, found);
    return found;
  }
}
