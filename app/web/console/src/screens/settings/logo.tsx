/* The company's logo: on receipts, invoices and the pay page. */
import { Button, FileButton, Group, Text } from '@mantine/core';
import IconUpload from '@tabler/icons-react/dist/esm/icons/IconUpload.mjs';
import { useState } from 'react';
import { call } from '../../api/client';
import { refresh, useGet, useMay } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT } from '../../i18n';
import { ActButton } from '../../kit/act';
import { Section } from '../../kit/page';
import { useToast } from '../../kit/toast';

export function Logo() {
	const { t } = useT();
	const may = useMay();
	const toast = useToast();
	const [isBusy, setBusy] = useState(false);
	const settings = useGet<Loose>('/api/settings').data;
	if (!settings || !('company_logo' in settings) || !may('admin')) return null;
	const upload = (file: File | null) => {
		if (!file) return;
		setBusy(true);
		call('PUT', '/api/settings/logo', { body: file })
			.then(() => {
				toast.good(t.w.done);
				refresh();
			}, toast.error)
			.finally(() => setBusy(false));
	};
	return (
		<Section title={t.w.logo}>
			<Group>
				{settings.company_logo ? (
					<img
						src={`${settings.company_logo}?${settings.updated_at}`}
						alt={t.w.logo}
						height={56}
						style={{ maxWidth: 240, objectFit: 'contain', background: '#fff' }}
					/>
				) : (
					<Text fz="sm" c="dimmed">
						{t.w.logoText}
					</Text>
				)}
				<FileButton onChange={upload} accept="image/png,image/jpeg">
					{props => (
						<Button
							{...props}
							size="xs"
							variant="default"
							loading={isBusy}
							leftSection={<IconUpload size={14} />}
						>
							{t.a.logo}
						</Button>
					)}
				</FileButton>
				{settings.company_logo && (
					<ActButton
						act={{
							key: 'remove',
							role: 'admin',
							colour: 'red',
							method: 'DELETE',
							path: '/api/settings/logo',
							says: t.c.remove,
						}}
					/>
				)}
			</Group>
		</Section>
	);
}
