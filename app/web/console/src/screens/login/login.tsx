import {
	ActionIcon,
	Alert,
	Anchor,
	Button,
	Card,
	Center,
	Group,
	PasswordInput,
	Stack,
	Text,
	TextInput,
	Title,
} from '@mantine/core';
import IconLanguage from '@tabler/icons-react/dist/esm/icons/IconLanguage.mjs';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { call, session } from '../../api/client';
import { cache } from '../../api/query';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { errorText, fieldErrors } from '../../i18n/errors';

type Answer = { token: string; user: Row<'user'> };

/* The form alone, for the screen and for the dialog of an expired session. */
export function LoginForm({ onDone, email: known }: { onDone(): void; email?: string }) {
	const { t } = useT();
	const [email, setEmail] = useState(known ?? '');
	const [password, setPassword] = useState('');
	const [error, setError] = useState<unknown>();
	const [isBusy, setBusy] = useState(false);
	const errors = fieldErrors(t, error);
	const submit = async (event: FormEvent) => {
		event.preventDefault();
		if (isBusy) return;
		setBusy(true);
		setError(undefined);
		try {
			const answer = await call<Answer>('POST', '/api/login', { body: { email, password } });
			session.token = answer.token;
			onDone();
		} catch (caught) {
			setError(caught);
		} finally {
			setBusy(false);
		}
	};
	return (
		<form onSubmit={submit} noValidate>
			<Stack gap="sm">
				<TextInput
					label={t.f.email}
					type="email"
					name="email"
					autoComplete="username"
					value={email}
					onChange={e => setEmail(e.currentTarget.value)}
					error={errors.email}
					data-autofocus={!known || undefined}
					autoFocus={!known}
				/>
				<PasswordInput
					label={t.f.password}
					name="password"
					autoComplete="current-password"
					value={password}
					onChange={e => setPassword(e.currentTarget.value)}
					error={errors.password}
					data-autofocus={known ? true : undefined}
					autoFocus={!!known}
				/>
				{error !== undefined && Object.keys(errors).length === 0 && (
					<Alert color="red" variant="light" role="alert" p="xs">
						{errorText(t, error)}
					</Alert>
				)}
				<Button type="submit" loading={isBusy} fullWidth>
					{t.a.login}
				</Button>
			</Stack>
		</form>
	);
}

export function Login() {
	const { t, lang, setLang } = useT();
	const go = useNavigate();
	const { next } = useSearch({ strict: false }) as { next?: string };
	useEffect(() => {
		document.title = `${t.a.login} · ISP Billing`;
	}, [t]);
	const done = () => {
		cache.clear();
		void go({ to: next?.startsWith('/') && !next.startsWith('//') ? next : '/', replace: true });
	};
	return (
		<Center component="main" mih="100dvh" p="md">
			<Card withBorder w="100%" maw={360} padding="lg">
				<Group justify="space-between" mb="md">
					<div>
						<Title order={1} fz="h4">
							ISP Billing
						</Title>
						<Text fz="sm" c="dimmed">
							{t.a.login}
						</Text>
					</div>
					<ActionIcon
						variant="default"
						size="lg"
						aria-label={t.w.otherLanguage}
						title={t.w.otherLanguage}
						onClick={() => setLang(lang === 'id' ? 'en' : 'id')}
					>
						<IconLanguage size={18} />
					</ActionIcon>
				</Group>
				<LoginForm onDone={done} />
				<Group justify="space-between" mt="md">
					<Anchor component={Link} to="/forgot" fz="sm">
						{t.w.forgot}
					</Anchor>
					<Anchor component={Link} to="/register" fz="sm">
						{t.w.firstAdmin}
					</Anchor>
				</Group>
			</Card>
		</Center>
	);
}
