/* One act on the rows that are chosen, with an answer for each. */
import { Group, Text } from '@mantine/core';
import type { Loose } from '../api/types';
import { useT } from '../i18n';
import type { Messages } from '../i18n/id';
import { type Act, ActButton } from './act';

export type BulkAct = Pick<Act, 'key' | 'colour' | 'fields' | 'says'> & { act: string };

const outcome = (t: Messages) => (answer: unknown) => {
	const rows = answer as Loose[];
	const done = rows.filter(r => r.ok).length;
	return t.w.bulkDone(done, rows.length - done);
};

export function Bulk(props: { path: string; ids: string[]; acts: BulkAct[]; clear(): void }) {
	const { t } = useT();
	return (
		<Group gap="xs" mb="sm">
			<Text fz="sm">{t.w.selected(props.ids.length)}</Text>
			{props.acts.map(({ act, ...a }) => (
				<ActButton
					key={act}
					act={{
						...a,
						role: 'operator',
						method: 'POST',
						path: props.path,
						fixed: { act, ids: props.ids },
						says: (
							<>
								<b>{t.w.selected(props.ids.length)}.</b> {a.says}
							</>
						),
						toast: outcome(t),
						after: props.clear,
					}}
				/>
			))}
		</Group>
	);
}
