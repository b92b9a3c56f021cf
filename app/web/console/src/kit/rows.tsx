/*
 * Rows as a table, cards on a phone.  Columns are names of fields, or objects where the name does
 * not say enough.  `open` makes rows lead to their screen.
 */
import {
	Alert,
	Button,
	Checkbox,
	Group,
	Skeleton,
	Table,
	Text,
	VisuallyHidden,
} from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import IconArrowDown from '@tabler/icons-react/dist/esm/icons/IconArrowDown.mjs';
import IconArrowUp from '@tabler/icons-react/dist/esm/icons/IconArrowUp.mjs';
import { Link, useNavigate } from '@tanstack/react-router';
import { isValidElement, type ReactNode, useEffect, useRef, useState } from 'react';
import type { ApiError } from '../api/client';
import type { Loose } from '../api/types';
import { useT, word } from '../i18n';
import { errorText } from '../i18n/errors';
import { isSecond } from './keys';
import classes from './list.module.css';
import { nameOf } from './row-name';
import { isRight, type Kind, kindOf, Value } from './value';

type Phone = 'title' | 'side' | 'hide' | 'plain' | 'label';

export type Column<T> = {
	key: string;
	label?: string;
	kind?: Kind;
	cell?(row: T): ReactNode;
	/* By this column, or by another field that orders it. */
	sort?: boolean | string;
	/* On a phone: the card's title, its right side, a line with its label, or not at all. */
	phone?: Phone | ((row: T) => Phone);
	/* Only where there is room. */
	wide?: boolean;
};

function columnOf<T>(column: string | Column<T>): Column<T> {
	return typeof column === 'string' ? { key: column } : column;
}

type RowsProps<T extends Loose> = {
	label: string;
	columns: (string | Column<T>)[];
	rows: T[] | undefined;
	error?: ApiError | null;
	retry?(): void;
	/* These rows are those of the question before: the answer to this one is on its way. */
	isOld?: boolean;
	open?(row: T): string;
	rowAct?(row: T): ReactNode;
	empty?: ReactNode;
	isFiltered?: boolean;
	/* Searched with fewer than three letters: then only words that begin with them are found. */
	isShortSearch?: boolean;
	sorted?: string;
	onSort?(sort: string): void;
	/* A last row of sums. */
	totals?: Loose;
	chosen?: Map<string, string>;
	onChoose?(chosen: Map<string, string>): void;
};

const openLists: object[] = [];

/* j, k and Enter belong to the first list of a screen: one press must not open a row of each. */
function useHasKeys(isOpen: boolean) {
	const me = useRef({}).current;
	useEffect(() => {
		if (!isOpen) return;
		openLists.push(me);
		return () => void openLists.splice(openLists.indexOf(me), 1);
	}, [isOpen]);
	return () => openLists[0] === me && !isSecond();
}

/* Rows that are already here, in the same looks. */
export function Rows<T extends Loose>(props: RowsProps<T>) {
	const { t } = useT();
	const go = useNavigate();
	const [at, setAt] = useState(-1);
	const { rows, chosen } = props;
	const columns = props.columns.map(columnOf);
	const hasKeys = useHasKeys(!!props.open);
	const move = (by: number) =>
		hasKeys() && rows && setAt(Math.max(0, Math.min(rows.length - 1, at + by)));
	useHotkeys(
		props.open
			? [
					['j', () => move(1)],
					['k', () => move(-1)],
					['Enter', () => hasKeys() && rows?.[at] && void go({ to: props.open!(rows[at]) })],
				]
			: [],
	);
	if (props.error && !rows)
		return (
			<Alert color="red" variant="light" m="sm" title={t.w.failed}>
				<Group justify="space-between">
					<Text fz="sm">{errorText(t, props.error)}</Text>
					{props.retry && (
						<Button size="xs" variant="default" onClick={props.retry}>
							{t.a.retry}
						</Button>
					)}
				</Group>
			</Alert>
		);
	if (rows?.length === 0)
		return (
			<Text c="dimmed" ta="center" py="xl" px="md" component="div" fz="sm">
				{props.isFiltered ? (
					<>
						{t.w.noneFound} {props.isShortSearch ? t.w.shortSearch : t.w.filtered}
					</>
				) : (
					(props.empty ?? t.w.noneYet)
				)}
			</Text>
		);
	/* The chosen rows, with or without some. */
	const choose = (some: T[], isOn: boolean) => {
		const next = new Map(chosen);
		for (const row of some) isOn ? next.set(row.id, nameOf(row)) : next.delete(row.id);
		props.onChoose?.(next);
	};
	const here = rows?.filter(r => chosen?.has(r.id)).length ?? 0;
	return (
		<div className={classes.scroll}>
			<Table
				className={classes.list}
				highlightOnHover
				verticalSpacing={7}
				fz="sm"
				aria-label={props.label}
				aria-busy={!rows || props.isOld}
				data-old={props.isOld || undefined}
			>
				<Table.Thead>
					<Table.Tr>
						{chosen && (
							<Table.Th className={classes.check}>
								<Checkbox
									size="xs"
									aria-label={t.w.all}
									checked={here > 0 && here === rows?.length}
									indeterminate={here > 0 && here < (rows?.length ?? 0)}
									onChange={e => choose(rows ?? [], e.currentTarget.checked)}
								/>
							</Table.Th>
						)}
						{columns.map(c => (
							<Head key={c.key} column={c} sorted={props.sorted} onSort={props.onSort} />
						))}
						{props.rowAct && (
							<Table.Th>
								<VisuallyHidden>{t.a.more}</VisuallyHidden>
							</Table.Th>
						)}
					</Table.Tr>
				</Table.Thead>
				<Table.Tbody>
					{!rows && (
						<Waiting columns={columns.length + (chosen ? 1 : 0) + (props.rowAct ? 1 : 0)} />
					)}
					{rows?.map((row, index) => (
						<Table.Tr
							key={row.id ?? index}
							data-open={props.open ? true : undefined}
							data-chosen={index === at || chosen?.has(row.id) ? true : undefined}
							onClick={() => props.open && void go({ to: props.open(row) })}
						>
							{chosen && (
								<Table.Td className={classes.check} onClick={e => e.stopPropagation()}>
									<Checkbox
										size="xs"
										aria-label={nameOf(row)}
										checked={chosen.has(row.id)}
										onChange={e => choose([row], e.currentTarget.checked)}
									/>
								</Table.Td>
							)}
							{columns.map((c, i) => (
								<Cell
									key={c.key}
									column={c}
									row={row}
									to={i === 0 ? props.open?.(row) : undefined}
								/>
							))}
							{props.rowAct && (
								<Table.Td data-phone="side" data-right onClick={e => e.stopPropagation()}>
									{props.rowAct(row)}
								</Table.Td>
							)}
						</Table.Tr>
					))}
				</Table.Tbody>
				{props.totals && rows && <Totals columns={columns} of={props.totals} />}
			</Table>
		</div>
	);
}

function Totals<T extends Loose>({ columns, of }: { columns: Column<T>[]; of: Loose }) {
	const { t } = useT();
	const [first, ...others] = columns;
	if (!first) return null;
	return (
		<Table.Tfoot>
			<Table.Tr>
				<Table.Th scope="row" data-phone="title">
					{t.w.total}
				</Table.Th>
				{others.map(({ cell: _, ...c }) =>
					of[c.key] === undefined ? (
						<Table.Td key={c.key} data-phone="hide" data-wide={c.wide || undefined} />
					) : (
						<Cell key={c.key} column={c} row={of as T} />
					),
				)}
			</Table.Tr>
		</Table.Tfoot>
	);
}

function Head<T>(props: { column: Column<T>; sorted?: string; onSort?(sort: string): void }) {
	const { t } = useT();
	const { column, sorted } = props;
	const label = column.label ?? word(t.f, column.key);
	const by = typeof column.sort === 'string' ? column.sort : column.key;
	const isSorted = sorted?.replace(/^-/, '') === by;
	const isDown = isSorted && sorted?.startsWith('-');
	return (
		<Table.Th
			scope="col"
			ta={isRight(column.kind ?? kindOf(column.key)) ? 'right' : undefined}
			data-wide={column.wide || undefined}
			aria-sort={isSorted ? (isDown ? 'descending' : 'ascending') : undefined}
		>
			{column.sort && props.onSort ? (
				<button type="button" onClick={() => props.onSort?.(isSorted && !isDown ? `-${by}` : by)}>
					{label}
					{isSorted && (isDown ? <IconArrowDown size={12} /> : <IconArrowUp size={12} />)}
				</button>
			) : (
				label
			)}
		</Table.Th>
	);
}

const isNone = (value: unknown) => value === null || value === undefined || value === '';

/* Does it tell nothing on a card?  A line without a value, or of no rupiah. */
const isIdle = (phone: Phone | undefined, value: unknown, isDrawn: boolean) =>
	phone !== 'title' &&
	phone !== 'side' &&
	(isNone(value) || (phone === 'label' && !isDrawn && value === 0));

/* Columns of texts that people choose, of any length. */
const NAMES =
	'name customer customer_name mikrotik_username username usernames package package_name packages'.split(
		' ',
	);

/* The text of what a cell draws: a value, or the content of a link. */
function textOf(drawn: unknown): string | undefined {
	if (typeof drawn === 'string') return drawn;
	if (Array.isArray(drawn)) return drawn.join(', ');
	return isValidElement<{ children?: ReactNode }>(drawn) ? textOf(drawn.props.children) : undefined;
}

function Cell<T extends Loose>({ column, row, to }: { column: Column<T>; row: T; to?: string }) {
	const { t } = useT();
	const kind = column.kind ?? kindOf(column.key);
	/* A dash where `cell` draws nothing, whatever the row holds. */
	const value: unknown = column.cell ? column.cell(row) : row[column.key];
	const isDrawn = column.cell && !isNone(value);
	const drawn = isDrawn ? (value as ReactNode) : <Value kind={kind} of={value} />;
	const isName = NAMES.includes(column.key);
	const inner =
		isName || column.key === 'address' ? (
			<span className={classes.clamped} title={textOf(value)}>
				{drawn}
			</span>
		) : (
			drawn
		);
	const wanted = typeof column.phone === 'function' ? column.phone(row) : column.phone;
	const phone = isIdle(wanted, value, !!column.cell)
		? 'hide'
		: (wanted ?? (to ? 'title' : kind === 'state' || kind === 'money' ? 'side' : undefined));
	return (
		<Table.Td
			data-phone={phone === 'plain' ? undefined : phone}
			data-wide={column.wide || undefined}
			data-label={
				phone === undefined || phone === 'label'
					? (column.label ?? word(t.f, column.key))
					: undefined
			}
			data-right={isRight(kind) || undefined}
			data-name={isName || undefined}
			data-whole={
				!['text', 'why', 'list'].includes(kind) ||
				['invoice_number', 'phone'].includes(column.key) ||
				undefined
			}
		>
			{to ? (
				<Text
					component={Link}
					to={to}
					fz="inherit"
					fw={500}
					c="inherit"
					td="none"
					onClick={(e: React.MouseEvent) => e.stopPropagation()}
				>
					{inner}
				</Text>
			) : (
				inner
			)}
		</Table.Td>
	);
}

function Waiting({ columns }: { columns: number }) {
	return Array.from({ length: 6 }, (_, row) => (
		<Table.Tr key={row}>
			{Array.from({ length: columns }, (_, column) => (
				<Table.Td key={column} data-phone={column === 0 ? 'title' : column === 1 ? 'side' : 'hide'}>
					<Skeleton h={14} my={3} w={column === 0 ? '80%' : 60} />
				</Table.Td>
			))}
		</Table.Tr>
	));
}
