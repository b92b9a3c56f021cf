/* A state: always a word beside its colour. */
import { Badge } from '@mantine/core';
import { useT, word } from '../i18n';

const COLOUR: Record<string, string> = {};
const set = (colour: string, names: string) => {
	for (const name of names.split(' ')) COLOUR[name] = colour;
};
set('green', 'active paid received synced on online up sent delivered ok enabled resolved success');
set('yellow', 'unpaid pending queued partial held paused warning sending');
set('red', 'overdue suspended failed off_for_debt error down critical missing dead off');
set('blue', 'first info open added changed prepay');

export function State({ is, label }: { is: string; label?: string }) {
	const { t } = useT();
	return (
		<Badge
			variant="light"
			color={COLOUR[is] ?? 'gray'}
			size="sm"
			radius="sm"
			tt="none"
			fw={600}
			miw="max-content"
		>
			{label ?? word(t.v, is)}
		</Badge>
	);
}
