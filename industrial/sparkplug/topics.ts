// Sparkplug's topics (Sparkplug 3.0.0, 4): spBv1.0/GROUP/TYPE/NODE or …/NODE/DEVICE, and spBv1.0/STATE/HOST.
export const NAMESPACE = "spBv1.0";

/** What may be a group, a node, a device or a host: no part of a topic has these (4.1). */
export const ID_PATTERN = /^[^+/#\0-\x1f\x7f]{1,64}$/;

export type MessageType = "NBIRTH" | "NDATA" | "NDEATH" | "NCMD" | "DBIRTH" | "DDATA" | "DDEATH" | "DCMD";

export const topicOf = (group: string, type: MessageType, node: string, device?: string): string =>
  [NAMESPACE, group, type, node, ...(device === undefined ? [] : [device])].join("/");

export const stateTopic = (host: string): string => `${NAMESPACE}/STATE/${host}`;
