/** The forms that masked values have (actions.ts): `[PAN]`, `[PAN:h:…]`, `[PAN:t:…]`, `[NAME:****text]`. */
const MASKED = /^\[[A-Z0-9_ -]+(?::[ht]:[A-Za-z]+|:\*+[^\s\]]{0,10})?\](?:#\d+)?$/;

/** Whether a span is a masked form already, so that rules about whole values leave it. */
export function isMasked(b: Uint8Array, from: number, to: number): boolean {
  if (b[from] !== 0x5b || to - from > 140) return false;
  return MASKED.test(Buffer.from(b.buffer, b.byteOffset + from, to - from).toString('latin1'));
}

/** Whether a span lies inside a masked form: `[PAN]` must not be masked again by a rule for capitals. */
export function insideMask(b: Uint8Array, floor: number, from: number, to: number): boolean {
  let open = from;
  while (open > floor && from - open < 100 && b[open] !== 0x5b && b[open] !== 0x20) open -= 1;
  if (b[open] !== 0x5b) return false;
  let close = to;
  while (close < b.length && close - to < 100 && b[close - 1] !== 0x5d) close += 1;
  return isMasked(b, open, close);
}

/** Start of the masked form that ends with the bracket at `close`; -1 where there is none. */
export function maskedFormStart(b: Uint8Array, floor: number, close: number): number {
  let open = close - 1;
  while (open >= floor && close - open < 130 && b[open] !== 0x5b && b[open] !== 0x5d) open -= 1;
  return open >= floor && b[open] === 0x5b && isMasked(b, open, close + 1) ? open : -1;
}

/** End of the masked form that begins with the bracket at `open`; -1 where there is none. */
export function maskedFormEnd(b: Uint8Array, open: number, to: number): number {
  let close = open + 1;
  while (close < to && close - open < 130 && b[close] !== 0x5d) close += 1;
  return close < to && isMasked(b, open, close + 1) ? close + 1 : -1;
}
