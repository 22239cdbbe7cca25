/**
 * What a reader would not see, or would take for something else: control characters but the line feed and the tab,
 * format characters (bidi controls, zero width, tags), private use, unassigned, ignorable ones, white space other than
 * the space. What makes an emoji of pictures is seen.
 */
const UNSEEN =
  /(?![\n\t ])(?!(?<=\p{ExtPict})\ufe0f)(?!(?<=\p{ExtPict}|\p{EMod}|\ufe0f)\u200d(?=\p{ExtPict}))(?:[\p{C}\p{Z}\u2800]|\p{DI})/gu;
/** White space that is seen, if not for what it is. */
const SPACE = /\p{Zs}/gu;
/** Letters of scripts that have look-alikes of Latin letters. */
const CONFUSABLE =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}\uff00-\uffef\u{1d400}-\u{1d7ff}]/gu;
const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
const LATIN = /\p{Script=Latin}/u;

/** A text with all that hides in it spelled out, `⟦U+202E⟧`, so that what a reviewer reads is what a model gets. */
export function visible(text: string): string {
  const mixed = text.replace(WORD, (word) =>
    LATIN.test(word) || isMathematical(word)
      ? word.replace(CONFUSABLE, (letter) => `${letter}${named(letter)}`)
      : word,
  );
  return mixed.replace(UNSEEN, (character) => {
    const tag = tagOf(character);
    return tag === undefined ? named(character) : `⟦tag ${tag}⟧`;
  });
}

/** What of a text hides: how many characters of which sort. */
export function hidden(text: string): { unseen: number; confusable: number } {
  let confusable = 0;
  for (const [word] of text.matchAll(WORD)) {
    if (LATIN.test(word) || isMathematical(word)) confusable += word.match(CONFUSABLE)?.length ?? 0;
  }
  return { unseen: text.replace(SPACE, ' ').match(UNSEEN)?.length ?? 0, confusable };
}

function isMathematical(word: string): boolean {
  return /[\uff00-\uffef\u{1d400}-\u{1d7ff}]/u.test(word);
}

function named(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return `⟦U+${point.toString(16).toUpperCase().padStart(4, '0')}⟧`;
}

/** Tag characters spell ASCII that no screen shows, and that models read. */
function tagOf(character: string): string | undefined {
  const point = (character.codePointAt(0) ?? 0) - 0xe0000;
  return point >= 0x20 && point <= 0x7e ? String.fromCharCode(point) : undefined;
}
