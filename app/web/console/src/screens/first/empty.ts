/* Is there anything yet? */
import { useGet } from '../../api/query';
import type { Loose, Page } from '../../api/types';

export const useCount = (path: string) => useGet<Page<Loose>>(path, { per_page: 1 }).data?.total;

/* undefined until known. */
export function useIsEmpty() {
	const packages = useCount('/api/packages');
	const customers = useCount('/api/customers');
	return packages === undefined || customers === undefined
		? undefined
		: packages === 0 && customers === 0;
}
