/* The first admin, a forgotten password, a new one: forms before anybody is logged in. */
import { Alert, Anchor, Button, Card, Center, Stack, Title } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { call, session } from '../../api/client';
import { useT } from '../../i18n';
import { fieldErrors } from '../../i18n/errors';
import { type Field, FieldSet, type Values } from '../../kit/fields';
import { Refusal } from '../../kit/refusal';

type FormProps = {
	title: string;
	submit: string;
	fields: Field[];
	send(values: Values): Promise<void>;
	done?: ReactNode;
};

function Plain({ title, submit, fields, send, done }: FormProps) {
	const { t } = useT();
	const [values, setValues] = useState<Values>({});
	const [error, setError] = useState<unknown>();
	const [isDone, setDone] = useState(false);
	const save = (event: FormEvent) => {
		event.preventDefault();
		setError(undefined);
		send(values).then(() => setDone(true), setError);
	};
	return (
		<Center component="main" mih="100dvh" p="md">
			<Card withBorder w="100%" maw={380} padding="lg">
				<Title order={1} fz="h4" mb="md">
					{title}
				</Title>
				{isDone && done ? (
					<Alert variant="light" color="green">
						{done}
					</Alert>
				) : (
					<form onSubmit={save} noValidate>
						<Stack gap="sm">
							<FieldSet
								fields={fields}
								values={values}
								errors={fieldErrors(t, error)}
								columns={1}
								onChange={(name, v) => setValues(now => ({ ...now, [name]: v }))}
							/>
							<Refusal error={error} shown={fields} />
							<Button type="submit" fullWidth>
								{submit}
							</Button>
						</Stack>
					</form>
				)}
				<Anchor component={Link} to="/login" fz="sm" mt="md" display="block">
					{t.a.login}
				</Anchor>
			</Card>
		</Center>
	);
}

export function Register() {
	const { t } = useT();
	const go = useNavigate();
	return (
		<Plain
			title={t.w.firstAdmin}
			submit={t.a.create}
			fields={[
				{ name: 'name', kind: 'text' },
				{ name: 'email', kind: 'text' },
				{ name: 'password', kind: 'secret' },
				{ name: 'password_confirmation', kind: 'secret' },
				{ name: 'setup_token', kind: 'text' },
			]}
			send={async values => {
				session.token = (
					await call<{ token: string }>('POST', '/api/auth/register', { body: values })
				).token;
				await go({ to: '/first' });
			}}
		/>
	);
}

export function Forgot() {
	const { t } = useT();
	return (
		<Plain
			title={t.w.forgot}
			submit={t.w.sendLink}
			fields={[{ name: 'email', kind: 'text' }]}
			done={t.w.linkSent}
			send={values => call('POST', '/api/auth/forgot', { body: values })}
		/>
	);
}

export function Reset() {
	const { t } = useT();
	const { token } = useSearch({ strict: false }) as { token?: string };
	return (
		<Plain
			title={t.a.changePassword}
			submit={t.a.save}
			fields={[
				{ name: 'email', kind: 'text' },
				{ name: 'password', kind: 'secret' },
				{ name: 'password_confirmation', kind: 'secret' },
			]}
			done={t.w.passwordChanged}
			send={values => call('POST', '/api/auth/reset', { body: { ...values, token } })}
		/>
	);
}
