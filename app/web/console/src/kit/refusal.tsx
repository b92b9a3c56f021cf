/* Why a form was refused: one sentence, and those of fields that are not on screen to show theirs. */
import { Alert, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useT } from '../i18n';
import { errorsElsewhere, errorText, fieldErrors, fieldName } from '../i18n/errors';

export function Refusal(props: {
	error: unknown;
	/* The fields on screen. */
	shown: { name: string }[];
	mt?: string;
	/* Buttons by which the person may go on. */
	children?: ReactNode;
}) {
	const { t } = useT();
	const { error } = props;
	if (error === undefined) return null;
	return (
		<Alert color="red" variant="light" role="alert" p="xs" mt={props.mt}>
			<Text fz="sm">{errorText(t, error)}</Text>
			{errorsElsewhere(fieldErrors(t, error), props.shown).map(([field, text]) => (
				<Text fz="sm" key={field}>
					{fieldName(t, field)}: {text}
				</Text>
			))}
			{props.children}
		</Alert>
	);
}
