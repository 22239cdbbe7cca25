import type { CompiledPolicy } from './compile.ts';
import { placeAt } from './places.ts';
import type { PolicyProblem } from './types.ts';

/** `@approval("FLOW")` on a forbid: an approval of that ApprovalFlow lifts it. */
export const APPROVAL_ANNOTATION = 'approval';

/** Names of ApprovalFlow documents, as the registry takes them. */
const FLOW_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

/**
 * What is wrong with the way a policy demands an approval. A demand that no approval could ever meet is refused: calls
 * would be held and asked for in vain.
 */
export function demandProblems({ offset, json, flow }: CompiledPolicy, document: string): PolicyProblem[] {
  if (flow === undefined) return [];
  const problem = (message: string, help: string): PolicyProblem[] => [
    { message, ...placeAt(document, offset), help },
  ];
  if (!FLOW_NAME.test(flow)) {
    return problem(
      `@approval names no flow: ${JSON.stringify(flow.slice(0, 80))}`,
      'write @approval("NAME") with the name of an ApprovalFlow document',
    );
  }
  const unless = `unless { context has approval && context.approval.flows.contains("${flow}") }`;
  if (json.effect !== 'forbid') {
    return problem(
      '@approval stands on a permit, which nothing holds',
      `write a forbid with @approval("${flow}") and ${unless}`,
    );
  }
  if (!isLiftedBy(flow, JSON.stringify(json.conditions))) {
    return problem(
      `the forbid demands an approval of "${flow}" and doesn't ask whether it is there, so no approval could lift it`,
      `add ${unless}`,
    );
  }
  return [];
}

/** Whether the conditions ask for this flow: `context.approval.flows` and the flow's name as a literal. */
function isLiftedBy(flow: string, conditions: string): boolean {
  return conditions.includes('"attr":"flows"') && conditions.includes(JSON.stringify({ Value: flow }));
}
