import { ActionIcon, Anchor, Card, Center, Group, Text, Title } from '@mantine/core';
import IconLanguage from '@tabler/icons-react/dist/esm/icons/IconLanguage.mjs';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { cache } from '../../api/query';
import { useT } from '../../i18n';
import { LoginForm } from './form';

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
