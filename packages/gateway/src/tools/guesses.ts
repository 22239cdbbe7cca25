import { GUESS_MAX_DEPTH, GUESS_TEXT_MAX_CHARS, GUESSES_MAX } from './limits.ts';

/** What an argument is taken for; the policy room has a reader of each name. */
export type GuessedReader = 'sql' | 'shell' | 'path' | 'url' | 'amount' | 'batch';

/** An argument that looks as if a reader should be declared for it. A proposal to a person, never applied by itself. */
export interface Guess {
  /** As in a Server document: `sql`, `options.query`, `items[].amount`. */
  readonly argument: string;
  readonly reader: GuessedReader;
  /** What it was guessed by, in words. */
  readonly why: string;
}

interface Leaf {
  readonly argument: string;
  readonly name: string;
  readonly words: readonly string[];
  readonly schema: Readonly<Record<string, unknown>>;
  /** Whether the argument is a list, and the schema that of its items. */
  readonly list: boolean;
  /** Description of the argument, in lower case. */
  readonly about: string;
  /** Name and description of the tool, in lower case. */
  readonly tool: string;
}

interface Rule {
  readonly reader: GuessedReader;
  readonly types: readonly string[];
  /** Why it fits; undefined where it doesn't. */
  readonly fits: (leaf: Leaf) => string | undefined;
}

const ABOUT_SQL =
  /\b(sql|select statement|postgres(ql)?|mysql|mariadb|sqlite|duckdb|bigquery|snowflake|oracle|database|databases)\b/;
const ABOUT_SHELL = /\b(shell|bash|zsh|powershell|terminal|command[ -]?line|subprocess|os command|cli)\b/;
const ABOUT_FILES = /\b(files?|folders?|director(y|ies)|archives?|symlinks?|symbolic links?|backups?|disk)\b/;
const ABOUT_URL = /\b(urls?|uris?|https?|hostname|web ?page|endpoint)\b/;
const ABOUT_MONEY =
  /\b(amount|money|currency|payment|pay|transfer|price|invoice|refund|deposit|withdraw|cents?|minor units)\b/;

const SQL_WORDS = ['sql'];
const MAYBE_SQL_WORDS = ['query', 'queries', 'statement', 'stmt'];
const SHELL_WORDS = ['command', 'commands', 'cmd', 'shell', 'bash', 'cmdline'];
const MAYBE_SHELL_WORDS = ['script', 'code', 'args', 'arguments'];
const PATH_WORDS = [
  ...[
    'path',
    'paths',
    'filepath',
    'filename',
    'filenames',
    'file',
    'files',
    'dir',
    'directory',
    'directories',
  ],
  ...['folder', 'folders', 'cwd', 'pathname', 'dirname', 'workdir'],
];
const MAYBE_PATH_WORDS = ['source', 'src', 'destination', 'dest', 'dst', 'target', 'output', 'extract'];
const URL_WORDS = [
  ...[
    'url',
    'urls',
    'uri',
    'uris',
    'href',
    'link',
    'links',
    'host',
    'hostname',
    'hosts',
    'domain',
    'webhook',
  ],
  ...['endpoint', 'website', 'ip'],
];
const AMOUNT_WORDS = ['amount', 'price', 'cost', 'fee', 'payment', 'balance', 'sum'];
const BATCH_WORDS = [
  ...[
    'ids',
    'items',
    'records',
    'rows',
    'recipients',
    'transactions',
    'payments',
    'accounts',
    'users',
    'entries',
  ],
  ...[
    'batch',
    'emails',
    'orders',
    'operations',
    'entities',
    'documents',
    'messages',
    'transfers',
    'observations',
  ],
];
/** Words that make another thing of the word before or behind them: a file's type is no path, a host's name is. */
const NOT_ITSELF = [
  'type',
  'format',
  'size',
  'count',
  'encoding',
  'extension',
  'mode',
  'description',
  'title',
  'content',
];

/** In the order in which they are asked; the first that fits says what an argument is. */
const RULES: readonly Rule[] = [
  { reader: 'sql', types: ['string'], fits: looksLikeSql },
  { reader: 'shell', types: ['string'], fits: looksLikeShell },
  { reader: 'url', types: ['string'], fits: looksLikeUrl },
  { reader: 'path', types: ['string'], fits: looksLikePath },
  { reader: 'amount', types: ['number', 'integer', 'string'], fits: looksLikeAmount },
];

/**
 * Guesses which arguments of a tool are SQL, a shell's command, a path, an address, an amount of money, or the size of a
 * batch: by name, type, format and description. What a server says of itself is believed for a proposal only.
 *
 * @param definition a tool's definition; its schema may be anything
 */
export function guessesOf(definition: {
  readonly name?: unknown;
  readonly description?: unknown;
  readonly inputSchema?: unknown;
}): Guess[] {
  const tool = lower(`${textOf(definition.name).replace(/[_.-]+/g, ' ')} ${textOf(definition.description)}`);
  const guesses: Guess[] = [];
  for (const leaf of leavesOf(definition.inputSchema, '', tool, 0)) {
    const guess = guessOf(leaf);
    if (guess !== undefined) guesses.push({ argument: leaf.argument, ...guess });
    if (guesses.length === GUESSES_MAX) break;
  }
  return guesses;
}

function guessOf(leaf: Leaf): Omit<Guess, 'argument'> | undefined {
  if (!Array.isArray(leaf.schema.enum) && leaf.schema.const === undefined) {
    for (const { reader, types, fits } of RULES) {
      const why = typesOf(leaf.schema).some((type) => types.includes(type)) ? fits(leaf) : undefined;
      if (why !== undefined) return { reader, why };
    }
  }
  const batch = leaf.list ? wordIn(leaf, BATCH_WORDS) : undefined;
  return batch === undefined
    ? undefined
    : { reader: 'batch', why: `it is a list, and its name has "${batch}"` };
}

function looksLikeSql(leaf: Leaf): string | undefined {
  const sure = wordIn(leaf, SQL_WORDS);
  if (sure !== undefined) return named(sure);
  if (leaf.schema.format === 'sql') return 'its format is sql';
  const maybe = wordIn(leaf, MAYBE_SQL_WORDS);
  const told = ABOUT_SQL.exec(leaf.about) ?? ABOUT_SQL.exec(leaf.tool);
  return maybe === undefined || told === null ? undefined : `${named(maybe)} and it is about "${told[0]}"`;
}

function looksLikeShell(leaf: Leaf): string | undefined {
  const sure = wordIn(leaf, SHELL_WORDS);
  if (sure !== undefined) return named(sure);
  const maybe = wordIn(leaf, MAYBE_SHELL_WORDS);
  const told = ABOUT_SHELL.exec(leaf.about) ?? ABOUT_SHELL.exec(leaf.tool);
  return maybe === undefined || told === null ? undefined : `${named(maybe)} and it is about "${told[0]}"`;
}

function looksLikeUrl(leaf: Leaf): string | undefined {
  const { format } = leaf.schema;
  if (typeof format === 'string' && /^(uri|uri-reference|iri|url|hostname|ipv4|ipv6)$/.test(format)) {
    return `its format is ${format}`;
  }
  const word = wordIn(leaf, URL_WORDS);
  return word === undefined ? undefined : named(word);
}

function looksLikePath(leaf: Leaf): string | undefined {
  if (ABOUT_URL.test(leaf.about)) return undefined;
  const sure = wordIn(leaf, PATH_WORDS);
  if (sure !== undefined) return named(sure);
  const maybe = wordIn(leaf, MAYBE_PATH_WORDS);
  const told = ABOUT_FILES.exec(leaf.about) ?? ABOUT_FILES.exec(leaf.tool);
  return maybe === undefined || told === null ? undefined : `${named(maybe)} and it is about "${told[0]}"`;
}

function looksLikeAmount(leaf: Leaf): string | undefined {
  const sure = wordIn(leaf, AMOUNT_WORDS);
  if (sure !== undefined) return named(sure);
  const total = wordIn(leaf, ['total', 'value']);
  const told = ABOUT_MONEY.exec(leaf.about) ?? ABOUT_MONEY.exec(leaf.tool);
  if (total === undefined || told === null || typesOf(leaf.schema).includes('string')) return undefined;
  return `${named(total)} and it is about "${told[0]}"`;
}

function named(word: string): string {
  return `its name has "${word}"`;
}

/** The word of these that the name has; none where another word makes something else of it. */
function wordIn({ words }: Leaf, wanted: readonly string[]): string | undefined {
  return NOT_ITSELF.includes(words.at(-1) ?? '') ? undefined : words.find((word) => wanted.includes(word));
}

/** The arguments of a schema, those of objects and of lists of objects too. */
function* leavesOf(given: unknown, prefix: string, tool: string, depth: number): Generator<Leaf> {
  const { properties } = recordOf(given);
  for (const [name, schema] of Object.entries(recordOf(properties))) {
    const own = recordOf(schema);
    const argument = `${prefix}${name.replace(/[.[\]\\]/g, '\\$&')}`;
    const list = typesOf(own).includes('array');
    const inner = list ? { ...recordOf(own.items) } : own;
    const about = lower(textOf(own.description) + textOf(own.title));
    yield { argument, name, words: wordsOf(name), schema: inner, list, about, tool };
    if (depth < GUESS_MAX_DEPTH) {
      yield* leavesOf(inner, `${argument}${list ? '[]' : ''}.`, tool, depth + 1);
    }
  }
}

/** `filePath`, `file_path` and `file-path` are `file` and `path`. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

/** The types that a schema allows; text where it doesn't say, since most arguments are. */
function typesOf(schema: Readonly<Record<string, unknown>>): string[] {
  const { type } = schema;
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type.filter((each) => typeof each === 'string');
  const choices = [schema.anyOf, schema.oneOf].find(Array.isArray);
  if (choices !== undefined) return choices.flatMap((choice) => typesOf(recordOf(choice)));
  if (schema.properties !== undefined) return ['object'];
  return schema.items === undefined ? ['string', 'number'] : ['array'];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  // Cast: an object of a JSON parser.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function lower(text: string): string {
  return text.slice(0, GUESS_TEXT_MAX_CHARS).toLowerCase();
}
