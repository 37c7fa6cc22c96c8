// What a partition's quality is in OPC UA (OPC 10000-4, 7.38; OPC 10000-8, 6.3.2).
import { StatusCodes } from "node-opcua-status-code";
import type { StatusCode } from "node-opcua-status-code";
import type { Quality } from "../tags/plant.ts";

/**
 *  quality    status                        value      why
 *  good       Good                          the last
 *  waiting    BadWaitingForInitialData      none       that is just what it is
 *  stale      UncertainLastUsableValue      the last   what updated it has stopped doing so, but the partition runs as far as
 *                                                      anybody knows
 *  stopped    BadOutOfService               none       the source of the data does not operate: known, not guessed
 *  silent     BadNoCommunication            none       nobody knows what the partition does now. Not
 *                                                      UncertainNoCommunicationLastUsableValue: a client that looks at
 *                                                      values only would take the last one for one of now
 *  mismatch   BadConfigurationError         none       a mistake in the setup makes it useless: bytes of another tag table are
 *                                                      no values of this
 */
export const STATUS_OF: Readonly<Record<Quality, StatusCode>> = {
  good: StatusCodes.Good,
  waiting: StatusCodes.BadWaitingForInitialData,
  stale: StatusCodes.UncertainLastUsableValue,
  stopped: StatusCodes.BadOutOfService,
  silent: StatusCodes.BadNoCommunication,
  mismatch: StatusCodes.BadConfigurationError,
};

/** With a bad status there is no value, so that no old one looks like one of now. */
export const hasValue = (quality: Quality): boolean => quality === "good" || quality === "stale";
