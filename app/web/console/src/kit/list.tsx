/*
 * List: a page of an address as a table, cards on a phone.
 *
 * Search, filters, sort and page stand in the address bar (or, with `local`, in memory).  Columns
 * are names of fields, or objects where the name does not say enough.  `open` makes rows lead to
 * their screen; `bulk` gives check boxes and acts for what is chosen.
 */
import { Card, Group, Pagination, Text } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import type { Query } from '../api/client';
import { useGet } from '../api/query';
import type { Loose, Page } from '../api/types';
import { useT } from '../i18n';
import type { Choice } from './bulk';
import { type Filter, FilterBar } from './filter';
import { number, rupiah } from './format';
import classes from './list.module.css';
import { type Column, Rows } from './rows';
import { clean, type Search, useLocal, useUrl } from './state-url';

export type ListProps<T extends Loose> = {
	path: string;
	label: string;
	columns: (string | Column<T>)[];
	fixed?: Query;
	filters?: Filter[];
	search?: boolean;
	sort?: string;
	csv?: string;
	bar?: ReactNode;
	open?(row: T): string;
	rowAct?(row: T): ReactNode;
	bulk?(choice: Choice): ReactNode;
	empty?: ReactNode;
	local?: boolean;
	every?: number;
	perPage?: number;
};

const PER_PAGE = 20;

export function List<T extends Loose>(props: ListProps<T>) {
	const url = useUrl();
	const memory = useLocal();
	const [state, setState] = props.local ? memory : url;
	const query = queryOf(props, state);
	const read = useGet<Page<T>>(props.path, query, { every: props.every });
	const [chosen, setChosen] = useState(new Map<string, string>());
	/* The last row of the last page was paid, or an old address is opened: the page before is shown. */
	const page = read.data?.current_page ?? 1;
	const isBeyond = page > 1 && read.data?.data.length === 0;
	useEffect(() => {
		const last = Math.min(page - 1, read.data?.last_page ?? 1);
		if (isBeyond) setState({ page: last > 1 ? String(last) : undefined }, true);
	}, [isBeyond, page]);
	return (
		<>
			<FilterBar
				filters={props.filters ?? []}
				search={props.search}
				state={state}
				onChange={patch => {
					/* Rows that the new filter hides are not acted upon unseen. */
					setChosen(new Map());
					setState({ ...patch, page: undefined }, 'search' in patch);
				}}
				bar={props.bar}
				csv={props.csv ? { path: props.path, query, name: props.csv } : undefined}
			/>
			{chosen.size > 0 &&
				props.bulk?.({
					of: chosen,
					set: setChosen,
					path: props.path,
					query: { ...query, page: undefined },
					total: read.data?.total ?? 0,
				})}
			<Card withBorder padding={0} className={classes.frame}>
				<Rows
					{...props}
					rows={isBeyond ? undefined : read.data?.data}
					error={read.error}
					retry={() => void read.refetch()}
					isOld={read.isPlaceholderData}
					sorted={state.sort ?? props.sort}
					onSort={sort => setState({ sort, page: undefined })}
					isShortSearch={state.search !== undefined && !/[\p{L}\p{N}]{3}/u.test(state.search)}
					isFiltered={
						Object.keys(clean({ ...state, tab: undefined, page: undefined, sort: undefined }))
							.length > 0
					}
					chosen={props.bulk ? chosen : undefined}
					onChoose={setChosen}
				/>
			</Card>
			{read.data && !isBeyond && (
				<Foot
					page={read.data}
					onPage={page => setState({ page: page > 1 ? String(page) : undefined })}
				/>
			)}
		</>
	);
}

const asMoment = (value: string | undefined, moment: Filter['moment']) =>
	value && moment
		? new Date(`${value}T${moment === 'first' ? '00:00:00' : '23:59:59.999'}`).toISOString()
		: value;

function queryOf<T extends Loose>(props: ListProps<T>, state: Search): Query {
	const names = new Set(['page', 'sort', 'search', ...(props.filters ?? []).map(f => f.key)]);
	const moments = new Map(props.filters?.map(f => [f.key, f.moment]));
	const given = Object.entries(state)
		.filter(([name]) => names.has(name))
		.map(([name, value]) => [name, asMoment(value, moments.get(name))]);
	return {
		per_page: props.perPage ?? PER_PAGE,
		sort: props.sort,
		...Object.fromEntries(given),
		...props.fixed,
	};
}

function Foot<T>({ page, onPage }: { page: Page<T>; onPage(page: number): void }) {
	const { t } = useT();
	const from = (page.current_page - 1) * page.per_page + 1;
	const to = Math.min(from + page.per_page - 1, page.total);
	if (page.total === 0) return null;
	const total = (page.total_is_estimate ? `${t.w.about} ` : '') + number(page.total);
	return (
		<Group justify="space-between" mt="sm" gap="xs">
			<Text fz="sm" c="dimmed" className="numbers">
				{t.w.of(number(from), number(to), total)}
				{page.sum_amount !== undefined && ` · ${t.w.sum} ${rupiah(page.sum_amount)}`}
			</Text>
			{page.last_page > 1 && (
				<Pagination
					size="sm"
					total={page.last_page}
					value={page.current_page}
					onChange={onPage}
					siblings={0}
					boundaries={1}
					getItemProps={n => ({ 'aria-label': String(n) })}
					getControlProps={c => ({ 'aria-label': c })}
				/>
			)}
		</Group>
	);
}
