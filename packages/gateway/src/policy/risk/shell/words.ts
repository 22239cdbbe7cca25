import type sh from 'mvdan-sh';
import type { Node } from 'mvdan-sh';

type NodeType = (typeof sh.syntax)['NodeType'];

/**
 * The text that a word stands for whatever the shell's variables, files and options are; undefined where it depends on
 * them. `r\m`, `'r'm` and `"rm"` are all `rm`; `$x`, `$(x)`, `r*`, `{rm,ls}`, `~` and `$'\x72m'` depend, or are not read.
 */
export function constantWord(word: Node | null | undefined, nodeType: NodeType): string | undefined {
  if (word === null || word === undefined) return undefined;
  let text = '';
  for (const part of nodesOf(word.Parts)) {
    const piece = constantPart(part, nodeType, text === '');
    if (piece === undefined) return undefined;
    text += piece;
  }
  return text;
}

function constantPart(part: Node, nodeType: NodeType, first: boolean): string | undefined {
  switch (nodeType(part)) {
    case 'Lit':
      return unescaped(String(part.Value), first);
    case 'SglQuoted': {
      const value = String(part.Value);
      // $'…' has escapes of its own.
      return part.Dollar === true && value.includes('\\') ? undefined : value;
    }
    case 'DblQuoted': {
      let text = '';
      for (const inner of nodesOf(part.Parts)) {
        if (nodeType(inner) !== 'Lit') return undefined;
        text += String(inner.Value).replace(/\\([$`"\\])/g, '$1');
      }
      return text;
    }
    default:
      return undefined;
  }
}

/** An unquoted piece without its backslashes, where nothing in it expands. */
function unescaped(value: string, first: boolean): string | undefined {
  // The command `[` and its end.
  if (value === '[' || value === ']') return value;
  const bare = value.replace(/\\./gs, '');
  if (/[*?[\]{}]/.test(bare) || (first && bare.startsWith('~'))) return undefined;
  return value.replace(/\\(.)/gs, '$1');
}

/** A Go slice of nodes as an array. */
export function nodesOf(value: unknown): readonly Node[] {
  // The package gives slices as arrays; what is none has no nodes.
  return Array.isArray(value) ? (value as Node[]) : [];
}
