import { Button } from '@mantine/core';
import IconUpload from '@tabler/icons-react/dist/esm/icons/IconUpload.mjs';
import { Link } from '@tanstack/react-router';
import { useMay } from '../../api/query';
import { useT } from '../../i18n';

export function ImportButton({ noun }: { noun: 'customers' | 'subscriptions' }) {
	const { t } = useT();
	const may = useMay();
	if (!may('operator')) return null;
	return (
		<Button
			component={Link}
			to={`/import?noun=${noun}`}
			variant="default"
			leftSection={<IconUpload size={16} />}
		>
			{t.a.importFile}
		</Button>
	);
}
