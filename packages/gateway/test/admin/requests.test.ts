import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from './running-api.ts';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi();
});

afterAll(async () => {
  await api.stop();
});

const check = (body: string) => api.call('POST', '/api/v1/policies/check', { as: 'administrator', body });

describe('bad requests', () => {
  test.each([
    ['no JSON', '{"cedar":', 400, 'malformed_request'],
    ['an empty body', '', 400, 'malformed_request'],
    ['half a surrogate pair', String.raw`{"cedar":"\ud800"}`, 400, 'malformed_request'],
    ['half a surrogate pair in a key', String.raw`{"\udc00":1}`, 400, 'malformed_request'],
    ['__proto__', '{"__proto__":{"admin":true},"cedar":""}', 400, 'malformed_request'],
    ['deep nesting', `{"cedar":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400, 'malformed_request'],
    ['too large a body', JSON.stringify({ cedar: 'x'.repeat(1_100_000) }), 413, 'body_too_large'],
    ['an unknown member', '{"cedar":"","ceder":""}', 400, 'invalid_request'],
    ['a wrong type', '{"cedar":5}', 400, 'invalid_request'],
    ['a list', '[]', 400, 'invalid_request'],
  ])('%s is a problem with its code', async (_, body, status, code) => {
    const answer = await check(body);
    expect(answer).toMatchObject({ status, body: { status, code, request: expect.stringMatching(/^req_/) } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  test('another media type is refused', async () => {
    const answer = await api.call('POST', '/api/v1/policies/check', {
      as: 'administrator',
      body: 'cedar=1',
      contentType: 'application/x-www-form-urlencoded',
    });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  test.each([
    ['GET', '/api/v1/nothing'],
    ['PATCH', '/api/v1/tokens'],
    ['GET', '/elsewhere'],
  ])('%s %s is an unknown route', async (method, path) => {
    expect(await api.call(method, path, { as: 'administrator' })).toMatchObject({
      status: 404,
      body: { code: 'unknown_route', detail: expect.stringContaining('openapi.json') },
    });
  });

  test('a path that is not percent-encoding is refused with the same headers', async () => {
    const answer = await api.call('GET', '/api/v1/%zz', { as: 'administrator' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=500', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['after=x', 'after'],
    ['from=yesterday', 'from'],
    ['order=random', 'order'],
    ['kinds=a', 'kinds'],
  ])('the query %s is refused by its field', async (query, field) => {
    expect(await api.call('GET', `/api/v1/audit/entries?${query}`, { as: 'auditor' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', field },
    });
  });

  test('a claimed forwarding address is not recorded as the source', async () => {
    await api.call('GET', '/api/v1/me', { headers: { 'x-forwarded-for': '203.0.113.9' } });
    const [entry] = await api.entries({ kind: 'auth.failure', limit: 1 });
    expect(entry?.source).toMatchObject({ ip: '127.0.0.1' });
  });

  test('a body that never ends does not keep a stranger waiting for a refusal', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const stranger = httpRequest(`${api.url}/api/v1/apply`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': '1000000' },
      });
      stranger.on('response', (response) => {
        resolve(response.statusCode);
        stranger.destroy();
      });
      stranger.on('error', reject);
      stranger.write('{');
    });
    expect(status).toBe(401);
  });
});

describe('answers', () => {
  test.each(['/api/v1/openapi.json', '/api/v1/me', '/api/v1/status', '/api/v1/nothing', '/api/v1/tokens'])(
    '%s is never cached, sniffed or framed',
    async (path) => {
      const { headers } = await api.call('GET', path, { as: 'user' });
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    },
  );
});

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security?: unknown;
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}

describe('the OpenAPI document', () => {
  test('describes every route, with an operationId of its own and its answers', async () => {
    const { body: openapi } = await api.call('GET', '/api/v1/openapi.json', {});
    expect(openapi.openapi).toBe('3.1.0');
    const operations: Operation[] = [];
    for (const route of api.admin.routes) {
      const path = route.path.replace(/:(\w+)/g, '{$1}');
      const operation: Operation = openapi.paths[path]?.[route.method.toLowerCase()];
      expect(operation, `${route.method} ${path}`).toBeDefined();
      operations.push(operation);
      expect(operation.operationId).toBe(route.operationId);
      const success = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
      expect(success).toHaveLength(1);
      expect(operation.responses['4XX']?.content['application/problem+json']?.schema).toEqual({
        $ref: '#/components/schemas/Problem',
      });
      expect(operation.security === undefined).toBe(route.access === 'public');
    }
    expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(operations.length);
    expect(Object.keys(openapi.paths).length).toBe(new Set(api.admin.routes.map((route) => route.path)).size);
    expect(openapi.components.schemas.Problem.properties.code.enum).toContain('forbidden');
  });

  test('a reference in it points at something', async () => {
    const { text, body: openapi } = await api.call('GET', '/api/v1/openapi.json', {});
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      (match) => match[1],
    );
    expect(references.length).toBeGreaterThan(0);
    for (const name of references) expect(openapi.components.schemas).toHaveProperty([String(name)]);
  });
});
