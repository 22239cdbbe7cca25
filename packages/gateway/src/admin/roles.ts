import { type DocumentKind, ROLES, type Role } from '../registry/index.ts';

/** Who may use a route: anybody (descriptions only), anybody with a valid token, or a principal with one of the roles. */
export type Access = 'public' | 'authenticated' | readonly Role[];

/** One line of the role matrix. */
export interface RouteAccess {
  readonly method: string;
  /** With the prefix, `/api/v1/documents/:kind/:name`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly access: Access;
}

/**
 * Who may change which kind of document. A role that may call `/apply` may still only touch its own kinds:
 * who writes policies does not hand out roles, and who runs servers does not decide who may call them.
 */
export const KIND_CHANGERS: Readonly<Record<DocumentKind, readonly Role[]>> = {
  Server: ['administrator', 'operator'],
  Policy: ['administrator', 'policy-author'],
  Group: ['administrator', 'policy-author'],
  ServiceAccount: ['administrator'],
  Limit: ['administrator', 'policy-author'],
  MaskingRule: ['administrator', 'policy-author'],
  ApprovalFlow: ['administrator', 'policy-author'],
  // It maps people elsewhere to accounts that decide.
  Notification: ['administrator'],
  Retention: ['administrator'],
};

export const DOCUMENT_KINDS = Object.keys(KIND_CHANGERS) as DocumentKind[]; // the keys of a Record are its key type

export function isDocumentKind(text: string): text is DocumentKind {
  return Object.hasOwn(KIND_CHANGERS, text);
}

/** Whether a principal with these roles is let through. */
export function mayEnter(access: readonly Role[], roles: readonly string[]): boolean {
  return access.some((role) => roles.includes(role));
}

/**
 * The role × route and role × kind matrices as Markdown, for an examiner. The committed copy is a golden file, so a
 * change of who may do what shows up in review.
 */
export function renderRoleMatrix(routes: readonly RouteAccess[]): string {
  const columns = ['anybody', 'any token', ...ROLES];
  const sorted = [...routes].sort((a, b) => compare(a.path, b.path) || compare(a.method, b.method));
  return [
    '# Who may do what through the API',
    '',
    'A mark means the role is let through. A request without a valid token gets 401 and an `auth.failure` entry;',
    'one without the role gets 403 and a `decision.deny` entry.',
    '',
    '## Routes',
    '',
    ...table(
      ['route', 'does', ...columns],
      sorted.map((route) => [
        `\`${route.method} ${route.path}\``,
        route.summary,
        ...marks(route.access, columns),
      ]),
    ),
    '',
    '## Kinds of documents that may be changed, by `/apply` or deletion',
    '',
    ...table(
      ['kind', ...ROLES],
      DOCUMENT_KINDS.map((kind) => [kind, ...marks(KIND_CHANGERS[kind], ROLES)]),
    ),
    '',
  ].join('\n');
}

function marks(access: Access, columns: readonly string[]): string[] {
  return columns.map((column) => {
    if (access === 'public') return 'x';
    if (access === 'authenticated') return column === 'anybody' ? '' : 'x';
    return access.some((role) => role === column) ? 'x' : '';
  });
}

/** A Markdown table with its columns aligned, so that the text can be read as it is. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), 3),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
