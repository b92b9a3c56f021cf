/* The dialog of an act: loaded when the first one is opened, or before, when the browser is idle. */
import {
	Alert,
	Button,
	Group,
	Modal,
	Skeleton,
	Stack,
	Table,
	Text,
	TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { ApiError, call } from '../api/client';
import { refresh } from '../api/query';
import type { Loose } from '../api/types';
import { useT, word } from '../i18n';
import { errorText, fieldErrors } from '../i18n/errors';
import type { Act, Preview } from './act';
import { bodyOf, FieldSet, firstValues, shownFields, useResolved, type Values } from './fields';
import { rupiah } from './format';
import { Refusal } from './refusal';
import { nameOf } from './row-name';
import { useStill } from './still';
import { useToast } from './toast';
import { kindOf, Value } from './value';

/* 128 random bits; crypto.randomUUID is missing where the page came without TLS. */
export function randomKey() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('');
}

/* The second click of a double click must not reach what lies below the dialog that the first one closed. */
const DOUBLE_CLICK_MS = 400;
const pause = (ms: number) => new Promise(done => setTimeout(done, ms));

export function ActDialog({ act, onClose }: { act: Act; onClose(): void }) {
	const { t } = useT();
	const toast = useToast();
	const isChange = act.method === 'PUT' || act.method === 'PATCH';
	const fields = useResolved(act.fields ?? [], act.resource, !isChange);
	const first = firstValues(fields, isChange ? act.row : undefined);
	const [touched, setTouched] = useState<Values>({});
	const values = { ...first, ...touched };
	const [error, setError] = useState<unknown>();
	const [typingError, setTypingError] = useState<unknown>();
	const [isBusy, setBusy] = useState(false);
	const [typed, setTyped] = useState('');
	const [isLeaving, setLeaving] = useState(false);
	const [answerShown, setAnswerShown] = useState<Loose>();
	const key = useRef(randomKey());
	const filled = { ...bodyOf(fields, values, isChange ? first : undefined), ...act.fixed };
	const body = act.body?.(filled) ?? filled;
	const isDirty = Object.keys(touched).some(k => touched[k] !== first[k]);
	const visibleFields = shownFields(fields, values);
	/* The preview waits until all required fields are filled. */
	const isFilled = visibleFields.every(f => !f.required || (values[f.name] ?? '') !== '');
	const verb = act.label ?? t.a[act.key];
	/* Name the row that is changed: a list may stand behind the dialog. */
	const title =
		isChange && act.row && nameOf(act.row) !== act.row.id ? `${verb} · ${nameOf(act.row)}` : verb;
	const close = () => (isDirty && !isLeaving ? setLeaving(true) : onClose());

	const submit = async (event?: FormEvent, extraMembers?: Values) => {
		event?.preventDefault();
		if (isBusy || (act.mustType && typed.trim() !== act.mustType)) return;
		setBusy(true);
		setError(undefined);
		const secondClick = pause(DOUBLE_CLICK_MS);
		try {
			const answer = act.send
				? ((await act.send(body, key.current)) as Loose)
				: await call<Loose>(act.method, act.path, {
						body:
							Object.keys(body).length === 0 && act.method !== 'POST'
								? undefined
								: { ...body, ...extraMembers },
						key: act.method === 'POST' ? key.current : undefined,
					});
			await secondClick;
			if (act.method !== 'GET') refresh();
			if (act.draw?.(answer)) {
				setAnswerShown(answer);
				act.after?.(answer);
				return;
			}
			toast.good(
				typeof act.toast === 'function'
					? act.toast(answer)
					: (act.toast ?? `${title}: ${t.w.done.toLowerCase()}`),
			);
			onClose();
			act.after?.(answer);
		} catch (caught) {
			setError(caught);
			/*
			 * The server has answered, so the next click sends a new request, with a new Idempotency-Key.
			 * Without an answer the key stays: the server may have done the act, and the same key then
			 * repeats its answer instead of doing it twice.
			 */
			if (caught instanceof ApiError && !caught.isUnreachable) key.current = randomKey();
		} finally {
			setBusy(false);
		}
	};

	if (answerShown)
		return (
			<Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t.a.close }}>
				{act.draw?.(answerShown)}
				<Group justify="flex-end" mt="md">
					<Button onClick={onClose} data-autofocus>
						{t.a.close}
					</Button>
				</Group>
			</Modal>
		);
	return (
		<Modal
			opened
			onClose={close}
			title={title}
			size={act.size ?? (fields.length > 4 ? 'lg' : 'md')}
			closeButtonProps={{ 'aria-label': t.a.close }}
		>
			<form onSubmit={submit} noValidate>
				<Stack gap="sm">
					{act.says && <Text fz="sm">{act.says}</Text>}
					<FieldSet
						fields={fields}
						values={values}
						errors={{ ...fieldErrors(t, error), ...fieldErrors(t, typingError) }}
						columns={act.columns ?? (fields.length > 2 ? 2 : 1)}
						autoFocus
						onChange={(field, value) => {
							setTouched(now => ({ ...now, [field]: value }));
							setLeaving(false);
						}}
					/>
					{act.preview && isFilled && (
						<ActPreview
							act={act}
							preview={act.preview}
							body={act.preview.ask ? values : body}
							isSending={isBusy}
							onError={act.preview.ask && setTypingError}
						/>
					)}
					{act.mustType && (
						<TextInput
							label={t.w.typeName(act.mustType)}
							value={typed}
							onChange={e => setTyped(e.currentTarget.value)}
							autoComplete="off"
							data-autofocus={fields.length === 0 || undefined}
						/>
					)}
					<Refusal error={error} shown={visibleFields}>
						{act.overrule && error instanceof ApiError && error.code === act.overrule.code && (
							<Button
								size="xs"
								mt="xs"
								variant="default"
								loading={isBusy}
								onClick={() => void submit(undefined, act.overrule?.body)}
							>
								{act.overrule.label}
							</Button>
						)}
					</Refusal>
					{isLeaving && (
						<Alert color="yellow" variant="light" p="xs" role="alert">
							<Group justify="space-between">
								<Text fz="sm">{t.w.unsaved}</Text>
								<Button size="xs" variant="default" onClick={onClose}>
									{t.w.leave}
								</Button>
							</Group>
						</Alert>
					)}
					<Group justify="flex-end" gap="xs">
						<Button variant="default" onClick={close}>
							{t.a.cancel}
						</Button>
						<Button
							type="submit"
							color={act.colour}
							loading={isBusy}
							disabled={act.mustType !== undefined && typed.trim() !== act.mustType}
							data-autofocus={fields.length === 0 && !act.mustType ? true : undefined}
						>
							{act.submitLabel ?? (isChange ? t.a.save : title)}
						</Button>
					</Group>
				</Stack>
			</form>
		</Modal>
	);
}

/* The lines of a bill that would be issued. */
function BillLines({ lines }: { lines: Loose[] }) {
	if (lines.length === 0) return null;
	return (
		<Table fz="sm" verticalSpacing={3}>
			<Table.Tbody>
				{lines.map(l => (
					<Table.Tr key={`${l.text}${l.amount}`}>
						<Table.Td pl={0}>
							{l.text}
							{Number(l.quantity) > 1 && ` × ${l.quantity}`}
						</Table.Td>
						<Table.Td ta="right" pr={0}>
							{rupiah(Number(l.amount))}
						</Table.Td>
					</Table.Tr>
				))}
			</Table.Tbody>
		</Table>
	);
}

/* Ask the server for its dry run each time the typing pauses, until the act itself is being sent. */
function usePreview({ act, preview, body, isSending }: PreviewProps) {
	const [settledBody] = useDebouncedValue(JSON.stringify(body), 350);
	const path = preview.path ?? act.path;
	const { data, error } = useQuery<Loose, ApiError>({
		queryKey: ['dry run', act.method, path, settledBody],
		queryFn: ({ signal }) =>
			preview.ask
				? preview.ask(JSON.parse(settledBody))
				: act.method === 'DELETE'
					? call('DELETE', path, { query: { dry_run: 1 }, signal })
					: call(act.method, path, { body: { ...JSON.parse(settledBody), dry_run: true }, signal }),
		enabled: !isSending,
		retry: false,
		staleTime: 0,
		placeholderData: last => last,
	});
	return { data, error };
}

type PreviewProps = {
	act: Act;
	preview: Preview;
	body: Values;
	isSending: boolean;
	onError?(error: unknown): void;
};

function ActPreview(props: PreviewProps) {
	const { t } = useT();
	const { act, preview } = props;
	const { data, error } = useStill(usePreview(props));
	useEffect(() => props.onError?.(error), [error, props.onError]);
	/* The buttons below stay where they are: the box does not become smaller. */
	const box = useRef<HTMLDivElement>(null);
	const tallest = useRef(0);
	useLayoutEffect(() => {
		tallest.current = Math.max(tallest.current, box.current?.offsetHeight ?? 0);
	});
	const isWaiting = !data && !error;
	return (
		<div ref={box} style={{ minHeight: tallest.current }}>
			{(data || isWaiting) && (
				<Text fz="xs" c="dimmed" mb={4}>
					{preview.ask ? t.a.preview : t.w.willHappen}
				</Text>
			)}
			{isWaiting &&
				(preview.members.length > 0 ? preview.members : ['first', 'second']).map(name => (
					<Skeleton key={name} h={14} my={6} w="70%" />
				))}
			{data &&
				(preview.draw?.(data) ?? (
					<Changes
						before={act.row}
						after={{ ...data, ...preview.innerMembers?.(data) }}
						members={preview.members}
					/>
				))}
			{/* A 422 is about the values: its errors are shown at their fields when the form is sent. */}
			{!data && error && error.status !== 422 && (
				<Text fz="sm" c="red">
					{errorText(t, error)}
				</Text>
			)}
		</div>
	);
}

/* The members that would change, from what they are to what they would be. */
function Changes({ before, after, members }: { before?: Loose; after: Loose; members: string[] }) {
	const { t } = useT();
	const lines = members.includes('lines') ? ((after.lines ?? []) as Loose[]) : [];
	const differs = (name: string) =>
		after[name] !== undefined && JSON.stringify(before?.[name]) !== JSON.stringify(after[name]);
	const names = members.filter(name => name !== 'lines' && differs(name));
	if (names.length === 0 && lines.length === 0) return <Text fz="sm">{t.w.nothingChanges}</Text>;
	return (
		<>
			<BillLines lines={lines} />
			<Table fz="sm" verticalSpacing={3} withRowBorders={false}>
				<Table.Tbody>
					{names.map(name => (
						<Change key={name} name={name} before={before?.[name]} after={after[name]} />
					))}
				</Table.Tbody>
			</Table>
		</>
	);
}

function Change({ name, before, after }: { name: string; before: unknown; after: unknown }) {
	const { t } = useT();
	return (
		<Table.Tr>
			<Table.Th scope="row" fw={400} c="dimmed" pl={0}>
				{word(t.f, name)}
			</Table.Th>
			<Table.Td>
				{before !== undefined && before !== null && (
					<>
						<Value kind={kindOf(name)} of={before} /> →{' '}
					</>
				)}
				<b>
					<Value kind={kindOf(name)} of={after} />
				</b>
			</Table.Td>
		</Table.Tr>
	);
}
