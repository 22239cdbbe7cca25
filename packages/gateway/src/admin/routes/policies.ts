import Type, { type Static } from 'typebox';
import {
  ACTIONS,
  type Decision,
  type DecisionRequest,
  type PolicyProblem,
  type ReasonCode,
} from '../../policy/index.ts';
import type { AdminApp } from '../app.ts';
import { CEDAR_MAX_CHARS, MEMBERSHIPS_MAX_ITEMS } from '../limits.ts';
import { AdminError } from '../problems.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Name, oneOf, PRINCIPAL_KINDS, ServerName } from '../schemas.ts';

const PolicyProblemAnswer = Type.Object({
  message: Type.String(),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  help: Type.Optional(Type.String()),
});

const DecideBody = closed({
  principal: closed({
    kind: oneOf(PRINCIPAL_KINDS, { default: 'service-account' }),
    name: Name,
    groups: Type.Optional(
      Type.Array(Name, {
        maxItems: MEMBERSHIPS_MAX_ITEMS,
        description: "Default: the service account's own groups.",
      }),
    ),
  }),
  action: oneOf(ACTIONS),
  server: ServerName,
  resource: Type.Optional(
    closed({ type: oneOf(['Server', 'Tool', 'Resource', 'Prompt']), name: Type.String({ maxLength: 4096 }) }),
  ),
  arguments: Type.Optional(Type.Unknown({ description: "The call's arguments." })),
});
type DecideBody = Static<typeof DecideBody>;

const DecisionAnswer = Type.Object({
  effect: oneOf(['allow', 'deny', 'hold']),
  reasons: Type.Array(Type.String()),
  policies: Type.Array(Type.String(), { description: 'The policies that determined it.' }),
  flows: Type.Optional(
    Type.Array(Type.String(), { description: 'Of a hold: the approval flows whose approvals it needs.' }),
  ),
  policyVersion: Type.String(),
  groups: Type.Array(Type.String(), { description: 'The groups it was decided with.' }),
  explanation: Type.String(),
});

/** Trying out policies: nothing here changes or sends anything. */
export function addPolicyRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'POST',
    url: '/policies/check',
    config: { access: ['administrator', 'policy-author'] },
    schema: {
      operationId: 'checkPolicy',
      summary: 'check a Cedar text without putting it in force',
      tags: ['access'],
      body: closed({ cedar: Type.String({ maxLength: CEDAR_MAX_CHARS }) }),
      response: {
        200: Type.Object({
          problems: Type.Array(PolicyProblemAnswer),
          warnings: Type.Array(PolicyProblemAnswer, {
            description: 'What may be put in force and is probably not what its author means.',
          }),
        }),
      },
    },
    handler: async (request) => {
      const { cedar } = request.body;
      const problems = rooms.policy.check(cedar);
      if (problems.length > 0) return { problems, warnings: [] };
      const misfits = rooms.registry.fits(await rooms.tools.known(), cedar);
      const { refused = [], warned = [] } = Object.groupBy(misfits, (misfit) =>
        misfit.refused ? 'refused' : 'warned',
      );
      return { problems: refused.map(problemAnswer), warnings: warned.map(problemAnswer) };
    },
  });

  app.route({
    method: 'GET',
    url: '/policies/schema',
    config: { access: ['administrator', 'policy-author', 'auditor'] },
    schema: {
      operationId: 'policySchema',
      summary: 'the Cedar schema with the types of arguments of pinned tools, for an editor',
      tags: ['access'],
      querystring: closed({
        server: Type.Optional(ServerName),
        tool: Type.Optional(Name),
      }),
      response: { 200: Type.Object({ schema: Type.String({ description: 'In the form `.cedarschema`.' }) }) },
    },
    handler: async ({ query }) => {
      const tools = await rooms.tools.known();
      const { server, tool } = query;
      const known = [...tools].some(([name, list]) => {
        return (server ?? name) === name && (tool === undefined || list.some((each) => each.name === tool));
      });
      if (!known && (server ?? tool) !== undefined) {
        throw new AdminError('not_found', 'No such tool has been shown. GET /tools lists those that have.');
      }
      return { schema: rooms.policy.schema(tools, query) };
    },
  });

  app.route({
    method: 'POST',
    url: '/policies/decide',
    config: { access: ['administrator', 'policy-author', 'auditor'] },
    schema: {
      operationId: 'decidePolicy',
      summary: 'say what the policies in force decide, and why',
      tags: ['access'],
      body: DecideBody,
      response: { 200: DecisionAnswer },
    },
    handler: (request) => {
      const decisionRequest = readDecisionRequest(rooms, request.body);
      const decision = rooms.policy.decide(decisionRequest);
      return {
        effect: decision.effect,
        reasons: [...decision.reasons],
        policies: [...decision.policies],
        ...(decision.flows === undefined ? {} : { flows: [...decision.flows] }),
        policyVersion: decision.policyVersion,
        groups: [...decisionRequest.principal.groups],
        explanation: explain(decisionRequest, decision),
      };
    },
  });
}

function problemAnswer({ message, line, column, help }: PolicyProblem): Static<typeof PolicyProblemAnswer> {
  return {
    message,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(help === undefined ? {} : { help }),
  };
}

function readDecisionRequest(rooms: AdminRooms, body: DecideBody): DecisionRequest {
  const { kind, name } = body.principal;
  const account =
    kind === 'service-account' ? rooms.registry.snapshot().serviceAccounts.get(name) : undefined;
  const groups = body.principal.groups ?? account?.spec.groups;
  if (groups === undefined) {
    throw new AdminError(
      'invalid_request',
      `There is no ${kind} named "${name}" here to take groups from. Give "principal.groups", or mend the name.`,
      { field: 'principal.groups' },
    );
  }
  const given = body.arguments;
  return {
    principal: { kind, name, groups },
    action: body.action,
    server: body.server,
    resource: body.resource ?? { type: 'Server', name: body.server },
    ...(given === undefined ? {} : { arguments: () => given }),
    context: { era: 'legacy' },
  };
}

const REASONS: Readonly<Record<ReasonCode, string>> = {
  permitted: 'a policy permits it and none forbids it',
  approval_required: 'a policy demands an approval of it',
  no_permit: 'no policy permits it, and what is not permitted is denied',
  forbidden: 'a policy forbids it',
  policy_error: 'a policy could not be evaluated, and then nothing is let through',
  policy_unavailable: 'no policies are loaded, and then nothing is let through',
};

function explain(request: DecisionRequest, decision: Decision): string {
  const { action, principal, resource } = request;
  const verb = { allow: 'may', deny: 'may not', hold: 'may, once approved,' }[decision.effect];
  const because = decision.reasons.map((reason) => REASONS[reason]).join('; ');
  const thing =
    resource.type === 'Server'
      ? `server "${request.server}"`
      : `${resource.type.toLowerCase()} "${resource.name}" of "${request.server}"`;
  const by = decision.policies.length === 0 ? '' : ` (${decision.policies.join(', ')})`;
  return `${principal.name} ${verb} ${action} ${thing}: ${because}${by}.`;
}
