/** Names listed in one message. */
const LISTED_MAX = 12;
/** Characters of a name that a server chose: it may be as long as a definition. */
const NAME_MAX = 64;

/** A name that a server chose, for a message that people read: what doesn't show itself is spelled out. */
export function shownName(name: string): string {
  const short = name.length > NAME_MAX ? `${name.slice(0, NAME_MAX)}…` : name;
  return short
    .toWellFormed()
    .replace(/[^\p{L}\p{N}\p{P}\p{S} ]|[\p{Default_Ignorable_Code_Point}]/gu, (character) => {
      return `⟦U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟧`;
    });
}

/** The first of several names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length > LISTED_MAX ? ` and ${names.length - LISTED_MAX} more` : '';
  return `${names.slice(0, LISTED_MAX).map(shownName).join(', ')}${more}`;
}
