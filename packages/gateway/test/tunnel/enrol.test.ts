import { X509Certificate as NodeCertificate } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { X509Certificate } from '@peculiar/x509';
import { systemClock } from '@sallyport/shared/clock';
import { expect, test } from 'vitest';
import { HOUR, startGateway } from './fixture.ts';
import { makeRequest, openClient, renewWith, shownChain, tryEnrol } from './test-agent.ts';

const createdBy = 'test';

test('a token and a request become a certificate for the name of the token, recorded before it is handed out', async () => {
  let recordedBefore = false;
  const gateway = await startGateway({
    record: async (entry) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      if (entry.kind === 'agent.enrolled') recordedBefore = true;
    },
  });
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'alpha',
    expiresInMs: HOUR,
    createdBy,
  });
  const { csr } = await makeRequest();
  const response = await tryEnrol(gateway.port, token, csr);
  expect(recordedBefore).toBe(true);
  expect(response.agentName).toBe('alpha');
  const certificate = new NodeCertificate(response.certificatePem);
  const authority = new NodeCertificate(response.authorityPem);
  expect(certificate.subject).toBe('CN=alpha');
  expect(certificate.subjectAltName).toBe('URI:spiffe://sallyport/agent/alpha');
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(authority.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(
    gateway.tunnel.authorityFingerprint,
  );
});

test('the server shows its authority, so that a token alone is enough to know the gateway', async () => {
  const gateway = await startGateway();
  const [leaf, authority] = await shownChain(gateway.port);
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'alpha',
    expiresInMs: HOUR,
    createdBy,
  });
  const digest = await crypto.subtle.digest('SHA-256', authority?.rawData ?? new ArrayBuffer(0));
  expect(token.split('.').at(-1)).toBe(Buffer.from(digest).toString('hex'));
  expect(await leaf?.verify({ publicKey: authority as X509Certificate, signatureOnly: true })).toBe(true);
});

test('a wrong secret, another agent name and rubbish are refused, recorded, and spoil nothing', async () => {
  const gateway = await startGateway();
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'alpha',
    expiresInMs: HOUR,
    createdBy,
  });
  const { csr } = await makeRequest();
  const parts = token.split('.');
  const secret = parts[3] ?? '';
  const wrong = [...parts];
  wrong[3] = (secret.startsWith('A') ? 'B' : 'A') + secret.slice(1);
  const renamed = [...parts];
  renamed[1] = 'beta';
  for (const [bad, reason] of [
    [wrong.join('.'), 'token_wrong'],
    [renamed.join('.'), 'token_wrong'],
    ['hello', 'token_malformed'],
  ] as const) {
    await expect(tryEnrol(gateway.port, bad, csr)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    expect(gateway.records.at(-1)).toMatchObject({
      kind: 'auth.failure',
      fields: { method: 'tunnel.Enroll', reason },
    });
    expect(JSON.stringify(gateway.records)).not.toContain(secret.slice(1));
  }
  expect((await tryEnrol(gateway.port, token, csr)).agentName).toBe('alpha');
});

test('an expired token is refused with the time it ended', async () => {
  let ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  const gateway = await startGateway({ clock });
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'alpha',
    expiresInMs: HOUR,
    createdBy,
  });
  ahead = HOUR;
  await expect(tryEnrol(gateway.port, token, (await makeRequest()).csr)).rejects.toMatchObject({
    code: status.UNAUTHENTICATED,
    details: expect.stringContaining('expired at'),
  });
});

test('of two that use one token at once, one gets a certificate', async () => {
  const gateway = await startGateway();
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'alpha',
    expiresInMs: HOUR,
    createdBy,
  });
  const tries = await Promise.allSettled(
    [1, 2, 3].map(async () => tryEnrol(gateway.port, token, (await makeRequest()).csr)),
  );
  expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  expect(gateway.records.filter((entry) => entry.kind === 'agent.enrolled')).toHaveLength(1);
  await expect(tryEnrol(gateway.port, token, (await makeRequest()).csr)).rejects.toMatchObject({
    details: expect.stringContaining('has been used'),
  });
});

test('a request that does not prove its key, or has a weak one, is refused and the token stays good', async () => {
  const gateway = await startGateway();
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'alpha',
    expiresInMs: HOUR,
    createdBy,
  });
  const { csr } = await makeRequest();
  const forged = Buffer.from(csr);
  forged.writeUInt8((forged.at(-1) ?? 0) ^ 1, forged.length - 1);
  const exponent = new Uint8Array([1, 0, 1]);
  const rsa = (modulusLength: number, hash = 'SHA-256') =>
    makeRequest({ name: 'RSASSA-PKCS1-v1_5', modulusLength, publicExponent: exponent, hash });
  for (const [bad, reason] of [
    [forged, 'request_signature'],
    [(await rsa(2048)).csr, 'request_key'],
    [(await rsa(3072, 'SHA-1')).csr, 'request_signature'],
    [(await makeRequest({ name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' })).csr, 'request_key'],
    [Buffer.from('not a request'), 'request_malformed'],
    [Buffer.alloc(0), 'request_malformed'],
    [Buffer.alloc(9000, 0x30), 'request_malformed'],
  ] as const) {
    await expect(tryEnrol(gateway.port, token, bad)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(gateway.records.at(-1)?.fields.reason).toBe(reason);
  }
  expect((await tryEnrol(gateway.port, token, csr)).agentName).toBe('alpha');
});

test('P-384, Ed25519 and RSA 3072 are accepted', async () => {
  const gateway = await startGateway();
  for (const algorithm of [
    { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
    { name: 'Ed25519' },
    {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 3072,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    },
  ]) {
    const { token } = await gateway.tunnel.createEnrolmentToken({
      agent: 'alpha',
      expiresInMs: HOUR,
      createdBy,
    });
    const { csr } = await makeRequest(algorithm);
    expect((await tryEnrol(gateway.port, token, csr)).agentName).toBe('alpha');
  }
});

test('an address that fails too often has to wait, and the log is not flooded', async () => {
  const gateway = await startGateway();
  const { csr } = await makeRequest();
  const codes: unknown[] = [];
  for (let i = 0; i < 30; i += 1) {
    codes.push(await tryEnrol(gateway.port, 'nothing', csr).catch((error: { code: number }) => error.code));
  }
  expect(codes.at(0)).toBe(status.UNAUTHENTICATED);
  expect(codes.at(-1)).toBe(status.RESOURCE_EXHAUSTED);
  expect(gateway.records.filter((entry) => entry.kind === 'auth.failure')).toHaveLength(21);
  expect(gateway.records.at(-1)?.fields).toMatchObject({ reason: 'too_many_failures', limited: true });
});

test('what cannot be recorded is not handed out', async () => {
  let broken = false;
  const gateway = await startGateway({
    record: async () => {
      if (broken) throw new Error('the log is away');
    },
  });
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'alpha',
    expiresInMs: HOUR,
    createdBy,
  });
  broken = true;
  await expect(tryEnrol(gateway.port, token, (await makeRequest()).csr)).rejects.toMatchObject({
    code: status.UNAVAILABLE,
  });
});

test('a certificate is renewed for a new key and recorded; the token of a revoked agent is worth nothing', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  const client = openClient(gateway.port, state.authorityPem, state);
  const { csr, keyPem } = await makeRequest();
  const renewed = await renewWith(client, csr);
  client.close();
  expect(gateway.records.at(-1)).toMatchObject({
    kind: 'key.rotated',
    agent: 'alpha',
    fields: { key: 'agent' },
  });
  const agent = await gateway.attach({ ...state, keyPem, certificatePem: renewed.certificatePem });
  expect(new NodeCertificate(renewed.certificatePem).serialNumber).not.toBe(
    new NodeCertificate(state.certificatePem).serialNumber,
  );
  agent.close();
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'alpha',
    expiresInMs: HOUR,
    createdBy,
  });
  expect(await gateway.tunnel.revokeAgent('alpha')).toBe(true);
  await expect(tryEnrol(gateway.port, token, csr)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
});

test('a restart keeps the authority and the agents; another master key stops the start', async () => {
  const { testSealer } = await import('./fixture.ts');
  const sealer = testSealer();
  const first = await startGateway({ sealer });
  const state = await first.enrol();
  await first.tunnel.stop(0);
  const second = await startGateway({ sealer, store: first.store });
  expect(second.tunnel.authorityFingerprint).toBe(first.tunnel.authorityFingerprint);
  await second.attach(state);
  expect(second.tunnel.attached('alpha')).toBe(true);
  await expect(startGateway({ store: first.store })).rejects.toThrow();
});
