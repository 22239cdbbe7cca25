import { hostname } from 'node:os';
import { cefLine, type Leaf, ocsfEvent } from '@sallyport/shared/audit-events';

/** Security and authorisation messages; informational, or a warning where something was refused (RFC 5424, 6.2.1). */
const FACILITY = 13;
const INFORMATIONAL = 6;
const WARNING = 4;
const HOST =
  hostname()
    .replace(/[^\x21-\x7e]/g, '-')
    .slice(0, 255) || '-';

/** One entry as a syslog message (RFC 5424), framed by its length (RFC 5425, 4.3). */
export function frameOf(leafText: string, leafHash: string, format: 'cef' | 'ocsf'): Buffer {
  const leaf = JSON.parse(leafText) as Leaf; // the log's own canonical JSON of an entry
  const refused = leaf.decision?.effect === 'deny' || leaf.kind.endsWith('.failure');
  const priority = FACILITY * 8 + (refused ? WARNING : INFORMATIONAL);
  const text = format === 'cef' ? cefLine(leaf, leafHash) : JSON.stringify(ocsfEvent(leaf, leafHash));
  // The mark says that the text is UTF-8 (RFC 5424, 6.4).
  const message = Buffer.from(
    `<${priority}>1 ${leaf.ts} ${HOST} sallyport - ${kindId(leaf.kind)} - \ufeff${text}`,
  );
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** MSGID: 32 printable characters at most. */
function kindId(kind: string): string {
  return kind.replace(/[^\x21-\x7e]/g, '-').slice(0, 32) || '-';
}
