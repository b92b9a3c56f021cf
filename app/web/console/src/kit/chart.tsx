/* A chart, whose library is loaded when the first one is drawn. */
import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import type { ChartProps } from './plot';

export type { ChartProps, Line } from './plot';

const Plot = lazy(() => import('./plot').then(m => ({ default: m.Chart })));

export const Chart = (props: ChartProps) => (
	<Suspense fallback={<Skeleton h={props.height ?? 200} />}>
		<Plot {...props} />
	</Suspense>
);
