// What is asked by HTTP: who this is, and what somebody wants done.
import type { Refusal, SessionShown } from "../protocol.ts";
import { PATHS } from "../protocol.ts";

export class RefusedError extends Error {}

async function answerOf(response: Response): Promise<unknown> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  throw new RefusedError((body as Refusal | undefined)?.message ?? `the server answers ${response.status}`);
}

const post = async (path: string, body: unknown): Promise<unknown> =>
  answerOf(await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));

export const askSession = async (): Promise<SessionShown> => (await answerOf(await fetch(PATHS.session))) as SessionShown;
export const logIn = async (user: string, password: string): Promise<SessionShown> =>
  (await post(PATHS.login, { user, password })) as SessionShown;
export const logOut = async (): Promise<SessionShown> => (await post(PATHS.logout, {})) as SessionShown;
export const command = (partition: string, name: string): Promise<unknown> => post(PATHS.command, { partition, command: name });
export const type = (partition: string, text: string): Promise<unknown> => post(PATHS.type, { partition, text });
