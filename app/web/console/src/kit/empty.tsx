/* Screens that have nothing to show. */
import { Button, Center, Loader, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ApiError } from '../api/client';
import { useT } from '../i18n';
import { errorText } from '../i18n/errors';

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
	return (
		<Center py={60} px="md">
			<Stack align="center" gap="sm" maw={420}>
				<Title order={1} fz="h4" ta="center">
					{title}
				</Title>
				{children}
			</Stack>
		</Center>
	);
}

export function NotFound() {
	const { t } = useT();
	return (
		<Empty title={t.w.notFound}>
			<Button component={Link} to="/" variant="default">
				{t.nav.home}
			</Button>
		</Empty>
	);
}

/* Instead of a screen whose one row could not be read, or is not here yet. */
export function NotYet({ error, retry }: { error: ApiError | null; retry(): void }) {
	const { t } = useT();
	if (!error)
		return (
			<Center py={60}>
				<Loader size="sm" aria-label={t.w.loading} />
			</Center>
		);
	if (error.status === 404) return <NotFound />;
	return (
		<Empty title={t.w.failed}>
			<Text fz="sm" c="dimmed">
				{errorText(t, error)}
			</Text>
			<Button variant="default" onClick={retry}>
				{t.a.retry}
			</Button>
		</Empty>
	);
}
