import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { Access, RouteAccess } from './roles.ts';
import { Problem } from './schemas.ts';

export const API_PREFIX = '/api/v1';

const TAGS = [
  { name: 'self', description: 'The caller and the gateway itself.' },
  { name: 'configuration', description: 'Documents: servers, policies, groups, service accounts.' },
  { name: 'access', description: 'Tokens of service accounts, and trying out policies.' },
  { name: 'network', description: 'Agents, and the servers they expose.' },
  { name: 'tools', description: 'Definitions of tools, and their review.' },
  { name: 'sessions', description: 'Live MCP sessions.' },
  { name: 'audit', description: 'The audit log. Reading it is itself recorded.' },
];

/**
 * Sets up the description of the API, generated from the routes' own schemas. A route that does not say who may use
 * it, what it is called and what it answers does not register: so none can be left out of the role matrix.
 *
 * @returns the table that fills while routes register.
 */
export async function describeApi(app: FastifyInstance, version: string): Promise<RouteAccess[]> {
  const routes: RouteAccess[] = [];
  app.addSchema(Problem);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sallyport administration',
        version,
        description:
          'The only way in for administration; the command line and the console are clients of it. ' +
          'Errors are problem documents (RFC 9457) whose `code` is closed.',
      },
      tags: TAGS,
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url }) => ({ schema: withOptionalDefaults(schema), url }),
    // Without it the shared schema would be called def-0.
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
  app.addHook('onRoute', (route) => {
    const access = route.config?.access;
    const { operationId, summary, tags, response } = route.schema ?? {};
    if (access === undefined || !operationId || !summary || !tags?.length || !response) {
      throw new Error(`route ${route.url} must say access, operationId, summary, tags and response`);
    }
    const needsToken = access !== 'public';
    route.schema = {
      ...route.schema,
      description: describeAccess(access),
      ...(needsToken ? { security: [{ token: [] }] } : {}),
      response: { ...response, ...PROBLEM_RESPONSES },
    };
    routes.push({ method: String(route.method), path: route.url, operationId, summary, access });
  });
  return routes;
}

/** What has a default need not be sent, though the handler always has it. */
function withOptionalDefaults(schema: FastifySchema): FastifySchema {
  const relax = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null || !('properties' in part)) return part;
    const properties = Object.entries(part.properties as Record<string, object>); // as JSON Schema has it
    const optional = new Set(properties.filter(([, each]) => 'default' in each).map(([name]) => name));
    const required = 'required' in part && Array.isArray(part.required) ? part.required : [];
    return {
      ...part,
      properties: Object.fromEntries(properties.map(([name, each]) => [name, relax(each)])),
      required: required.filter((name) => !optional.has(name)),
    };
  };
  return {
    ...schema,
    ...(schema.body === undefined ? {} : { body: relax(schema.body) }),
    ...(schema.querystring === undefined ? {} : { querystring: relax(schema.querystring) }),
  };
}

const PROBLEM_CONTENT = { 'application/problem+json': { schema: { $ref: 'Problem#' } } };
const PROBLEM_RESPONSES = {
  '4XX': { description: 'Refused; the problem says why and what next.', content: PROBLEM_CONTENT },
  '5XX': { description: 'The gateway could not; the problem says what next.', content: PROBLEM_CONTENT },
};

function describeAccess(access: Access): string {
  if (access === 'public') return 'Needs no token.';
  if (access === 'authenticated') return 'Needs a token; any role.';
  return `Needs a token with one of the roles: ${access.join(', ')}.`;
}
