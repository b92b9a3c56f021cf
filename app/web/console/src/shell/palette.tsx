/* Find anything from anywhere: people, accounts, invoices, payments, screens. */

import { useDebouncedValue } from '@mantine/hooks';
import { createSpotlight, Spotlight } from '@mantine/spotlight';
import '@mantine/spotlight/styles.css';
import IconCash from '@tabler/icons-react/dist/esm/icons/IconCash.mjs';
import IconFileInvoice from '@tabler/icons-react/dist/esm/icons/IconFileInvoice.mjs';
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs';
import IconUser from '@tabler/icons-react/dist/esm/icons/IconUser.mjs';
import IconWifi from '@tabler/icons-react/dist/esm/icons/IconWifi.mjs';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useGet } from '../api/query';
import { useT, wordOrText } from '../i18n';
import type { Messages } from '../i18n/id';
import { usePlaces } from './shell';

type Found = { type: string; id: string; title: string; subtitle?: string | null };

const WHERE: Record<string, [string, typeof IconUser]> = {
	customer: ['/customers/', IconUser],
	subscription: ['/subscriptions/', IconWifi],
	invoice: ['/invoices/', IconFileInvoice],
	payment: ['/payments?search=', IconCash],
};

/* "Budi Santoso, active": of what follows a name the server's words are those of the person. */
function readable(t: Messages, { type, subtitle }: Found) {
	if (type === 'customer') return subtitle ?? undefined;
	const [name, ...more] = (subtitle ?? '').split(', ');
	return [name, ...more.map(part => wordOrText(t.v, part))].join(', ');
}

const [store, spotlight] = createSpotlight();

/* Mark the first of the list as the one that Enter opens, and open it if Enter came before the list. */
function chooseFirst(isOpened: boolean) {
	const list = document.getElementById(store.getState().listId);
	const all = [...(list?.querySelectorAll<HTMLElement>('[data-action]') ?? [])];
	for (const one of all) one.toggleAttribute('data-selected', one === all[0]);
	store.updateState(now => ({ ...now, selected: all.length > 0 ? 0 : -1 }));
	if (isOpened) all[0]?.click();
}

export function Palette({ opened }: { opened: number }) {
	const { t } = useT();
	const go = useNavigate();
	const [text, setText] = useState('');
	const [asked] = useDebouncedValue(text.trim(), 180);
	useEffect(() => {
		spotlight.open();
	}, [opened]);
	const isAsked = asked.length > 1 && /[\p{L}\p{N}]/u.test(asked);
	const found = useGet<Found[]>('/api/search', { q: asked }, { enabled: isAsked });
	const rows = (isAsked && found.data) || [];
	/* Until the answer to the last letter is here, the list is that of other letters. */
	const isCurrent =
		asked === text.trim() && !(isAsked && (found.isPending || found.isPlaceholderData));
	const isWaiting = useRef(false);
	useEffect(() => {
		if (!isCurrent || asked === '') return;
		chooseFirst(isWaiting.current);
		isWaiting.current = false;
	}, [isCurrent, asked, rows.length]);
	const waitForList = (event: KeyboardEvent) => {
		if (event.key !== 'Enter' || isCurrent) return;
		event.stopPropagation();
		event.preventDefault();
		isWaiting.current = true;
	};
	const things = rows.map(r => {
		const [base, Icon] = WHERE[r.type] ?? ['/', IconSearch];
		return {
			id: r.type + r.id,
			label: r.title,
			description: readable(t, r),
			leftSection: <Icon size={18} />,
			onClick: () =>
				void go({ to: base + (r.type === 'payment' ? encodeURIComponent(r.title) : r.id) }),
		};
	});
	const places = usePlaces()
		.filter(([, name]) => t.nav[name].toLowerCase().includes(text.toLowerCase()))
		.map(([to, name, Icon]) => ({
			id: to,
			label: t.nav[name],
			leftSection: <Icon size={18} />,
			onClick: () => void go({ to }),
		}));
	return (
		<Spotlight
			store={store}
			query={text}
			onQueryChange={next => {
				isWaiting.current = false;
				setText(next);
			}}
			filter={(_query, all) => all}
			actions={[...things, ...places]}
			shortcut={null}
			searchProps={{
				placeholder: t.w.searchAll,
				'aria-label': t.w.searchAll,
				leftSection: <IconSearch size={18} />,
				onKeyDownCapture: waitForList,
			}}
			nothingFound={found.isFetching ? t.w.loading : t.w.noneFound}
			scrollable
			maxHeight={420}
			attributes={{ content: { 'aria-label': t.w.searchAll } }}
			scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
		/>
	);
}
