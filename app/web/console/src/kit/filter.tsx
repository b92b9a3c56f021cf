/* The line above a list: search, filters, CSV. */
import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs';
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs';
import IconX from '@tabler/icons-react/dist/esm/icons/IconX.mjs';
import { type ReactNode, useEffect, useState } from 'react';
import { download, type Query } from '../api/client';
import { useT, word } from '../i18n';
import classes from './list.module.css';
import { type Reference, useReference } from './reference';
import type { Search } from './state-url';
import { useToast } from './toast';

export type Filter = {
	key: string;
	label?: string;
	among?: string[];
	yes?: boolean;
	day?: boolean;
	/* The server compares moments: the day's first or last. */
	moment?: 'first' | 'last';
	reference?: Reference;
	nameOf?(choice: string): string;
};

type Bar = {
	filters: Filter[];
	search?: boolean;
	state: Search;
	onChange(patch: Search): void;
	csv?: { path: string; query: Query; name: string };
	/* Content of the right end: acts of a list inside a tab. */
	bar?: ReactNode;
};

/* On a phone, more than two filters stand in two columns; one or two fit beside the search. */
const FEWEST_IN_COLUMNS = 3;

export function FilterBar({ filters, search, state, onChange, csv, bar }: Bar) {
	const { t } = useT();
	const toast = useToast();
	if (!search && filters.length === 0 && !csv && !bar) return null;
	const days = filters.filter(f => f.day);
	const isFiltered = filters.some(f => state[f.key]) || !!state.search;
	const save = () => {
		if (csv)
			download(
				csv.path,
				{ ...csv.query, page: undefined, per_page: undefined },
				`${csv.name}.csv`,
			).catch(toast.error);
	};
	const one = (f: Filter) => (
		<OneFilter
			key={f.key}
			filter={f}
			value={state[f.key] ?? ''}
			onChange={v => onChange({ [f.key]: v || undefined })}
		/>
	);
	return (
		<Group
			mb="sm"
			gap="xs"
			align="end"
			className={filters.length >= FEWEST_IN_COLUMNS ? classes.columns : undefined}
		>
			{search && (
				<SearchBox
					value={state.search ?? ''}
					onChange={v => onChange({ search: v || undefined })}
				/>
			)}
			{filters.filter(f => !f.day).map(one)}
			{/* The first and the last day stay beside each other. */}
			{days.length > 0 && (
				<Group gap="xs" align="end" wrap="nowrap" data-row>
					{days.map(one)}
				</Group>
			)}
			{isFiltered && (
				<Button
					size="xs"
					variant="subtle"
					color="gray"
					leftSection={<IconX size={14} />}
					onClick={() =>
						onChange({
							search: undefined,
							...Object.fromEntries(filters.map(f => [f.key, undefined])),
						})
					}
				>
					{t.a.clear}
				</Button>
			)}
			<Group gap="xs" ml="auto" data-end={bar ? 'row' : 'half'}>
				{csv && (
					<Button
						size="xs"
						variant="default"
						leftSection={<IconDownload size={14} />}
						onClick={save}
					>
						{t.a.csv}
					</Button>
				)}
				{bar}
			</Group>
		</Group>
	);
}

const isSearch = (text: string) => text === '' || /[\p{L}\p{N}]/u.test(text);

function SearchBox({ value, onChange }: { value: string; onChange(v: string): void }) {
	const { t } = useT();
	const [text, setText] = useState(value);
	/* A text without a letter or a digit is not searched. */
	const tell = useDebouncedCallback((v: string) => isSearch(v) && onChange(v), 250);
	useEffect(() => setText(value), [value]);
	return (
		<TextInput
			size="xs"
			flex="1 1 200px"
			maw={{ sm: 340 }}
			wrapperProps={{ 'data-row': true }}
			type="search"
			placeholder={t.w.search}
			aria-label={t.w.search}
			leftSection={<IconSearch size={14} />}
			value={text}
			onChange={e => {
				setText(e.currentTarget.value);
				tell(e.currentTarget.value);
			}}
		/>
	);
}

type One = { filter: Filter; value: string; onChange(v: string): void };

function OneFilter({ filter, value, onChange }: One) {
	const { t } = useT();
	const label = filter.label ?? word(t.f, filter.key);
	if (filter.day)
		return (
			<TextInput
				size="xs"
				type="date"
				label={label}
				value={value}
				onChange={e => onChange(e.currentTarget.value)}
				styles={{ label: { fontSize: 11, lineHeight: 1.2, fontWeight: 400 } }}
			/>
		);
	if (filter.reference)
		return <ReferenceFilter filter={filter} value={value} onChange={onChange} />;
	const among = filter.yes ? ['1', '0'] : (filter.among ?? []);
	const name = (v: string) =>
		filter.yes ? (v === '1' ? t.w.yes : t.w.no) : (filter.nameOf?.(v) ?? word(t.v, v));
	return (
		<NativeSelect
			size="xs"
			aria-label={label}
			value={value}
			onChange={e => onChange(e.currentTarget.value)}
			data={[
				{ value: '', label: `${label}: ${t.w.all}` },
				...among.map(v => ({ value: v, label: name(v) })),
			]}
		/>
	);
}

function ReferenceFilter({ filter, value, onChange }: One) {
	const { t } = useT();
	const rows = useReference(filter.reference!, '');
	const label = filter.label ?? word(t.f, filter.key);
	return (
		<NativeSelect
			size="xs"
			maw={{ sm: 200 }}
			aria-label={label}
			value={value}
			onChange={e => onChange(e.currentTarget.value)}
			data={[
				{ value: '', label: `${label}: ${t.w.all}` },
				...rows.map(r => ({ value: r.id, label: filter.reference!.label(r) })),
			]}
		/>
	);
}
