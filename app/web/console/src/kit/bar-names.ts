/* Names under the bars of a chart, within its width. */

/* At 11 pixels, letters need some 7 in a row; in short lines 6, as their blanks are left out. */
const LETTER = 7;
const LETTER_OF_LINE = 6;
const GAP = 10;
const GAP_OF_LINES = 4;
const FEWEST_LETTERS = 5;
/* A line of several words is measured: "Mar 26" is as wide as "Di atas", which has a letter more. */
const widthOf = (line: string) =>
	[...line].reduce((sum, c) => sum + (/[ijltfrI .,:–-]/.test(c) ? 4 : /[MWmw]/.test(c) ? 9 : 7), 0);

/* Names in one line if all have room; else in several, with words cut that are too long.  Close bars,
 * under which five letters of a word would touch, get some of their names: one in so many days. */
export function barNames(names: string[], width: number): string[] {
	const room = Math.max(1, width) / Math.max(1, names.length);
	const longest = Math.max(4, ...names.map(n => n.length));
	if (GAP + LETTER * longest <= room) return names;
	const letters = Math.floor((room - GAP_OF_LINES) / LETTER_OF_LINE);
	/* Names of as many letters break alike: of twelve months nine had two lines, and three had one. */
	const fits = (line: string) =>
		[line, ...names.filter(n => n.length === line.length)].every(
			like => widthOf(like) + GAP_OF_LINES <= room,
		);
	if (letters >= FEWEST_LETTERS) return names.map(name => inLines(name, letters, fits));
	const every = Math.ceil((GAP + LETTER * longest) / room);
	return names.map((name, i) => (i % every === 0 ? name : ''));
}

function inLines(name: string, letters: number, fits: (line: string) => boolean) {
	const lines: string[] = [];
	for (const word of name.split(' ')) {
		const short = word.length > letters ? `${word.slice(0, letters - 2)}…` : word;
		const last = lines.at(-1);
		const joined = `${last} ${short}`;
		if (last !== undefined && fits(joined)) lines[lines.length - 1] = joined;
		else lines.push(short);
	}
	return lines.join('\n');
}
