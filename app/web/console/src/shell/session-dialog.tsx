/* A session that ends leaves the screen, and what was typed, as it is. */
import { Modal, Text } from '@mantine/core';
import { refresh, useMe } from '../api/query';
import { useT } from '../i18n';
import { LoginForm } from '../screens/login/form';

export function SessionDialog({ onDone }: { onDone(): void }) {
	const { t } = useT();
	const me = useMe();
	const done = () => {
		onDone();
		refresh();
	};
	return (
		<Modal opened onClose={() => {}} withCloseButton={false} title={t.w.expiredTitle} zIndex={500}>
			<Text fz="sm" mb="sm">
				{t.w.expiredText}
			</Text>
			<LoginForm onDone={done} email={me?.email ? String(me.email) : undefined} />
		</Modal>
	);
}
