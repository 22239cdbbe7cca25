import type { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { errorText } from '@sallyport/shared/errors';
import { formatAddress, type GatewayAddress } from '../../config/index.ts';
import { fetchChain, type Identity, sha256, verifyChain } from '../../enrol/index.ts';
import { CLOCK_DIFFERENCE_MAX_MS, ENROL_TIMEOUT_MS } from '../../limits.ts';
import { bad, type Check, good } from './check.ts';

/** Whom this agent trusts: by its certificate's authority, or by the fingerprint in a token. */
export interface Trust {
  readonly identity: Identity | undefined;
  readonly fingerprints: readonly string[];
}

/** From the name to the clock of one gateway address; later checks are left out where an earlier one failed. */
export async function checkGateway(address: GatewayAddress, trust: Trust): Promise<Check[]> {
  const where = formatAddress(address);
  const checks: Check[] = [await checkName(address, where)];
  if (!passed(checks)) return checks;
  checks.push(await checkPort(address, where));
  if (!passed(checks)) return checks;
  const { check, authorityPem } = await checkTls(address, where, trust);
  checks.push(check);
  if (authorityPem !== undefined) checks.push(await checkClock(where, authorityPem));
  return checks;
}

function passed(checks: readonly Check[]): boolean {
  return checks.every((check) => check.ok);
}

async function checkName({ host }: GatewayAddress, where: string): Promise<Check> {
  const name = `name of ${where}`;
  try {
    const found = await lookup(host, { all: true });
    return good(name, `${host} is ${found.map((each) => each.address).join(', ')}`);
  } catch (cause) {
    const cure = 'Check the spelling in agent.yaml, and that this machine asks the right name server.';
    return bad(name, `${host} is not known here (${errorText(cause)})`, cure);
  }
}

function checkPort({ host, port }: GatewayAddress, where: string): Promise<Check> {
  const name = `port of ${where}`;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (check: Check): void => {
      socket.destroy();
      resolve(check);
    };
    socket.setTimeout(ENROL_TIMEOUT_MS, () =>
      end(
        bad(
          name,
          'nothing answers',
          'A firewall may drop the connection: allow this machine to dial out to it.',
        ),
      ),
    );
    socket.once('connect', () => end(good(name, 'a connection opens')));
    socket.once('error', (error) => {
      const cure =
        "Check that the gateway runs, that this is its tunnel's port (not its web port), and the firewall.";
      end(bad(name, errorText(error), cure));
    });
  });
}

async function checkTls(
  address: GatewayAddress,
  where: string,
  trust: Trust,
): Promise<{ check: Check; authorityPem?: string }> {
  const name = `certificate of ${where}`;
  let chain: X509Certificate[];
  try {
    chain = await fetchChain(address);
  } catch (cause) {
    const cure =
      "Is this the gateway's tunnel port? Something in between may also break TLS open; it must not.";
    return { check: bad(name, errorText(cause), cure) };
  }
  if (trust.fingerprints.length === 0) {
    const found = 'TLS works; whom to trust is not known before enrolment';
    return { check: good(name, found) };
  }
  const shown = chain.map(sha256);
  const known =
    trust.fingerprints.find((fingerprint) => shown.includes(fingerprint)) ?? trust.fingerprints[0] ?? '';
  try {
    const authorityPem = verifyChain(chain, known, address);
    return {
      check: good(name, "it is the gateway's, signed by the authority this agent trusts"),
      authorityPem,
    };
  } catch (cause) {
    return { check: bad(name, errorText(cause), 'If the gateway was set up anew, enrol this agent again.') };
  }
}

/** Every answer of an HTTP/2 server bears its date. The path is one that no gateway has, so nothing is done. */
function checkClock(where: string, authorityPem: string): Promise<Check> {
  const name = `clock of ${where}`;
  return new Promise((resolve) => {
    const session = connectHttp2(`https://${where}`, { ca: authorityPem });
    const end = (check: Check): void => {
      session.destroy();
      resolve(check);
    };
    const unknown = (): void => end(good(name, 'the gateway does not tell its time; not compared'));
    session.setTimeout(ENROL_TIMEOUT_MS, unknown);
    session.once('error', unknown);
    const request = session.request({
      ':method': 'POST',
      ':path': '/sallyport.doctor/Clock',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    request.once('error', unknown);
    request.once('response', (headers) => {
      const theirs = Date.parse(headers.date ?? '');
      if (Number.isNaN(theirs)) unknown();
      else end(compareClocks(name, Date.now() - theirs));
    });
    request.end();
  });
}

function compareClocks(name: string, differenceMs: number): Check {
  const seconds = Math.round(Math.abs(differenceMs) / 1000);
  if (Math.abs(differenceMs) <= CLOCK_DIFFERENCE_MAX_MS) return good(name, `differs by ${seconds} s`);
  const which = differenceMs > 0 ? 'ahead of' : 'behind';
  const cure = 'Set both by NTP: certificates are only valid between two times.';
  return bad(name, `this machine is ${seconds} s ${which} the gateway`, cure);
}
