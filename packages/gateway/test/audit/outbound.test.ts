import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { afterEach, describe, expect, it } from 'vitest';
import { OUTBOUND_ANSWER_MAX_BYTES } from '../../src/audit/limits.ts';
import { isPublic } from '../../src/audit/outbound/addresses.ts';
import { type OutboundAnswer, type OutboundSettings, send } from '../../src/audit/outbound/send.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Listens on all addresses of this machine, so that names and numbers of it lead here. */
async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  // Cast: a TCP server that listens has such an address.
  return (server.address() as AddressInfo).port;
}

function ask(url: string, settings: OutboundSettings, maxMs = 5_000): Promise<OutboundAnswer> {
  return send(settings, { url, method: 'POST', headers: {}, body: Buffer.from('asked'), maxMs });
}

/** A server over plain HTTP that notes the paths it was asked for. */
async function plain(answer: RequestListener): Promise<{ at: string; paths: string[] }> {
  const paths: string[] = [];
  const port = await listen(
    createServer((request, response) => {
      paths.push(request.url ?? '');
      answer(request, response);
    }),
  );
  return { at: `127.0.0.1:${port}`, paths };
}

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.1.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    'fc00::1',
    'fe80::1',
    'ff02::1',
    '2001:db8::1',
    '2002:a00:1::',
    '2001::1',
    'localhost',
    '',
  ])('%s is not public', (address) => {
    expect(isPublic(address)).toBe(false);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111'])('%s is public', (address) => {
    expect(isPublic(address)).toBe(true);
  });
});

describe('refused before anything is dialled', () => {
  it('this machine, by number and by name, unless that very port is listed', async () => {
    const { at, paths } = await plain((_, response) => response.end());
    const port = at.split(':')[1] ?? '';
    for (const url of [
      `https://${at}/`,
      `http://${at}/`,
      `http://localhost:${port}/`,
      `http://2130706433:${port}/`,
    ]) {
      const refused = expect(ask(url, { privateHosts: ['127.0.0.1:1'] }), url).rejects;
      await refused.toMatchObject({ code: 'outbound_refused' });
    }
    expect(paths).toEqual([]);
  });

  it('says which line of the settings would allow it', async () => {
    await expect(ask('https://10.0.0.1:8443/x?secret=1', { privateHosts: [] })).rejects.toThrow(
      'list 10.0.0.1:8443 in outboundPrivateHosts',
    );
    await expect(ask('https://10.0.0.1/x?secret=1', { privateHosts: [] })).rejects.not.toThrow('secret');
  });

  it.each(['https://169.254.169.254/', 'https://[::1]/', 'https://[::ffff:10.0.0.1]/', 'https://[fd00::1]/'])(
    '%s',
    async (url) => {
      await expect(ask(url, { privateHosts: [] })).rejects.toMatchObject({ code: 'outbound_refused' });
    },
  );

  it('without TLS: the Internet, and a listed host that is not this machine', async () => {
    for (const url of ['http://8.8.8.8/', 'http://10.0.0.1/']) {
      await expect(ask(url, { privateHosts: ['10.0.0.1:80', '8.8.8.8:80'] }), url).rejects.toThrow(
        'it is not https',
      );
    }
  });
});

describe('a listed host on this machine', () => {
  it('is asked, and a redirect is not followed', async () => {
    const { at, paths } = await plain((_, response) => {
      response.writeHead(307, { location: '/elsewhere' }).end('moved');
    });
    const answer = await ask(`http://${at}/first`, { privateHosts: [at] });
    expect([answer.status, answer.body.toString()]).toEqual([307, 'moved']);
    expect(paths).toEqual(['/first']);
  });

  it('that answers more than is read: an error, and no more is read', async () => {
    const answers = [OUTBOUND_ANSWER_MAX_BYTES, OUTBOUND_ANSWER_MAX_BYTES + 1];
    const { at } = await plain((_, response) => response.end(Buffer.alloc(answers.shift() ?? 0)));
    const settings = { privateHosts: [at] };
    expect((await ask(`http://${at}/`, settings)).body).toHaveLength(OUTBOUND_ANSWER_MAX_BYTES);
    await expect(ask(`http://${at}/`, settings)).rejects.toThrow('the answer has more than');
  });

  it('that never ends its answer: given up in time', async () => {
    const { at } = await plain((_, response) => response.write('begun'));
    const began = performance.now();
    await expect(ask(`http://${at}/`, { privateHosts: [at] }, 200)).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});

describe('over TLS', () => {
  it('only with a certificate of an authority that is believed, for the name that was asked', async () => {
    const { certificate, key } = await selfSigned('localhost');
    let asked = 0;
    const port = await listen(
      createTlsServer({ cert: certificate, key }, (_, response) => {
        asked += 1;
        response.end('told');
      }),
    );
    const privateHosts = [`localhost:${port}`, `127.0.0.1:${port}`];
    await expect(ask(`https://localhost:${port}/`, { privateHosts })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    const believed = { privateHosts, ca: certificate };
    await expect(ask(`https://127.0.0.1:${port}/`, believed)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(asked).toBe(0);
    expect((await ask(`https://localhost:${port}/`, believed)).body.toString()).toBe('told');
  });
});

async function selfSigned(name: string): Promise<{ certificate: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  // Cast: this algorithm makes a pair.
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
    ],
  });
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: certificate.toString('pem'), key: PemConverter.encode(der, 'PRIVATE KEY') };
}
