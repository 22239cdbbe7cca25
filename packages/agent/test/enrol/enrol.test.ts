import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrol, loadIdentity, parseToken } from '../../src/enrol/index.ts';
import { openClients } from '../../src/tunnel/index.ts';
import { scratch } from '../gateway-side/agent.ts';
import { TestAuthority } from '../gateway-side/authority.ts';
import { TestGateway } from '../gateway-side/gateway.ts';

let gateway: TestGateway;
const { path: folder, clean } = scratch();
const connect = openClients();

beforeAll(async () => {
  gateway = await TestGateway.start({ names: ['localhost'] });
});
afterAll(() => {
  gateway.stop();
  clean();
});

function attempt(name: string, more: { token?: string; host?: string; port?: number } = {}) {
  const { token = gateway.token(), host = 'localhost', port = gateway.port } = more;
  const stateDir = join(folder, name);
  return enrol({ address: { host, port }, token, stateDir, agentVersion: '0.1.0', connect });
}

describe('enrolment', () => {
  it('stores an identity that is read back whole', async () => {
    const identity = await attempt('good');
    expect(identity.agentName).toBe('tester');
    expect(loadIdentity(join(folder, 'good'))).toEqual(identity);
    expect(readdirSync(join(folder, 'good'))).toEqual(['identity.json']);
    expect(gateway.enrolled.at(-1)).toEqual({ token: gateway.token(), agentVersion: '0.1.0' });
  });

  it('shows the token to nobody whose authority has another fingerprint', async () => {
    const before = gateway.enrolled.length;
    const token = gateway.token('tester', 'ab'.repeat(32));
    await expect(attempt('wrong', { token })).rejects.toMatchObject({ code: 'gateway_untrusted' });
    expect(gateway.enrolled.length).toBe(before);
    expect(existsSync(join(folder, 'wrong', 'identity.json'))).toBe(false);
  });

  it('shows the token to nobody who only repeats the right authority', async () => {
    // The impostor sends the true authority's certificate, but its own was not signed by it.
    const impostor = await TestAuthority.create();
    const identity = await impostor.issueServer(['localhost']);
    const chain = identity.chainPem.replace(impostor.pem, gateway.authority.pem);
    const { createServer } = await import('node:tls');
    let bytes = 0;
    const server = createServer({ key: identity.keyPem, cert: chain, ALPNProtocols: ['h2'] }, (socket) => {
      socket.on('data', (data: Buffer) => {
        bytes += data.length;
      });
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(attempt('impostor', { port })).rejects.toMatchObject({ code: 'gateway_untrusted' });
    expect(bytes).toBe(0);
    server.close();
  });

  it('wants the certificate to be for the name that was dialled', async () => {
    await expect(attempt('name', { host: '127.0.0.1' })).rejects.toThrow(
      /is not for "127\.0\.0\.1" but for DNS:localhost/,
    );
  });

  it('says why it was refused, and that nobody answers', async () => {
    gateway.refuseEnroll = 'This enrolment token has been used.';
    await expect(attempt('refused')).rejects.toMatchObject({
      code: 'gateway_refused',
      message: 'the gateway refused: This enrolment token has been used.',
    });
    gateway.refuseEnroll = '';
    await expect(attempt('away', { port: 1 })).rejects.toMatchObject({
      code: 'gateway_unreachable',
      passing: true,
    });
  });

  it('checks that it can store the certificate before it uses the token up', async () => {
    const before = gateway.enrolled.length;
    writeFileSync(join(folder, 'file'), '');
    await expect(attempt('file/below')).rejects.toMatchObject({ code: 'state_unusable' });
    expect(gateway.enrolled.length).toBe(before);
  });
});

describe('a token', () => {
  it('is read whole or not at all', () => {
    expect(parseToken(` ${gateway.token('core')}\n`)).toMatchObject({
      agentName: 'core',
      authorityFingerprint: gateway.authority.fingerprint,
    });
    for (const text of ['', 'sp-agent.core', gateway.token().slice(0, -1), gateway.token('Core')]) {
      expect(() => parseToken(text)).toThrow(/is not an enrolment token/);
    }
  });
});

describe('a damaged state file', () => {
  it('is not taken for no state', () => {
    writeFileSync(join(folder, 'identity.json'), '{"agentName":"x"');
    expect(() => loadIdentity(folder)).toThrow(/is damaged; remove it and enrol the agent again/);
    expect(loadIdentity(join(folder, 'nowhere'))).toBeUndefined();
  });
});
