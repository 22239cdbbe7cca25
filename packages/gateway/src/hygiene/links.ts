/** A string of a JSON text, with the colon behind it where it names a member. */
const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g;
/** The scheme of a link that a client or a model might follow. */
const SCHEME = /\b(?:http(s?)|ftp(s?)):\/\//gi;
const SCRIPT = /\b(javascript|vbscript):/gi;

/**
 * Makes links in texts so that nothing follows them, `hxxps://`, `javascript[:]`, and a person still reads them.
 *
 * @param json text of a JSON value that has been scanned
 * @param only names of members whose texts are meant; undefined for all
 * @returns the very same text where it has no links
 */
export function defang(json: string, only: ReadonlySet<string> | undefined): { json: string; links: number } {
  let links = 0;
  let key = '';
  const changed = json.replace(STRING, (literal: string, colon: string | undefined) => {
    if (colon !== undefined) {
      if (only !== undefined) key = decoded(literal.slice(0, literal.length - colon.length));
      return literal;
    }
    if (only !== undefined && !only.has(key)) return literal;
    const text = decoded(literal);
    const harmless = text
      .replace(SCHEME, (link) => {
        links += 1;
        return link.replace(/t/gi, 'x');
      })
      .replace(SCRIPT, (_link, scheme: string) => {
        links += 1;
        return `${scheme}[:]`;
      });
    return harmless === text ? literal : JSON.stringify(harmless);
  });
  return links === 0 ? { json, links } : { json: changed, links };
}

function decoded(literal: string): string {
  // Cast: a literal of a scanned text is a JSON string.
  return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}
