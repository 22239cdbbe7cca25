import 'reflect-metadata';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { createRequest } from '../../src/enrol/certificate-request.ts';

describe('a certificate signing request', () => {
  it('is what an independent library reads: signed by its key, for the agent, without attributes', async () => {
    for (const name of ['a', 'core-banking', 'x'.repeat(40)]) {
      const { keyPem, csrDer } = await createRequest(name);
      const request = new Pkcs10CertificateRequest(csrDer);
      expect(await request.verify()).toBe(true);
      expect(request.subject).toBe(`CN=${name}`);
      expect(request.attributes).toEqual([]);
      expect(request.signatureAlgorithm).toMatchObject({ name: 'ECDSA', hash: { name: 'SHA-256' } });
      const own = createPublicKey(createPrivateKey(keyPem)).export({ format: 'der', type: 'spki' });
      expect(Buffer.from(request.publicKey.rawData).equals(own)).toBe(true);
      expect(Buffer.from(request.rawData).equals(csrDer)).toBe(true);
    }
  });

  it('is for another key each time', async () => {
    const keys = new Set([(await createRequest('a')).keyPem, (await createRequest('a')).keyPem]);
    expect(keys.size).toBe(2);
  });
});
