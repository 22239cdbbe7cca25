const RESULT = Buffer.from('"result"');
const ERROR = Buffer.from('"error"');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * Whether a message is an answer: an object with a member `result` or `error` and none named `method`, at its top.
 *
 * Only for the ends of SSE streams: a stream that ended before its answer is resumed, one that ended after it is
 * not. The gateway reads the message properly; a wrong guess here costs a request that the server refuses.
 */
export function isAnswer(message: Buffer): boolean {
  // Most interim messages hold neither word, and the search is native.
  if (!message.includes(RESULT) && !message.includes(ERROR)) return false;
  let depth = 0;
  let answers = false;
  for (let at = 0; at < message.length; at += 1) {
    const byte = message[at];
    if (byte === QUOTE) {
      const end = endOfString(message, at);
      if (depth === 1 && nextToken(message, end + 1) === COLON) {
        const name = message.toString('latin1', at + 1, end);
        if (name === 'method') return false;
        if (name === 'result' || name === 'error') answers = true;
      }
      at = end;
    } else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return answers;
}

function endOfString(message: Buffer, start: number): number {
  let end = message.indexOf(QUOTE, start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (message[end - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = message.indexOf(QUOTE, end + 1);
  }
  return message.length;
}

function nextToken(message: Buffer, from: number): number | undefined {
  let at = from;
  while (message[at] === 0x20 || message[at] === 0x09 || message[at] === 0x0a || message[at] === 0x0d)
    at += 1;
  return message[at];
}
