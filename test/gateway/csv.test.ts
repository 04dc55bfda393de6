// CSV that spreadsheets open: no text that a visitor or an operator wrote becomes a formula, in any locale.

import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csvLine, originalText } from '../../worker/http/csv.ts';

const cell = fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n;|,"\' aZ1＝＋－＠'), maxLength: 12 });
const cells = fc.array(cell, { minLength: 1, maxLength: 5 });

it('every cell is quoted, and its text can be restored', () => {
  fc.assert(
    fc.property(cells, (written) => {
      const line = csvLine(written);
      expect([line.at(0), line.slice(-3)]).toEqual(['"', '"\r\n']);
      const [read = []] = parse(line, { relax_column_count: true }) as string[][];
      expect(read.map(originalText)).toEqual(written);
    }),
    { numRuns: 2_000 },
  );
});

it('no cell starts like a formula, also where another locale ends cells elsewhere and ignores the quotes', () => {
  const FORMULA = /^["\s]*[=+\-@＝＋－＠]/;
  fc.assert(
    fc.property(cells, (written) => {
      const line = csvLine(written);
      const [read = []] = parse(line, { relax_column_count: true }) as string[][];
      expect(read.filter((text) => FORMULA.test(text))).toEqual([]);
      for (const separator of [';', '|', '\t', '\n', '\r']) {
        expect(line.split(separator).filter((text) => FORMULA.test(text))).toEqual([]);
      }
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
  ['a;=1+1', `"a;'=1+1"`],
  ['a;"=1+1"', `"a;'""=1+1"""`],
  ['{"delta":-1}', '"{""delta"":-1}"'],
  ["'=1", `"''=1"`],
])('%s', (text, expected) => {
  expect(csvLine([text])).toBe(`${expected}\r\n`);
});
