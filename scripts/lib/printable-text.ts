// Text of a file or an answer that may come from anybody, as it is printed: nothing in it moves the cursor, hides what follows, ends
// a line or changes the direction of the text.

/** Control and format characters, and separators of lines. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** One line. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\u{fffd}');
}

/** Lines of this project's own, with values in them that end none. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON with the same meaning; without this it escapes only some of them. */
export function printableJson(value: unknown): string {
  const escaped = (character: string) =>
    Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`);
  // Line ends are between values only: in strings they are escaped already.
  return JSON.stringify(value, null, 2).replaceAll(UNPRINTABLE, (character) =>
    character === '\n' ? character : escaped(character).join(''),
  );
}
