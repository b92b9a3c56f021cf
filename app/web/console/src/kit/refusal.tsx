/* Why a form was refused: one sentence, and those of fields that are not on screen to show theirs. */
import { Alert, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useT } from '../i18n';
import { errorsElsewhere, errorText, fieldErrors, fieldName } from '../i18n/errors';

export function Refusal(props: {
	error: unknown;
	/* The fields on screen. */
	shown: { name: string }[];
	/* Buttons by which the person may go on. */
	children?: ReactNode;
}) {
	const { t } = useT();
	const { error } = props;
	if (error === undefined) return null;
	const errors = fieldErrors(t, error);
	const elsewhere = errorsElsewhere(errors, props.shown);
	/* "Look at the marked fields" only where one is marked. */
	const isGeneral = elsewhere.length === 0 || elsewhere.length < Object.keys(errors).length;
	return (
		<Alert color="red" variant="light" role="alert" p="xs" flex={1}>
			{isGeneral && <Text fz="sm">{errorText(t, error)}</Text>}
			{elsewhere.map(([field, text]) => (
				<Text fz="sm" key={field}>
					{fieldName(t, field)}: {text}
				</Text>
			))}
			{props.children}
		</Alert>
	);
}
