/* Why a thing does not work, above its facts: the server's sentence in the person's language. */
import { Alert } from '@mantine/core';
import { useT } from '../i18n';
import { why } from '../i18n/said';

export function Trouble({ title, text }: { title: string; text: unknown }) {
	const { t } = useT();
	if (!text) return null;
	return (
		<Alert color="red" variant="light" mb="sm" p="xs" title={title}>
			{why(t, String(text))}
		</Alert>
	);
}
