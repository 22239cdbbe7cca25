import { leaves } from './difference.ts';
import { MARKS_MAX, QUOTE_MAX_CHARS } from './limits.ts';
import { hidden, visible } from './visible.ts';

export const MARK_KINDS = [
  'hidden-characters',
  'look-alike-characters',
  'instructions-to-the-model',
  'secrets',
  'other-tools',
  'exfiltration',
  'dangerous-ability',
] as const;
export type MarkKind = (typeof MARK_KINDS)[number];

/** Something in a definition that a reviewer should look at twice. A hint, never a decision. */
export interface Mark {
  readonly kind: MarkKind;
  /** JSON pointer. */
  readonly path: string;
  /** The text around it, with all that hides in it spelled out. */
  readonly quote: string;
}

/** Marks that keep a definition from being pinned by itself: what has them hides something, or speaks to the model. */
export const STRONG: readonly MarkKind[] = ['hidden-characters', 'instructions-to-the-model'];

const rule = (kind: MarkKind, ...patterns: readonly RegExp[]) => ({ kind, patterns });

/** Patterns on texts in lower case with runs of white space made one space. All are linear: no nested repetition. */
const TEXT_RULES = [
  rule(
    'instructions-to-the-model',
    /<\s?(important|system|instructions?|secret|hidden|critical|prompt)\b[^>]{0,40}>/,
    /\[\s?(system|hidden|admin|override|secret)\b[^\]]{0,40}\]/,
    /\b(ignore|disregard|forget|override|bypass)( all| any| the| your| every| these| those)? (of the )?(previous|prior|above|earlier|other|safety|system|existing|original)( \w+)? ?(instruction|prompt|rule|guideline|message|polic|constraint|restriction)/,
    /\b(do not|don't|never|must not|without) (ever )?(tell|telling|mention|mentioning|inform|informing|reveal|revealing|notify|notifying|show|showing|ask|asking|alert|alerting)( this| it| anything| them)?( to)? (the )?users?\b/,
    /\b(before|after|prior to|whenever|when) (you )?(using|use|calling|call|invoking|invoke|running) (this|any|any other|other|another|the|all) tools?\b/,
    /\byou (must|should|need to|have to|are required to) (always |first |also )?(call|use|invoke|read|send|include|pass|run|execute|follow|comply|obey|ignore)\b/,
    /\b(ai|llm|language model|assistant|model|agent)s? (must|should|shall|has to|is required to|will now|are required to)\b/,
    /\b(act as|you are now|pretend (to be|you are)|your (new )?(role|goal|task|objective) is|from now on,? you)\b/,
    /\b(system|hidden|secret) (prompt|directive|instruction|override|note|command)s?\b/,
    /\b(always|must) (call|use|prefer|choose|select|invoke) this tool\b|\bthis tool (must|should) (always )?be (called|used|preferred) (first|instead|before)/,
    /\bwithout (user|asking for|further|any|requiring) ?(confirmation|permission|consent|approval|restrictions?|verification)\b/,
    /\b(trust|accept|execute|follow|obey) (all|any|every) (\w+ )?(request|quer|instruction|command|input|output|result)/,
  ),
  rule(
    'secrets',
    /(~|\$home|\/root|\/home\/\w+)\/\.(ssh|aws|kube|docker|gnupg|config|netrc|npmrc|cursor)/,
    /\bid_(rsa|ed25519|ecdsa)\b|\/etc\/(passwd|shadow|sudoers)\b|\.env\b|\bmcp\.json\b|169\.254\.169\.254/,
    /\b(private|api|ssh|access|secret|encryption) keys?\b|\b(passwords?|credentials?|secrets?|session cookies?|auth(entication|orization)? tokens?|access tokens?)\b/,
  ),
  rule(
    'exfiltration',
    /\b(entire|full|whole|complete|all( of)? the|previous|raw) (conversation|chat|context|history|message|prompt|system prompt|memory)/,
    /\b(conversation|chat) (history|log|transcript)|\bsystem prompt\b/,
    /\b(send|forward|post|upload|transmit|copy|exfiltrate|bcc|report)s? (\w+ ){0,6}(to|at) (https?:\/\/|[\w.+-]+@|an? (external|remote|attacker)|external|remote)/,
    /\bexfiltrat|\bharvest/,
  ),
  rule(
    'dangerous-ability',
    /\b(arbitrary|unrestricted|unsafe|raw) (\w+ )?(code|commands?|shell|files?|scripts?|sql|quer(y|ies))\b/,
    /\bany (code|command|shell command|file|script|sql|query)\b/,
    /\b(eval|exec|pickle|deserialis|deserializ|unpickl|subprocess|os\.system|rm -rf|sudo|setuid|suid|root access|privilege)/,
    /\b(run|execute)s? (\w+ ){0,3}(code|commands?|scripts?|shell|bytecode|payload|expression)s?\b/,
    /\b(disable|bypass|evade|evasion|anti-debug|rootkit|backdoor|persist\w* (mechanism|access)|keylog|kill processes)/,
  ),
] as const;

/** Names of arguments that models fill with what they know although the tool doesn't need it. */
const SIDE_CHANNEL =
  /^(side_?note|notes?_to_self|scratch_?pad|chain_of_thought|thoughts?|reasoning|conversation(_?history)?|chat_?history|context(_?window)?|system_?prompt|full_?context|memory|feedback|previous_?messages|model_?name|user_?intent)$/i;
const SENSITIVE_ARGUMENT =
  /(credential|secret|password|private_?key|harvest|exfil|backdoor|escalat|attack|steal|sensitive|payload|bypass|unsafe|malicious|exploit|include_?(system|builtins|tokens?|credentials?))/i;

/**
 * Marks what is suspicious in a definition in canonical form. Patterns on texts find what is written there; that a tool
 * does something else than it says is found by nobody who only reads its definition.
 *
 * @param others names of the other tools that the gateway knows
 */
export function marksOf(canonical: string, others: ReadonlySet<string> = new Set()): Mark[] {
  const found: Mark[] = [];
  const names = distinctive(others);
  for (const [path, text] of leaves(canonical)) {
    for (const mark of marksOfText(path, text, names)) {
      if (found.some(({ kind, path: at }) => kind === mark.kind && at === mark.path)) continue;
      found.push(mark);
      if (found.length === MARKS_MAX) return found;
    }
  }
  return found;
}

/** Whether a definition has marks that keep it from being pinned by itself. */
export function isSuspicious(canonical: string): boolean {
  return marksOf(canonical).some(({ kind }) => STRONG.includes(kind));
}

function* marksOfText(path: string, text: string, others: readonly string[]): Generator<Mark> {
  const whole = `${path}\n${text}`;
  const { unseen, confusable } = hidden(whole);
  if (unseen > 0) yield { kind: 'hidden-characters', path: visible(path), quote: quote(text, 0) };
  if (confusable > 0) yield { kind: 'look-alike-characters', path: visible(path), quote: quote(text, 0) };
  const plain = text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/\s+/g, ' ')
    .toLowerCase();
  for (const { kind, patterns } of TEXT_RULES) {
    for (const pattern of patterns) {
      const match = pattern.exec(plain);
      if (match === null) continue;
      yield { kind, path: visible(path), quote: quote(plain, match.index) };
      break;
    }
  }
  const argument = /\/properties\/([^/]+)\/[^/]+$/.exec(path)?.[1];
  if (argument !== undefined && SIDE_CHANNEL.test(argument))
    yield { kind: 'exfiltration', path: visible(path), quote: visible(argument) };
  else if (argument !== undefined && SENSITIVE_ARGUMENT.test(argument))
    yield { kind: 'dangerous-ability', path: visible(path), quote: visible(argument) };
  if (path.endsWith('/description') || path.endsWith('/title')) {
    const other = others.find((name) => plain.includes(name));
    if (other !== undefined)
      yield { kind: 'other-tools', path: visible(path), quote: quote(plain, plain.indexOf(other)) };
  }
}

/** Names that are no ordinary words: `send_email` in a description means the tool, `search` may mean anything. */
function distinctive(names: ReadonlySet<string>): string[] {
  return [...names]
    .filter((name) => name.length > 5 && /[_.-]|[a-z][A-Z]/.test(name))
    .map((name) => name.toLowerCase());
}

function quote(text: string, at: number): string {
  const from = Math.max(0, at - QUOTE_MAX_CHARS / 4);
  return visible(text.slice(from, from + QUOTE_MAX_CHARS).toWellFormed());
}
