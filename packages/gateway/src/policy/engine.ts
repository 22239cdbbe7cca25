import { createRequire } from 'node:module';
import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs';
import { errorText } from '@sallyport/shared/errors';

/** The engine could not do what it was asked; whoever asked denies. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
}

type Module = typeof Cedar;

const require = createRequire(import.meta.url);
const modulePath = require.resolve('@cedar-policy/cedar-wasm/nodejs');

/**
 * A Cedar engine of one's own: an instance of the WASM module, with the policy sets that were prepared in it.
 *
 * A trap inside WASM (out of stack or memory) leaves an instance unusable for ever, so after one the engine starts
 * anew and tells its owner, whose prepared sets are gone. Limits.ts keeps inputs away from the traps that are known.
 */
export class Engine {
  #module: Module = instantiate();
  readonly #onRestart: () => void;

  constructor(onRestart: () => void) {
    this.#onRestart = onRestart;
  }

  /**
   * Calls the engine.
   *
   * @throws EngineFailure when the engine throws instead of answering.
   */
  run<Answer>(work: (cedar: Module) => Answer): Answer {
    try {
      return work(this.#module);
    } catch (thrown) {
      if (isTrap(thrown)) {
        this.#module = instantiate();
        this.#onRestart();
      }
      throw new EngineFailure(`the policy engine failed: ${errorText(thrown)}`, { cause: thrown });
    }
  }
}

function instantiate(): Module {
  // The package keeps one instance per loaded module, so a second one needs the module loaded a second time.
  delete require.cache[modulePath];
  // `require` has no types of its own; these are the package's.
  return require(modulePath) as Module;
}

/** `RuntimeError` is WebAssembly's own; a `RangeError` is the host's stack running out inside it. */
function isTrap(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.name === 'RuntimeError' || thrown instanceof RangeError);
}
