/* Draws the short news of toast.ts; loaded once the screen stands, because none comes before an act. */
import '@mantine/core/styles/Notification.css';
import '@mantine/notifications/styles.css';
import { Notifications } from '@mantine/notifications';

export const News = () => <Notifications position="top-right" />;
