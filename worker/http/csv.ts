// Cells and lines of CSV (RFC 4180) for spreadsheets. Every cell is quoted. A spreadsheet runs a cell that starts like a
// formula, so an apostrophe makes it text (OWASP, CSV Injection): at the start of a cell, and after each character that another
// locale's spreadsheet takes for the end of one, because it then ignores the quotes.

/** Between a start of a cell and a formula: what spreadsheets skip, and apostrophes, so that the original can be restored. */
const FORMULA = /(?=["'\s]*[=+\-@\t\r\n＝＋－＠])/;
const CELL_START = /(?<=^|[;|\t\r\n])/;

const UNSAFE = new RegExp(CELL_START.source + FORMULA.source, 'gu');
const DEFUSED = new RegExp(`${CELL_START.source}'${FORMULA.source}`, 'gu');

export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => `"${defused(String(cell)).replaceAll('"', '""')}"`).join(',')}\r\n`;
}

/** The text of a cell that `csvLine` wrote, once it is out of its quotes. */
export function originalText(cell: string): string {
  return cell.replace(DEFUSED, '');
}

function defused(text: string): string {
  return text.replace(UNSAFE, "'");
}
