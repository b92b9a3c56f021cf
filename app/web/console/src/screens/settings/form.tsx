/* The settings of /api/settings, drawn from /api/meta: what the server adds appears by itself. */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { call } from '../../api/client';
import { useMeta } from '../../api/meta';
import { refresh, useGet, useMay } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT } from '../../i18n';
import { errorText, fieldErrors } from '../../i18n/errors';
import { NotYet } from '../../kit/empty';
import { bodyOf, FieldSet, firstValues, useResolved, type Values } from '../../kit/fields';
import { Section } from '../../kit/page';
import { useToast } from '../../kit/toast';

export function SettingForm() {
	const read = useGet<Loose>('/api/settings');
	const meta = useMeta();
	if (!read.data || !meta) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	return (
		<Form
			key={read.data.updated_at}
			row={read.data}
			names={
				meta.resources
					.find(r => r.name === 'setting')
					?.fields.filter(f => f.update)
					.map(f => f.name) ?? []
			}
		/>
	);
}

function Form({ row, names }: { row: Loose; names: string[] }) {
	const { t } = useT();
	const toast = useToast();
	const may = useMay();
	const fields = useResolved(names, 'setting', false);
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
			<Section title={t.w.policies}>
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
