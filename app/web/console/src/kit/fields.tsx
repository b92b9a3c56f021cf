/*
 * Fields of a form.  A field is a name of the resource, whose type, bounds and choices come from
 * /api/meta, or an object that says more.  The server is the only validator: its sentence stands
 * at its field.
 */
import {
	Checkbox,
	NativeSelect,
	PasswordInput,
	Select,
	SimpleGrid,
	Textarea,
	TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { type MetaField, useFields } from '../api/meta';
import type { Loose } from '../api/types';
import { useT, word } from '../i18n';
import { readMoney } from './format';
import { type Reference, useReference } from './reference';

export type FieldKind =
	| 'text'
	| 'area'
	| 'money'
	| 'int'
	| 'day'
	| 'time'
	| 'yes'
	| 'choice'
	| 'reference'
	| 'secret'
	| 'many';
export type Values = Record<string, unknown>;
export type Field = {
	name: string;
	label?: string;
	hint?: string;
	kind?: FieldKind;
	among?: string[];
	nameOf?(choice: string): string;
	reference?: Reference;
	required?: boolean;
	initial?: unknown;
	wide?: boolean;
	rows?: number;
	max?: number;
	show?(values: Values): boolean;
	/* The word of the empty choice. */
	none?: string;
	/* Leave it out where the server does not know it. */
	ifKnown?: boolean;
};

const KIND: Record<string, FieldKind> = {
	money: 'money',
	int: 'int',
	bool: 'yes',
	date: 'day',
	time: 'time',
	password: 'secret',
	secret: 'secret',
	list: 'many',
	json: 'many',
};

/* A field of a form, completed from /api/meta. */
export function resolve(
	field: string | Field,
	meta: Map<string, MetaField>,
	isCreate: boolean,
): Field {
	const own = typeof field === 'string' ? { name: field } : field;
	const described = meta.get(own.name);
	const kind =
		own.kind ??
		(own.reference
			? 'reference'
			: described?.type === 'list'
				? 'many'
				: (own.among ?? described?.among)
					? 'choice'
					: described?.lines
						? 'area'
						: (KIND[described?.type ?? ''] ?? 'text'));
	return {
		...own,
		kind,
		among: own.among ?? described?.among,
		required: own.required ?? (isCreate && described?.required === true),
		max: own.max ?? (kind === 'text' || kind === 'area' ? described?.max : undefined),
		initial: own.initial ?? (isCreate ? described?.default : undefined),
	};
}

/* A field given by its name alone is one that the resource has and that can be written. */
export function useResolved(
	fields: (string | Field)[],
	resource?: string,
	isCreate = true,
): Field[] {
	const meta = useFields(resource);
	const isKnown = (f: string | Field) => {
		if (meta.size === 0 || (typeof f !== 'string' && !f.ifKnown)) return true;
		const described = meta.get(typeof f === 'string' ? f : f.name);
		return isCreate ? !!described?.create : !!described?.update;
	};
	return fields.filter(isKnown).map(f => resolve(f, meta, isCreate));
}

/* A form's first values: the row's, else the fields' own. */
export function firstValues(fields: Field[], row?: Loose): Values {
	return Object.fromEntries(
		fields.map(f => [f.name, row?.[f.name] ?? f.initial ?? (f.kind === 'yes' ? false : '')]),
	);
}

/* The fields that are on screen, given the values of all. */
export const shownFields = (fields: Field[], values: Values) =>
	fields.filter(f => f.show?.(values) ?? true);

/* The body to send: on create each filled field, on change each field that differs. */
export function bodyOf(fields: Field[], values: Values, first?: Values): Values {
	const pairs = shownFields(fields, values)
		.filter(f => (first ? values[f.name] !== first[f.name] : values[f.name] !== ''))
		.map(f => [f.name, values[f.name] === '' ? null : values[f.name]]);
	return Object.fromEntries(pairs);
}

type Props = {
	fields: Field[];
	values: Values;
	errors: Record<string, string>;
	onChange(name: string, value: unknown): void;
	columns?: number;
	autoFocus?: boolean;
};

export function FieldSet({ fields, values, errors, onChange, columns = 2, autoFocus }: Props) {
	const shown = shownFields(fields, values);
	return (
		<SimpleGrid
			cols={{ base: 1, xs: columns }}
			spacing="sm"
			verticalSpacing="sm"
			/* Boxes of one row stand in a line, however long their sentences are. */
			style={{ alignItems: Object.keys(errors).length > 0 ? 'start' : 'end' }}
		>
			{shown.map((f, i) => (
				<div
					key={f.name}
					style={
						f.wide || f.kind === 'area' || (f.kind === 'many' && f.among)
							? { gridColumn: '1 / -1' }
							: undefined
					}
				>
					<Input
						field={f}
						value={values[f.name]}
						error={errors[f.name]}
						onChange={v => onChange(f.name, v)}
						focus={autoFocus && i === 0}
					/>
				</div>
			))}
		</SimpleGrid>
	);
}

type One = {
	field: Field;
	value: unknown;
	error?: string;
	onChange(value: unknown): void;
	focus?: boolean;
};

function Input({ field, value, error, onChange, focus }: One) {
	const { t } = useT();
	const text = value === null || value === undefined ? '' : String(value);
	const hint = field.hint ?? (t.h as Record<string, string>)[field.name];
	const common = {
		label: field.label ?? word(t.f, field.name),
		description: hint,
		error,
		required: field.required,
		withAsterisk: field.required,
		'data-autofocus': focus || undefined,
		name: field.name,
		/* A long form is not a browser's to fill with the operator's own data. */
		autoComplete: field.kind === 'secret' ? 'new-password' : 'off',
	};
	switch (field.kind) {
		case 'yes':
			return (
				<Checkbox
					mt={4}
					mb={{ xs: 8 }}
					label={common.label}
					description={hint}
					error={error}
					checked={value === true}
					onChange={e => onChange(e.currentTarget.checked)}
				/>
			);
		case 'choice':
			return (
				<NativeSelect
					{...common}
					value={text}
					onChange={e => onChange(e.currentTarget.value)}
					data={[
						...(field.required || (field.initial ?? '') !== ''
							? []
							: [{ value: '', label: field.none ?? '–' }]),
						...(field.among ?? []).map(v => ({
							value: v,
							label: field.nameOf?.(v) ?? word(t.v, v),
						})),
					]}
				/>
			);
		case 'reference':
			return (
				<ReferenceInput
					field={field}
					value={text}
					error={error}
					onChange={onChange}
					focus={focus}
				/>
			);
		case 'area':
			return (
				<Textarea
					{...common}
					autosize
					minRows={field.rows ?? 2}
					maxRows={12}
					maxLength={field.max}
					value={text}
					onChange={e => onChange(e.currentTarget.value)}
				/>
			);
		case 'many':
			return <ManyInput field={field} value={value} error={error} onChange={onChange} />;
		case 'secret':
			return (
				<PasswordInput {...common} value={text} onChange={e => onChange(e.currentTarget.value)} />
			);
		case 'money':
			return (
				<TextInput
					{...common}
					inputMode="numeric"
					leftSection="Rp"
					value={text}
					onChange={e => onChange(readMoney(e.currentTarget.value) ?? '')}
				/>
			);
		case 'int':
			return (
				<TextInput
					{...common}
					inputMode="numeric"
					value={text}
					onChange={e =>
						onChange(
							/^-?\d+$/.test(e.currentTarget.value)
								? Number(e.currentTarget.value)
								: e.currentTarget.value,
						)
					}
				/>
			);
		case 'day':
			return (
				<TextInput
					{...common}
					type="date"
					value={text}
					onChange={e => onChange(e.currentTarget.value)}
				/>
			);
		case 'time':
			return (
				<TextInput
					{...common}
					type="datetime-local"
					value={localTime(text)}
					onChange={e =>
						onChange(e.currentTarget.value ? new Date(e.currentTarget.value).toISOString() : '')
					}
				/>
			);
		default:
			return (
				<TextInput
					{...common}
					maxLength={field.max}
					value={text}
					onChange={e => onChange(e.currentTarget.value)}
				/>
			);
	}
}

/* Several values: boxes where they are a closed list, else words with commas between them. */
function ManyInput({ field, value, error, onChange }: One) {
	const { t } = useT();
	const chosen = Array.isArray(value) ? value.map(String) : [];
	const common = {
		label: field.label ?? word(t.f, field.name),
		description: field.hint ?? (t.h as Record<string, string>)[field.name],
		error,
		withAsterisk: field.required,
	};
	/* None of a closed list is no list; where one is required the server says so. */
	const set = (next: string[]) =>
		onChange(next.length > 0 || !field.among || field.required ? next : null);
	if (!field.among)
		return (
			<TextInput
				{...common}
				name={field.name}
				autoComplete="off"
				defaultValue={chosen.join(', ')}
				onChange={e =>
					set(
						e.currentTarget.value
							.split(',')
							.map(v => v.trim())
							.filter(Boolean),
					)
				}
			/>
		);
	return (
		<Checkbox.Group {...common} value={chosen} onChange={set}>
			<SimpleGrid cols={{ base: 2, sm: 3 }} spacing={8} mt={6}>
				{field.among.map(v => (
					<Checkbox key={v} size="sm" value={v} label={field.nameOf?.(v) ?? word(t.v, v)} />
				))}
			</SimpleGrid>
		</Checkbox.Group>
	);
}

/* UTC as the browser's own clock, for an input of type datetime-local. */
function localTime(text: string) {
	if (!text) return '';
	const at = new Date(text);
	return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function ReferenceInput({ field, value, error, onChange, focus }: One & { value: string }) {
	const { t } = useT();
	const [search, setSearch] = useState('');
	const [asked] = useDebouncedValue(search, 250);
	const reference = field.reference!;
	const rows = useReference(reference, reference.many ? asked : '');
	return (
		<Select
			label={field.label ?? word(t.f, field.name)}
			description={field.hint ?? (t.h as Record<string, string>)[field.name]}
			error={error}
			withAsterisk={field.required}
			data-autofocus={focus || undefined}
			placeholder={reference.many ? t.w.typeToSearch : t.w.choose}
			searchable
			clearable={!field.required}
			value={value || null}
			onChange={v => onChange(v ?? '')}
			onSearchChange={setSearch}
			filter={reference.many ? ({ options }) => options : undefined}
			data={rows.map(r => ({ value: r.id, label: reference.label(r) }))}
			nothingFoundMessage={t.w.noneFound}
			comboboxProps={{ withinPortal: true }}
		/>
	);
}
