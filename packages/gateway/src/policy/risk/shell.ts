import type { Node } from 'mvdan-sh';
import { SHELL_MAX_CHARACTERS, SHELL_MAX_DEPTH, SHELL_MAX_SHELLS } from './limits.ts';
import { effectOf, programName, SHELL_RISKS, SHELLS, type ShellRisk } from './shell/programs.ts';
import { constantWord, nodesOf } from './shell/words.ts';

export { SHELL_RISKS, type ShellRisk } from './shell/programs.ts';

/** What a shell text would do, as far as the text says. Lists are sorted. */
export interface ShellFacts {
  /** Whether it is a text of the Bash grammar. If not, nothing else is known and the risk is the highest. */
  readonly parses: boolean;
  /** Programs called by a constant name; without a system folder in front. */
  readonly commands: readonly string[];
  /** A command's name depends on variables, files or other programs. */
  readonly dynamicCommand: boolean;
  /** `$(…)`, backquotes, `<(…)`. */
  readonly substitutes: boolean;
  readonly pipes: boolean;
  readonly background: boolean;
  /** Files that redirections read; `*` for one that isn't constant. */
  readonly reads: readonly string[];
  /** Files that redirections write; `*` for one that isn't constant. */
  readonly writes: readonly string[];
  /** What makes the risk `outside`, in words. */
  readonly outside: readonly string[];
  readonly risk: ShellRisk;
}

/** Reads one shell text, as a shell would be given it behind `-c`. */
export type ReadShell = (text: string) => ShellFacts;

/** The facts of a text that can't be read. */
export const UNREADABLE_SHELL: ShellFacts = Object.freeze({
  parses: false,
  commands: [],
  dynamicCommand: false,
  substitutes: false,
  pipes: false,
  background: false,
  reads: [],
  writes: [],
  outside: ['a text that is not a shell command'],
  risk: 'outside',
});

/**
 * Loads the grammar (mvdan/sh, about 100 ms) and returns the reader, which is pure and synchronous.
 *
 * The facts are of the text alone: what an alias, a profile or a changed PATH of the machine makes of a name is not in
 * it. A program that isn't known may do anything.
 */
export async function loadShellReader(): Promise<ReadShell> {
  const { syntax } = (await import('mvdan-sh')).default;
  const parser = syntax.NewParser();
  const read = (text: string, shells: number): ShellFacts => {
    if (text.length > SHELL_MAX_CHARACTERS || text.includes('\0') || !text.isWellFormed() || isDeep(text)) {
      return UNREADABLE_SHELL;
    }
    try {
      const reading = new Reading(
        syntax.NodeType,
        shells === 0 ? undefined : (inner) => read(inner, shells - 1),
      );
      syntax.Walk(parser.Parse(text, ''), (node) => {
        if (node !== null) reading.visit(node);
        return true;
      });
      return reading.facts();
    } catch {
      return UNREADABLE_SHELL;
    }
  };
  return (text) => read(text, SHELL_MAX_SHELLS);
}

/** More brackets than the grammar has stack for; counted anywhere, so it holds whatever a quote makes of them. */
function isDeep(text: string): boolean {
  return (
    (text.match(/[({[`]|\b(?:if|case|for|while|until|select|function)\b/g)?.length ?? 0) > SHELL_MAX_DEPTH
  );
}

// Numbers of the grammar's tokens.
const TRANSFORMATION = 84;
const PIPES = new Set([12, 13]);
const READING_REDIRECTION = 56;
const TEXT_REDIRECTIONS = new Set([61, 62, 63]);
const DUPLICATING_REDIRECTIONS = new Set([58, 59]);
// Variables that change which programs run, or what they load.
const GRAVE_VARIABLE =
  /^(?:PATH|IFS|ENV|BASH_\w*|SHELLOPTS|PS4|PROMPT_COMMAND|LD_\w*|DYLD_\w*|GIT_\w*|PAGER|EDITOR|VISUAL|LESSOPEN|PYTHON\w*|PERL\w*|NODE_\w*|RUBY\w*)$/;

// Commands that set the variables they are given.
const SETTING_COMMAND = /^(?:read|printf|getopts|mapfile|readarray|unset|wait)$/;

/** A node's fields, or undefined where there is no node. */
function fieldsOf(value: unknown): Node | undefined {
  // Nodes come from the grammar, whose types are not known here.
  return typeof value === 'object' && value !== null ? (value as Node) : undefined;
}

/** The name of a variable that a node sets. */
function nameOf(node: Node): string {
  return String(fieldsOf(node.Name)?.Value ?? '');
}

class Reading {
  readonly #nodeType: (node: Node) => string;
  readonly #inner: ReadShell | undefined;
  readonly #commands = new Set<string>();
  readonly #reads = new Set<string>();
  readonly #writes = new Set<string>();
  readonly #outside = new Set<string>();
  #dynamicCommand = false;
  #substitutes = false;
  #pipes = false;
  #background = false;
  #risk: ShellRisk = 'read';

  constructor(nodeType: (node: Node) => string, inner: ReadShell | undefined) {
    this.#nodeType = nodeType;
    this.#inner = inner;
  }

  visit(node: Node): void {
    switch (this.#nodeType(node)) {
      case 'Stmt':
        if (node.Background === true || node.Coprocess === true) this.#background = true;
        break;
      case 'BinaryCmd':
        if (PIPES.has(Number(node.Op))) this.#pipes = true;
        break;
      case 'CmdSubst':
      case 'ProcSubst':
        this.#substitutes = true;
        break;
      case 'WordIter':
        this.#setVariable(nameOf(node));
        break;
      case 'Assign':
        this.#setVariable(nameOf(node));
        break;
      case 'Redirect':
        this.#redirect(node);
        break;
      case 'CallExpr':
        this.#call(nodesOf(node.Args));
        break;
      case 'DeclClause':
        // Without a name it prints all variables.
        if (nodesOf(node.Args).every((assign) => nameOf(assign) === '')) this.#reachOut('the environment');
        break;
      case 'ParamExp':
        this.#expand(node);
        break;
    }
  }

  facts(): ShellFacts {
    if (this.#outside.size > 0) this.#raise('outside');
    return {
      parses: true,
      commands: [...this.#commands].sort(),
      dynamicCommand: this.#dynamicCommand,
      substitutes: this.#substitutes,
      pipes: this.#pipes,
      background: this.#background,
      reads: [...this.#reads].sort(),
      writes: [...this.#writes].sort(),
      outside: [...this.#outside].sort(),
      risk: this.#risk,
    };
  }

  #raise(risk: ShellRisk): void {
    if (SHELL_RISKS.indexOf(risk) > SHELL_RISKS.indexOf(this.#risk)) this.#risk = risk;
  }

  #reachOut(because: string): void {
    this.#outside.add(because);
  }

  #setVariable(name: string): void {
    if (GRAVE_VARIABLE.test(name)) this.#reachOut(`sets ${name}`);
  }

  /** `${x@P}` runs what is in x; `${PATH:=…}` sets PATH. */
  #expand(node: Node): void {
    const expansion = fieldsOf(node.Exp);
    if (expansion === undefined) return;
    this.#setVariable(String(fieldsOf(node.Param)?.Value ?? ''));
    if (Number(expansion.Op) !== TRANSFORMATION) return;
    if (constantWord(fieldsOf(expansion.Word), this.#nodeType) === 'P')
      this.#reachOut('runs what is in a variable');
  }

  #redirect(node: Node): void {
    const operator = Number(node.Op);
    if (TEXT_REDIRECTIONS.has(operator)) return;
    const file = constantWord(fieldsOf(node.Word), this.#nodeType);
    if (DUPLICATING_REDIRECTIONS.has(operator) && /^(?:\d+-?|-)$/.test(file ?? '')) return;
    if (file === undefined || /^\/dev\/(?:tcp|udp)\//.test(file))
      this.#reachOut('redirects to what may be the network');
    if (operator === READING_REDIRECTION) {
      this.#reads.add(file ?? '*');
    } else if (!/^\/dev\/(?:null|stdout|stderr|tty)$/.test(file ?? '')) {
      this.#writes.add(file ?? '*');
      this.#raise(/^\/dev\//.test(file ?? '') ? 'destroy' : 'write');
    }
  }

  #call(words: readonly Node[]): void {
    if (words.length === 0) return;
    const [command, ...args] = words.map((word) => constantWord(word, this.#nodeType));
    if (command === undefined) {
      this.#dynamicCommand = true;
      this.#reachOut('a command that is not constant');
      return;
    }
    const program = programName(command);
    this.#commands.add(program);
    if (SHELLS.has(program) && this.#shell(args)) return;
    const { risk, because } = effectOf(program, args);
    if (because === undefined) this.#raise(risk);
    else this.#reachOut(because);
    if (SETTING_COMMAND.test(program)) for (const arg of args) this.#setVariable(arg ?? '');
  }

  /** `bash -c '…'` with a constant text is that text. Returns whether it was read. */
  #shell(args: readonly (string | undefined)[]): boolean {
    const [option, text] = args;
    if (option !== '-c' || text === undefined || this.#inner === undefined) return false;
    const inner = this.#inner(text);
    for (const command of inner.commands) this.#commands.add(command);
    for (const file of inner.reads) this.#reads.add(file);
    for (const file of inner.writes) this.#writes.add(file);
    for (const because of inner.outside) this.#reachOut(because);
    this.#dynamicCommand ||= inner.dynamicCommand;
    this.#substitutes ||= inner.substitutes;
    this.#pipes ||= inner.pipes;
    this.#background ||= inner.background;
    this.#raise(inner.risk);
    return true;
  }
}
