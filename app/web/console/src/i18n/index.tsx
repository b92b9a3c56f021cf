/*
 * Two languages, as typed dictionaries: a missing sentence does not compile.  Only the language in
 * use is loaded.
 */
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import type { Messages } from './id';

export type Lang = 'id' | 'en';
const load: Record<Lang, () => Promise<Messages>> = {
	id: () => import('./id').then(m => m.id),
	en: () => import('./en').then(m => m.en),
};
type Said = { t: Messages; lang: Lang };
const Context = createContext<(Said & { setLang(lang: Lang): void }) | undefined>(undefined);
export const useT = () => useContext(Context)!;

const first = (): Lang => {
	const kept = localStorage.getItem('lang');
	if (kept === 'id' || kept === 'en') return kept;
	return navigator.language.startsWith('en') ? 'en' : 'id';
};

export async function loadLanguage(lang: Lang = first()): Promise<Said> {
	return { lang, t: await load[lang]() };
}

export function Language({ start, children }: { start: Said; children: ReactNode }) {
	const [said, setSaid] = useState(start);
	useEffect(() => {
		document.documentElement.lang = said.lang;
		localStorage.setItem('lang', said.lang);
	}, [said.lang]);
	const setLang = (lang: Lang) => void loadLanguage(lang).then(setSaid);
	return <Context.Provider value={{ ...said, setLang }}>{children}</Context.Provider>;
}

/* A text that may be a word of the server's, or what a person typed: that stays as it is. */
export const wordOrText = (group: Record<string, unknown>, text: string) =>
	Object.hasOwn(group, text) ? word(group, text) : text;

/* A word of a group by a name that comes from the server; the name itself when there is none. */
export const word = (group: Record<string, unknown>, name: string) =>
	typeof group[name] === 'string' ? (group[name] as string) : name.replaceAll('_', ' ');
