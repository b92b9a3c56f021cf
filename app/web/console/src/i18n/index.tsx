/* Two languages, as typed dictionaries: a missing sentence does not compile. */
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { en } from './en';
import { id, type Messages } from './id';

export type Lang = 'id' | 'en';
const table: Record<Lang, Messages> = { id, en };
const Context = createContext<{ t: Messages; lang: Lang; setLang(lang: Lang): void }>({
	t: id,
	lang: 'id',
	setLang: () => {},
});
export const useT = () => useContext(Context);

const first = (): Lang => {
	const kept = localStorage.getItem('lang');
	if (kept === 'id' || kept === 'en') return kept;
	return navigator.language.startsWith('en') ? 'en' : 'id';
};

export function Language({ children }: { children: ReactNode }) {
	const [lang, setLang] = useState<Lang>(first);
	useEffect(() => {
		document.documentElement.lang = lang;
		localStorage.setItem('lang', lang);
	}, [lang]);
	return <Context.Provider value={{ t: table[lang], lang, setLang }}>{children}</Context.Provider>;
}

/* A word of a group by a name that comes from the server; the name itself when there is none. */
export const word = (group: Record<string, unknown>, name: string) =>
	typeof group[name] === 'string' ? (group[name] as string) : name.replaceAll('_', ' ');
