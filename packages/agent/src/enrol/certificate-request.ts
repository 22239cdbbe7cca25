import { generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';

// DER of a PKCS #10 request (RFC 2986 §4) with one name and no attributes. Written out here, because the X.509
// library that could do it weighs 12 MB resident for the life of the process (a thread of its own kept 10 of them),
// an eighth of what the agent may weigh. The tests read the result with that library.
const SEQUENCE = 0x30;
const SET = 0x31;
const UTF8_STRING = 0x0c;
const BIT_STRING = 0x03;
const NO_ATTRIBUTES = Buffer.from([0xa0, 0x00]);
const VERSION_0 = Buffer.from([0x02, 0x01, 0x00]);
/** 2.5.4.3 */
const OID_COMMON_NAME = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03]);
/** 1.2.840.10045.4.3.2 */
const OID_ECDSA_SHA256 = Buffer.from([0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);

/** A new P-256 key and a certificate signing request for it. The key leaves this process only into the state file. */
export async function createRequest(agentName: string): Promise<{ keyPem: string; csrDer: Buffer }> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const commonName = der(SEQUENCE, OID_COMMON_NAME, der(UTF8_STRING, Buffer.from(agentName)));
  const name = der(SEQUENCE, der(SET, commonName));
  const keyInfo = publicKey.export({ format: 'der', type: 'spki' });
  const info = der(SEQUENCE, VERSION_0, name, keyInfo, NO_ATTRIBUTES);
  const signature = sign('sha256', info, privateKey);
  const csrDer = der(
    SEQUENCE,
    info,
    der(SEQUENCE, OID_ECDSA_SHA256),
    der(BIT_STRING, Buffer.from([0]), signature),
  );
  return { keyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), csrDer };
}

/** One DER value: tag, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}
