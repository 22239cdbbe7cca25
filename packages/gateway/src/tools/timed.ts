import { createContext, Script } from 'node:vm';

/** Thrown where work took longer than it may. */
export class TimeOver extends Error {
  override readonly name = 'TimeOver';
}

const context: { task: (() => unknown) | undefined } = { task: undefined };
let realm: ReturnType<typeof createContext> | undefined;
const script = new Script('task()');

/**
 * Runs synchronous work that a schema of somebody else's determines, and ends it when its time is over: V8 then stops
 * whatever runs, a regular expression too. It costs a thread that keeps the time, so only what needs it comes here.
 *
 * @throws TimeOver, and what the work throws
 */
export function withinTime<Result>(maxMs: number, work: () => Result): Result {
  realm ??= createContext(context);
  // Nested work is under the time of the outer.
  if (context.task !== undefined) return work();
  context.task = work;
  try {
    // Cast: the script is a call of `work`.
    return script.runInContext(realm, { timeout: maxMs }) as Result;
  } catch (thrown) {
    // It may be an Error of the other realm.
    const { code } = thrown as { code?: unknown };
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TimeOver(`not done within ${maxMs} ms`);
    throw thrown;
  } finally {
    context.task = undefined;
  }
}
