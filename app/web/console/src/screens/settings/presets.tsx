/* Presets: the policies of billing, filled in one call. */
import { SimpleGrid, Stack, Text } from '@mantine/core';
import { useMay } from '../../api/query';
import { useT } from '../../i18n';
import { type Act, ActButton } from '../../kit/act';
import { Section } from '../../kit/page';

export function Presets() {
	const { t } = useT();
	const may = useMay();
	if (!may('admin')) return null;
	const preset = (name: string, title: string): Act => ({
		key: 'preset',
		role: 'admin',
		method: 'POST',
		path: '/api/settings/preset',
		says: (
			<>
				<b>{title}</b>. {t.c.preset}
			</>
		),
		fields: [{ name: 'packages', kind: 'yes', label: t.w.presetPackages }],
		fixed: { name },
		toast: answer => t.w.notReached(Number(answer.packages_not_reached ?? 0)),
	});
	return (
		<Section title={t.w.presets}>
			<SimpleGrid cols={{ base: 1, md: 3 }} spacing="md">
				{t.w.presetList.map(([name, title, sentence]) => (
					<Stack key={name} gap={6} align="start" justify="space-between">
						<div>
							<Text fz="sm" fw={600}>
								{title}
							</Text>
							<Text fz="sm" c="dimmed">
								{sentence}
							</Text>
						</div>
						<ActButton act={preset(name, title)} />
					</Stack>
				))}
			</SimpleGrid>
		</Section>
	);
}
