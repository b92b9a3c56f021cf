/*
 * The settings of /api/settings in sections.  Their types and bounds come from /api/meta, so that a
 * setting the server adds appears by itself, in the last section.
 */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { call } from '../../api/client';
import { useMeta } from '../../api/meta';
import { refresh, useGet, useMay } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { fieldErrors } from '../../i18n/errors';
import type { Messages } from '../../i18n/id';
import { NotYet } from '../../kit/empty';
import {
	bodyOf,
	type Field,
	FieldSet,
	firstValues,
	shownFields,
	useResolved,
	type Values,
} from '../../kit/fields';
import { Section } from '../../kit/page';
import { Refusal } from '../../kit/refusal';
import { useToast } from '../../kit/toast';

export type SettingGroup = 'company' | 'billing' | 'suspension' | 'message' | 'rest';

const words = (text: string) => text.trim().split(/\s+/);
const named = (text: string) => (name: string) => words(text).includes(name);

/* The sections of each group, with what belongs to them; a name that fits none is of the last. */
type Part = { group: SettingGroup; title(t: Messages): string; has(name: string): boolean };
const PARTS: Part[] = [
	{
		group: 'company',
		title: t => t.w.company,
		has: name => name.startsWith('company_'),
	},
	{ group: 'message', title: t => t.w.sending, has: name => /^(message_|quiet_)/.test(name) },
	{
		group: 'suspension',
		title: t => t.w.suspension,
		has: name =>
			/^(suspend|isol|no_suspend)/.test(name) || ['hold_nights', 'remove_expired'].includes(name),
	},
	{
		group: 'billing',
		title: t => t.w.cycles,
		has: named(`cycle mode billing_day late_policy first_period merge_days round_to
			first_payment_first prorate_last`),
	},
	{
		group: 'billing',
		title: t => t.w.dueDays,
		has: named(`lead_days due_days postpaid_due_days first_due_days other_due_days grace_days
			arrears arrears_max`),
	},
	{
		group: 'billing',
		title: t => t.w.taxAndFees,
		has: name => /^(tax|late_fee)/.test(name) || name === 'reactivation_fee',
	},
	{
		group: 'billing',
		title: t => t.w.operatorBounds,
		has: named('promises_max operator_discount_max operator_days_max'),
	},
	{
		group: 'rest',
		title: t => t.w.payPage,
		has: name => /^(public_|invoice_tokens|attempt_|enabled_payments)/.test(name),
	},
	{
		group: 'rest',
		title: t => t.w.watching,
		has: name => /^(latency|loss|bandwidth|history)/.test(name),
	},
	{ group: 'rest', title: t => t.w.otherSettings, has: () => true },
];

export function SettingForm({ group }: { group: SettingGroup }) {
	const read = useGet<Loose>('/api/settings');
	const meta = useMeta();
	if (!read.data || !meta) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const names = (meta.resources.find(r => r.name === 'setting')?.fields ?? [])
		.filter(f => f.update)
		.map(f => f.name);
	const sections = PARTS.filter(part => part.group === group).map(part => ({
		part,
		names: names.filter(name => PARTS.find(p => p.has(name)) === part),
	}));
	return <SettingFields key={String(read.data.updated_at)} row={read.data} sections={sections} />;
}

type Sections = { part: Part; names: string[] }[];

function SettingFields({ row, sections }: { row: Loose; sections: Sections }) {
	const { t } = useT();
	const toast = useToast();
	const may = useMay();
	const fields = useResolved(
		sections.flatMap(s => s.names).map(name => settingField(t, name)),
		'setting',
		false,
	);
	const first = firstValues(fields, row);
	const [touched, setTouched] = useState<Values>({});
	const [error, setError] = useState<unknown>();
	const values = { ...first, ...touched };
	const isDirty = Object.keys(touched).some(k => touched[k] !== first[k]);
	const save = (event: FormEvent) => {
		event.preventDefault();
		call('PUT', '/api/settings', { body: bodyOf(fields, values, first) }).then(() => {
			setTouched({});
			setError(undefined);
			toast.good(t.w.done);
			refresh();
		}, setError);
	};
	return (
		<form onSubmit={save} noValidate>
			<LeaveGuard when={isDirty} />
			<fieldset disabled={!may('admin')} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
				<Stack gap="md">
					{sections.map(({ part, names }) => (
						<Section key={part.title(t)} title={part.title(t)}>
							<FieldSet
								fields={fields.filter(f => names.includes(f.name))}
								values={values}
								errors={fieldErrors(t, error)}
								onChange={(name, v) => setTouched(now => ({ ...now, [name]: v }))}
							/>
						</Section>
					))}
				</Stack>
			</fieldset>
			{may('admin') && (
				<Save isDirty={isDirty}>
					<Refusal error={error} shown={shownFields(fields, values)} />
				</Save>
			)}
		</form>
	);
}

const settingField = (t: Messages, name: string): Field => ({
	name,
	label: t.s[name]?.[0],
	hint: t.s[name]?.[1],
	nameOf: name === 'tax_mode' ? v => (v === 'none' ? t.w.none : word(t.v, v)) : undefined,
});

/* The button, and why it was refused, at the edge of the window while there is something to save. */
function Save({ isDirty, children }: { isDirty: boolean; children: ReactNode }) {
	const { t } = useT();
	return (
		<Group
			justify="flex-end"
			gap="xs"
			py="sm"
			pos={isDirty ? 'sticky' : undefined}
			bottom={0}
			bg="var(--isp-ground)"
			style={{ zIndex: 1 }}
		>
			{children}
			<Button type="submit" disabled={!isDirty}>
				{t.a.save}
			</Button>
		</Group>
	);
}

/* Unsaved changes are not lost by a click on another screen or a closed tab. */
export function LeaveGuard({ when }: { when: boolean }) {
	const { t } = useT();
	const blocker = useBlocker({
		shouldBlockFn: () => when,
		enableBeforeUnload: () => when,
		withResolver: true,
	});
	return (
		<Modal
			opened={blocker.status === 'blocked'}
			onClose={() => blocker.reset?.()}
			withCloseButton={false}
			size="sm"
		>
			<Text fz="sm" mb="sm">
				{t.w.unsaved}
			</Text>
			<Group justify="flex-end" gap="xs">
				<Button variant="default" onClick={() => blocker.proceed?.()}>
					{t.w.leave}
				</Button>
				<Button onClick={() => blocker.reset?.()}>{t.w.stay}</Button>
			</Group>
		</Modal>
	);
}
