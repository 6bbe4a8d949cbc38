import { ask } from './http';

/** A mail that a catcher has. */
export interface CaughtMail {
  readonly from: string;
  readonly to: string[];
  readonly subject: string;
  readonly text: string;
}

interface Message {
  readonly ID: string;
  readonly From: { readonly Address: string };
  readonly To: readonly { readonly Address: string }[];
  readonly Subject: string;
  readonly Text: string;
}

/** All mail that a catcher has, newest first, by its API. */
export async function caughtMail(get: (path: string) => string | Promise<string>): Promise<CaughtMail[]> {
  const { messages } = JSON.parse(await get('/api/v1/messages')) as { messages: { ID: string }[] };
  const caught: CaughtMail[] = [];
  for (const { ID } of messages) {
    const { From, To, Subject, Text } = JSON.parse(await get(`/api/v1/message/${ID}`)) as Message;
    caught.push({ from: From.Address, to: To.map(({ Address }) => Address), subject: Subject, text: Text });
  }
  return caught;
}

/** The way to a catcher's API at a port of this host. */
export const publishedAt = (port: number) => async (path: string) => (await ask({ port, path })).body;
