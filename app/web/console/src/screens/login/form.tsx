import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { call, session } from '../../api/client';
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
