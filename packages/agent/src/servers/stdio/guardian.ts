import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '../../telemetry/index.ts';

// Reads "+pgid" and "-pgid" lines. When the pipe ends the agent is gone, for whatever reason: every process group
// that is still registered is killed. `kill` is the shell's own, so nothing else has to exist on the host.
const SCRIPT = `
trap '' TERM INT HUP QUIT
groups=' '
while read -r line; do
  case "$line" in
    +*) groups="$groups\${line#+} " ;;
    -*) group="\${line#-}"
        case "$groups" in
          *" $group "*) groups="\${groups%%" $group "*} \${groups#*" $group "}" ;;
        esac ;;
  esac
done
for group in $groups; do kill -9 -"$group" 2>/dev/null; done
`;

/**
 * One small shell beside the agent that leaves no server process behind when the agent is killed with SIGKILL.
 * In a session of its own, so that no signal meant for the agent's process group reaches it.
 */
export class Guardian {
  readonly #log: Logger;
  readonly #groups = new Set<number>();
  #shell: ChildProcess | undefined;
  #stopped = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Registers a process group. The line is in the pipe when this returns. */
  add(pgid: number): void {
    this.#groups.add(pgid);
    if (this.#shell === undefined) this.#start();
    else this.#tell(`+${pgid}\n`);
  }

  /** The group has no process left, or none that could outlive the signal it got. */
  remove(pgid: number): void {
    if (this.#groups.delete(pgid)) this.#tell(`-${pgid}\n`);
  }

  /** Ends the guardian, which kills what is still registered. */
  stop(): void {
    this.#stopped = true;
    this.#shell?.stdin?.end();
    this.#shell = undefined;
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(line);
  }

  #start(): void {
    if (this.#stopped) return;
    const shell = spawn('/bin/sh', ['-c', SCRIPT], {
      cwd: '/',
      env: {},
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const lost = (why: string): void => {
      if (this.#shell !== shell) return;
      this.#shell = undefined;
      if (this.#stopped) return;
      // Whoever killed it may do so again at once: start anew only with something to guard.
      this.#log.warn('guardian lost, starting another', { why });
      if (this.#groups.size > 0) this.#start();
    };
    shell.on('error', (error) => lost(error.message));
    shell.on('exit', (code, signal) => lost(signal ?? `exit code ${code}`));
    shell.stdin.on('error', () => undefined);
    shell.unref();
    // A child's stdin is a socket, which can be unreferenced; the type of a plain Writable doesn't say so.
    if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
    this.#shell = shell;
    for (const pgid of this.#groups) this.#tell(`+${pgid}\n`);
  }
}
