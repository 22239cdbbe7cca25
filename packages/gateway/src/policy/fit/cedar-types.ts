import { shownName } from './names.ts';
import type { Member, Shape } from './shape.ts';

/** A name that Cedar's text takes between quotation marks as it stands. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;

/** The Cedar type of a value; undefined where it is open, or a part of it. */
export function cedarType(shape: Shape): string | undefined {
  switch (shape.is) {
    case 'text':
      return 'String';
    case 'long':
      return 'Long';
    case 'bool':
      return 'Bool';
    case 'list': {
      const items = cedarType(shape.items);
      return items === undefined ? undefined : `Set<${items}>`;
    }
    case 'record':
      return shape.others ? undefined : recordType(shape.members);
    default:
      return undefined;
  }
}

function recordType(members: ReadonlyMap<string, Member>): string | undefined {
  const parts: string[] = [];
  for (const [name, { shape, required }] of members) {
    const type = cedarType(shape);
    if (type === undefined || !PLAIN.test(name)) return undefined;
    parts.push(`"${name}"${required ? '' : '?'}: ${type}`);
  }
  return `{ ${parts.join(', ')} }`;
}

/** A record of arguments in lines, for people: what is open stands in a comment, since Cedar has no type for it. */
export function argumentLines(shape: Shape): string[] {
  if (shape.is !== 'record') return ['// Any arguments: the schema says nothing of them.'];
  const lines = [...shape.members].map(([name, { shape: member, required }]) => {
    const type = PLAIN.test(name) ? cedarType(member) : undefined;
    const shown = JSON.stringify(PLAIN.test(name) ? name : shownName(name));
    return type === undefined
      ? `// ${shown}${required ? '' : '?'}: ${openWord(member)}`
      : `${shown}${required ? '' : '?'}: ${type},`;
  });
  return shape.others ? [...lines, '// and others'] : lines;
}

function openWord({ is }: Shape): string {
  if (is === 'list') return 'a set of values without one type';
  return is === 'record' ? 'a record with members without one type' : 'without one type';
}

/** Whether a name can stand in a Cedar schema. */
export function isPlainMember(name: string): boolean {
  return PLAIN.test(name);
}
