/* Short news at the edge of the screen, in the person's language. */
import { notifications } from '@mantine/notifications';
import type { ReactNode } from 'react';
import { useT } from '../i18n';
import { errorText } from '../i18n/errors';

export function useToast() {
	const { t } = useT();
	return {
		/* News with a link stay longer, for the person to reach it. */
		good: (message: ReactNode, title?: string) =>
			notifications.show({
				color: 'green',
				message,
				title,
				autoClose: typeof message === 'string' ? 5000 : 10_000,
			}),
		error: (error: unknown) =>
			notifications.show({ color: 'red', message: errorText(t, error), autoClose: 8000 }),
		copy: (text: string) =>
			/* Without TLS a browser has no clipboard: then the text itself is shown. */
			(navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
				() => notifications.show({ color: 'green', message: t.w.copied, autoClose: 2000 }),
				() => notifications.show({ color: 'gray', message: text, autoClose: false }),
			),
	};
}
