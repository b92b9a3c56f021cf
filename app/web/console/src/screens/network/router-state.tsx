import type { Row } from '../../api/types';
import { State } from '../../kit/state';

export function RouterState({ row }: { row: Row }) {
	if (!row.is_active) return <State is="inactive" />;
	if (row.broken_since) return <State is="down" />;
	return <State is={row.last_connected_at ? 'up' : 'unknown'} />;
}
