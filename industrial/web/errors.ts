// Everything that can go wrong with the live page's server outside a request, each with a stable code and one message that
// says what to do.
import { CodedError } from "../link/coded-error.ts";

export const MESSAGES = {
  AXV_WEB_LISTEN: (address: string, why: string) =>
    `the live page cannot be served on ${address}: ${why}. Write an address of this machine and a port that is free`,
  AXV_WEB_ADDRESS: (text: string) =>
    `"${text}" is no address to serve the live page on: write a port, or ADDRESS:PORT, such as 127.0.0.1:8080`,
  AXV_WEB_NO_LOGIN: (address: string) =>
    `others reach ${address}, and nobody has to log in there: name the users, or serve the live page on 127.0.0.1`,
  AXV_WEB_USERS: (file: string) =>
    `${file} has mistakes, which have been shown: it names users, each as "NAME: { role: operator, password: scrypt$… }"`,
  AXV_WEB_CERTIFICATE: (files: string, why: string) =>
    `the live page cannot be served with ${files}: ${why}. Give a certificate and its key, as PEM`,
} as const;

export type WebErrorCode = keyof typeof MESSAGES;

export class WebError<C extends WebErrorCode = WebErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("WebError", MESSAGES, code, parameters);
  }
}
