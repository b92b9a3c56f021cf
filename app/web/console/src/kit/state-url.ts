/* The state of a list or of tabs, kept in the address: back, reload and sharing keep it. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

export type Search = Record<string, string | undefined>;

export function useUrl(): [Search, (patch: Search, replace?: boolean) => void] {
	const search = useSearch({ strict: false }) as Search;
	const navigate = useNavigate();
	return [
		search,
		(patch, replace = false) =>
			void navigate({
				to: '.',
				search: ((now: Search) => clean({ ...now, ...patch })) as never,
				replace,
				resetScroll: false,
			}),
	];
}

/* The same for a list inside another screen, which leaves the address alone. */
export function useLocal(): [Search, (patch: Search) => void] {
	const [state, setState] = useState<Search>({});
	return [state, patch => setState(now => clean({ ...now, ...patch }))];
}

export const clean = (search: Search): Search =>
	Object.fromEntries(Object.entries(search).filter(([, v]) => v !== undefined && v !== ''));
