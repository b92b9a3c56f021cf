/* Words that no screen says any more are taken out of both languages. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { id } from './id';
import { word, wordOrText } from './index';

const SOURCE = join(__dirname, '..');
const files = (dir: string): string[] =>
	readdirSync(dir).flatMap(name => {
		const path = join(dir, name);
		if (statSync(path).isDirectory()) return name === 'i18n' ? [] : files(path);
		return /(?<!test)\.tsx?$/.test(name) && name !== 'schema.d.ts' ? [path] : [];
	});
const source = files(SOURCE)
	.map(path => readFileSync(path, 'utf8'))
	.join('\n');

/* An act is named by its key; a step and a period come from the server. */
const isSaid = (group: string, key: string) =>
	new RegExp(`\\bt\\.${group}\\.${key}\\b`).test(source) ||
	(group === 'a' && new RegExp(`(key:|verb\\()[^,]*'${key}'`).test(source)) ||
	(group === 'nav' && new RegExp(`'/${key}'|key: '${key}'`).test(source)) ||
	(group === 'w' && /^(step|period)_/.test(key));

it.each(['nav', 'a', 'c', 'n', 'w'] as const)('every word of %s is on a screen', group => {
	expect(Object.keys(id[group]).filter(key => !isSaid(group, key))).toEqual([]);
});

/* Names of fields and settings that were taken out of the API are taken out here, too. */
const known = `${source}${readFileSync(join(SOURCE, 'api/schema.d.ts'), 'utf8')}`;
it.each(['f', 's'] as const)('every name of %s is one of the API or of a screen', group => {
	expect(Object.keys(id[group]).filter(key => !new RegExp(`\\b${key}\\b`).test(known))).toEqual([]);
});

/* Bug: reports showed the user budi_s@example.com as "budi s@example.com". */
it('a typed text is no word of the server', () => {
	expect(wordOrText(id.v, 'cash')).toBe('Tunai');
	expect(wordOrText(id.v, 'budi_s@example.com')).toBe('budi_s@example.com');
	expect(word(id.v, 'new_state')).toBe('new state');
});
