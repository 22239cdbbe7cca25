import Type from 'typebox';
import type { Approval } from '../../approval/index.ts';
import { differences, visible } from '../../tools/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { AdminError } from '../problems.ts';
import { type Caller, draftFor } from '../record.ts';
import { mayEnter } from '../roles.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Name } from '../schemas.ts';

/** Who may decide, where the flow names a group of theirs: a role alone lets nobody decide. */
export const DECIDERS = ['administrator', 'approver'] as const;
/** Who sees that others have asked. What they asked, only who decides. */
export const OVERSEERS = [...DECIDERS, 'auditor'] as const;

const SubjectAnswer = Type.Object({
  digest: Type.String({ description: 'Give this with your decision.' }),
  arguments: Type.String({
    description: 'Exactly what would be sent, with characters that hide spelled out: ⟦U+202E⟧.',
  }),
  canonical: Type.String({ description: 'The same, canonical, every character as it is.' }),
  codesLeftOut: Type.Boolean({ description: 'Card security codes were left out: they are stored nowhere.' }),
  risk: Type.Optional(Type.Unknown({ description: "The gateway's own reading of the arguments." })),
  reasons: Type.Array(Type.String()),
  definition: Type.Optional(Type.String({ description: 'What the tool is, as it was pinned.' })),
  last: Type.Optional(
    Type.Object({
      approval: Type.String({ description: "The requester's last call of it that was approved." }),
      differences: Type.Array(
        Type.Object({
          path: Type.String(),
          before: Type.Optional(Type.String()),
          after: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
});

/** What an approver looks at. It may hold customers' data: only who decides sees it, and that is recorded first. */
export function addApprovalSubjectRoute(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/approvals/:id/subject',
    config: { access: DECIDERS },
    schema: {
      operationId: 'showApprovalSubject',
      summary: 'look at exactly what waits for your decision; recorded',
      tags: ['approvals'],
      params: closed({ id: Name }),
      response: { 200: SubjectAnswer },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const approval = await visibleApproval(rooms, caller, request.params.id);
      if (!rooms.approvals.mayDecide(approval, caller.principal)) {
        throw new AdminError(
          'forbidden',
          `What ${approval.id} asks is shown to who decides on it, and its flows (${approval.flows.join(', ')}) name no group of yours.`,
        );
      }
      await rooms.audit.record(
        draftFor(caller, 'approval.viewed', {
          approval: approval.id,
          server: approval.server,
          ...(approval.tool === undefined ? {} : { tool: approval.tool }),
          control: ['PCI 10.2.1.1'],
          fields: { digest: approval.digest },
        }),
      );
      const { subject, last } = await rooms.approvals.subjectOf(approval);
      const definition = await definitionOf(rooms, approval);
      return {
        digest: approval.digest,
        arguments: visible(laidOut(subject.arguments)),
        canonical: subject.arguments,
        codesLeftOut: subject.codesLeftOut === true,
        ...(subject.risk === undefined ? {} : { risk: subject.risk }),
        reasons: [...subject.reasons],
        ...(definition === undefined ? {} : { definition }),
        ...(last === undefined
          ? {}
          : {
              last: {
                approval: last.id,
                differences: differences(last.subject.arguments, subject.arguments),
              },
            }),
      };
    },
  });
}

/** An approval as this caller may see it; to others it is as if it were not there. */
export async function visibleApproval(rooms: AdminRooms, caller: Caller, id: string): Promise<Approval> {
  const approval = await rooms.approvals.get(id);
  const { name, roles } = caller.principal;
  if (approval === undefined || (approval.requester.name !== name && !mayEnter(OVERSEERS, roles))) {
    throw new AdminError('not_found', `There is no approval "${id.slice(0, 40)}".`);
  }
  return approval;
}

async function definitionOf(rooms: AdminRooms, { server, tool }: Approval): Promise<string | undefined> {
  if (tool === undefined) return undefined;
  const [row] = await rooms.tools.list({ server, tool, limit: 1 });
  return row === undefined ? undefined : (await rooms.tools.review(row)).definition;
}

/** Canonical text in lines, each token as it stands: a number is never parsed. */
function laidOut(canonical: string): string {
  let depth = 0;
  const indent = (): string => `\n${'  '.repeat(depth)}`;
  return canonical.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:]+/g, (token) => {
    if (token === '{' || token === '[') {
      depth += 1;
      return token + indent();
    }
    if (token === '}' || token === ']') {
      depth -= 1;
      return indent() + token;
    }
    if (token === ',') return token + indent();
    return token === ':' ? ': ' : token;
  });
}
