import './mantine.css';
import './theme.css';
import { createTheme, MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { createRoot } from 'react-dom/client';
import { cache } from './api/query';
import { Language, loadLanguage } from './i18n';
import { router } from './routes';

const theme = createTheme({
	primaryColor: 'blue',
	primaryShade: { light: 8, dark: 8 },
	defaultRadius: 'sm',
	fontFamily: 'Inter, system-ui, "Segoe UI", Roboto, sans-serif',
	headings: { fontWeight: '650' },
	respectReducedMotion: true,
	/* The head of a dialog is no second banner of the page. */
	components: { Modal: { defaultProps: { attributes: { header: { role: 'presentation' } } } } },
});

/* Style elements that libraries make while running carry the nonce of this page's answer: Mantine's
 * by its property, those of the scroll lock behind dialogs by setNonce. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';
setNonce(nonce);

const start = await loadLanguage();
createRoot(document.getElementById('root')!).render(
	<MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
		<Language start={start}>
			<QueryClientProvider client={cache}>
				<RouterProvider router={router} />
			</QueryClientProvider>
		</Language>
	</MantineProvider>,
);
