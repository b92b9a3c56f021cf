/* One customer's session as the router sees it now: rates of the last minutes, address, uptime. */
import { Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT } from '../../i18n';
import { errorText } from '../../i18n/errors';
import { Chart } from '../../kit/chart';
import { bits, readRate } from '../../kit/format';
import { Facts, Section } from '../../kit/page';
import { State } from '../../kit/state';
import { Value } from '../../kit/value';

const KEPT = 120;
type Samples = { x: number[]; down: (number | null)[]; up: (number | null)[] };

type Line = { mikrotik_username: string; status: string; package?: { type?: string } | null };

export function Live({ line }: { line: Line }) {
	const { t, lang } = useT();
	const read = useGet<Loose>(
		'/api/mikrotik/user-detail',
		{
			username: line.mikrotik_username,
			type: line.package?.type === 'hotspot' ? 'hotspot' : 'pppoe',
		},
		{ every: 2000, stale: 0 },
	);
	const samples = useSamples(read.data, read.dataUpdatedAt);
	if (read.error && !read.data)
		return (
			<Text fz="sm" c="dimmed" py="lg" ta="center">
				{read.error.status !== 404
					? errorText(t, read.error)
					: line.status === 'active'
						? t.w.noSession
						: t.w.noSessionOff}
			</Text>
		);
	const detail = read.data;
	return (
		<Stack gap="sm">
			<Facts
				of={[
					[
						t.f.online,
						<State
							key="s"
							is={detail ? 'online' : 'pending'}
							label={detail ? t.w.onlineNow : t.w.loading}
						/>,
					],
					[t.f.address, detail?.session?.address ?? '–'],
					[t.f.uptime, <Value key="u" kind="uptime" of={detail?.session?.uptime} />],
					[t.f.download, bits(samples.down.at(-1), lang)],
					[t.f.upload, bits(samples.up.at(-1), lang)],
				]}
			/>
			<Section title={t.w.traffic}>
				<Chart
					label={t.w.traffic}
					x={samples.x}
					ys={[samples.down, samples.up]}
					format={n => bits(n, lang)}
					lines={[
						{ label: t.f.download, colour: '#228be6', fill: true },
						{ label: t.f.upload, colour: '#12b886' },
					]}
				/>
			</Section>
		</Stack>
	);
}

function useSamples(detail: Loose | undefined, at: number): Samples {
	const kept = useRef<Samples>({ x: [], down: [], up: [] });
	const [samples, setSamples] = useState(kept.current);
	useEffect(() => {
		if (!detail) return;
		const now = kept.current;
		kept.current = {
			x: [...now.x, at / 1000].slice(-KEPT),
			down: [...now.down, readRate(detail.bandwidth?.rxRate) ?? 0].slice(-KEPT),
			up: [...now.up, readRate(detail.bandwidth?.txRate) ?? 0].slice(-KEPT),
		};
		setSamples(kept.current);
	}, [at]);
	return samples;
}
