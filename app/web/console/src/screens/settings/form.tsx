/*
 * The settings of /api/settings in groups.  Their types and bounds come from /api/meta, so that a
 * setting the server adds appears by itself, under the last group.
 */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { call } from '../../api/client';
import { useMeta } from '../../api/meta';
import { refresh, useGet, useMay } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { errorText, fieldErrors } from '../../i18n/errors';
import { NotYet } from '../../kit/empty';
import {
	bodyOf,
	type Field,
	FieldSet,
	firstValues,
	useResolved,
	type Values,
} from '../../kit/fields';
import { Section } from '../../kit/page';
import { useToast } from '../../kit/toast';

export type SettingGroup = 'company' | 'billing' | 'suspension' | 'message' | 'rest';

const words = (text: string) => text.split(/\s+/);
const GROUPS: Record<Exclude<SettingGroup, 'rest'>, (name: string) => boolean> = {
	company: name => name.startsWith('company_') || name === 'receipt_footer',
	message: name => /^(message_|quiet_)/.test(name),
	suspension: name =>
		/^(suspend|isol|no_suspend)/.test(name) || ['hold_nights', 'remove_expired'].includes(name),
	billing: name =>
		words(`lead_days grace_days due_days first_due_days postpaid_due_days other_due_days cycle mode
			billing_day late_policy first_period merge_days round_to arrears arrears_max promises_max
			first_payment_first prorate_last reactivation_fee operator_discount_max
			operator_days_max`).includes(name) || /^(tax|late_fee)/.test(name),
};

const groupOf = (name: string): SettingGroup =>
	(Object.keys(GROUPS) as Exclude<SettingGroup, 'rest'>[]).find(g => GROUPS[g](name)) ?? 'rest';

export function SettingForm({ group, title }: { group: SettingGroup; title: string }) {
	const read = useGet<Loose>('/api/settings');
	const meta = useMeta();
	const { t } = useT();
	if (!read.data || !meta) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const described = meta.resources.find(r => r.name === 'setting')?.fields ?? [];
	const names = described.filter(f => f.update && groupOf(f.name) === group).map(f => f.name);
	if (names.length === 0)
		return (
			<Text fz="sm" c="dimmed">
				{t.w.noneYet}
			</Text>
		);
	return (
		<SettingFields key={String(read.data.updated_at)} row={read.data} names={names} title={title} />
	);
}

function SettingFields({ row, names, title }: { row: Loose; names: string[]; title: string }) {
	const { t } = useT();
	const toast = useToast();
	const may = useMay();
	const named: (string | Field)[] = names.map(name => ({
		name,
		label: t.s[name]?.[0],
		hint: t.s[name]?.[1],
		nameOf: name === 'tax_mode' ? v => (v === 'none' ? t.w.none : word(t.v, v)) : undefined,
	}));
	const fields = useResolved(named, 'setting', false);
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
			<Section title={title}>
				<Stack>
					<fieldset
						disabled={!may('admin')}
						style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}
					>
						<FieldSet
							fields={fields}
							values={values}
							errors={fieldErrors(t, error)}
							onChange={(name, v) => setTouched(now => ({ ...now, [name]: v }))}
						/>
					</fieldset>
					{error !== undefined && (
						<Alert color="red" variant="light" p="xs" role="alert">
							{errorText(t, error)}
						</Alert>
					)}
					{may('admin') && (
						<Group justify="flex-end">
							<Button type="submit" disabled={!isDirty}>
								{t.a.save}
							</Button>
						</Group>
					)}
				</Stack>
			</Section>
		</form>
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
