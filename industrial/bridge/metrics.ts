// What Prometheus is told: the plant, the hypervisor and the bridge itself, one family with labels for each
// kind of fact. A partition whose values are not good has no values: its samples are missing, which Prometheus
// takes for stale, and its quality says why.
import type { PartitionTags } from "../../partitions/tags/table.ts";
import { EXIT_NAMES } from "../link/exits.ts";
import { PARTITION_STATES, UPDATES } from "../link/telemetry.ts";
import type { Counters } from "../modbus/counters.ts";
import { QUALITIES } from "../tags/plant.ts";
import type { Plant } from "../tags/plant.ts";
import type { TagValue } from "../tags/value.ts";
import type { AuditLog } from "./audit.ts";
import { Exposition } from "./exposition.ts";
import type { Labels } from "./exposition.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { TagReader } from "./reader.ts";

export interface OpcUaCounts {
  readonly sessions: number;
  readonly connections: number;
  readonly certificateDays: number;
  readonly guarded: { readonly felled: number };
}

export interface SparkplugCounts {
  readonly isAlive: boolean;
  readonly opened: number;
  readonly stored: number;
  readonly lost: number;
}

export interface WebCounts {
  /** Pages that look. */
  readonly size: number;
  readonly fellBehind: number;
}

export interface Measured {
  readonly plant: Plant;
  /** Of the system that is planned; undefined: system.yaml has none. */
  readonly version: string | undefined;
  readonly hypervisor: Hypervisor | undefined;
  /** By partition. */
  readonly readers: ReadonlyMap<number, TagReader>;
  /** By what they serve: "tcp", "rtu". */
  readonly modbus: ReadonlyMap<string, Counters>;
  readonly opcua: OpcUaCounts | undefined;
  readonly sparkplug: SparkplugCounts | undefined;
  readonly web: WebCounts | undefined;
  readonly audit: AuditLog | undefined;
}

const NANOSECONDS = 1e9; // a second

export function metricsText(measured: Measured): string {
  const out = new Exposition();
  aboutVersion(measured, out);
  aboutPartitions(measured, out);
  aboutVcpus(measured, out);
  aboutTags(measured, out);
  aboutBridge(measured, out);
  return out.text;
}

function aboutVersion({ version }: Measured, out: Exposition): void {
  if (version === undefined) return;
  out.family("axv_planned_version", "gauge", "1, with the version that the system.yaml of the bridge has.");
  out.sample("axv_planned_version", { version }, 1);
}

function aboutPartitions({ plant }: Measured, out: Exposition): void {
  const all = plant.partitions.map(({ name }, index) => ({ partition: name, index, telemetry: plant.telemetryOf(index) }));
  const family = (
    name: string,
    type: "gauge" | "counter",
    help: string,
    value: (of: (typeof all)[number]) => number | bigint | undefined,
  ): void => {
    out.family(name, type, help);
    for (const each of all) {
      const found = value(each);
      if (found !== undefined) out.sample(name, { partition: each.partition }, found);
    }
  };
  out.family("axv_partition_state", "gauge", "1 for the state that the partition is in.");
  for (const { partition, telemetry } of all)
    if (telemetry !== undefined)
      for (const state of PARTITION_STATES)
        out.sample("axv_partition_state", { partition, state }, state === telemetry.state ? 1 : 0);
  out.family("axv_partition_quality", "gauge", "1 for what the partition's values are worth.");
  for (const { partition, index } of all)
    for (const quality of QUALITIES)
      out.sample("axv_partition_quality", { partition, quality }, quality === plant.qualityOf(index) ? 1 : 0);
  family("axv_partition_age_seconds", "gauge", "Since the partition's newest values.", ({ index }) => {
    const age = plant.ageOf(index);
    return age === undefined ? undefined : age / 1000;
  });
  family(
    "axv_partition_uptime_seconds",
    "gauge",
    "Since the partition has started.",
    ({ telemetry }) => telemetry && Number(telemetry.uptime) / NANOSECONDS,
  );
  family("axv_image_version", "gauge", "Of the image that it began with last.", ({ telemetry }) => telemetry?.update?.running);
  family("axv_image_next", "gauge", "Of the image that it begins with next.", ({ telemetry }) => telemetry?.update?.next);
  family("axv_partition_restarts_total", "counter", "Restarts of the partition.", ({ telemetry }) => telemetry?.restarts);
  family(
    "axv_partition_watchdog_expired_total",
    "counter",
    "Expiries of its watchdog.",
    ({ telemetry }) => telemetry?.watchdogExpired,
  );
  family(
    "axv_partition_console_dropped_bytes_total",
    "counter",
    "Console bytes that were lost.",
    ({ telemetry }) => telemetry?.consoleDropped,
  );
  family("axv_partition_doorbells_total", "counter", "Doorbells that it has rung.", ({ telemetry }) => telemetry?.doorbells);
}

function aboutVcpus({ plant, hypervisor }: Measured, out: Exposition): void {
  if (hypervisor === undefined) return;
  const labelled = hypervisor.vcpus.map((vcpu) => ({
    vcpu,
    labels: { partition: plant.partitions[vcpu.partition]?.name ?? vcpu.partition, vcpu: vcpu.index },
  }));
  out.family("axv_vcpu_exits_total", "counter", "Exits of the vCPU into the hypervisor, by cause.");
  for (const { vcpu, labels } of labelled)
    for (const [index, cause] of EXIT_NAMES.entries())
      out.sample("axv_vcpu_exits_total", { ...labels, cause }, vcpu.exits[index] ?? 0);
  out.family("axv_vcpu_held_seconds_total", "counter", "Time that the vCPU was kept from running by the hypervisor.");
  for (const { vcpu, labels } of labelled) out.sample("axv_vcpu_held_seconds_total", labels, Number(vcpu.held) / NANOSECONDS);
  out.family("axv_vcpu_throttled_total", "counter", "How often its bandwidth was used up.");
  for (const { vcpu, labels } of labelled) out.sample("axv_vcpu_throttled_total", labels, vcpu.throttled);
}

function aboutTags({ plant }: Measured, out: Exposition): void {
  out.family("axv_tag", "gauge", "A process value.");
  for (const [index, { name, tags }] of plant.partitions.entries())
    if (tags !== undefined && plant.qualityOf(index) === "good") tagSamples(name, index, tags, plant, out);
  out.family("axv_guest_tag", "gauge", "A value that the guest publishes by hypercall or mailbox; of unit ns: seconds.");
  for (const [index, { name, guestTags }] of plant.partitions.entries()) {
    const { tags: values } = plant.telemetryOf(index) ?? {};
    if (plant.qualityOf(index) === "stopped" || plant.qualityOf(index) === "silent") continue;
    for (const [tag, { name: tagName, unit }] of guestTags.entries()) {
      const value = values?.get(tag);
      if (value !== undefined)
        out.sample("axv_guest_tag", { partition: name, tag: tagName }, unit === "ns" ? Number(value) / NANOSECONDS : value);
    }
  }
}

function tagSamples(partition: string, index: number, { tags }: PartitionTags, plant: Plant, out: Exposition): void {
  for (const tag of tags) {
    const value = plant.tagValue(index, tag);
    if (value === undefined || tag.type.scalar === "string") continue; // text is no sample
    const labels: Labels = { partition, tag: tag.name, ...(tag.unit !== undefined && { unit: tag.unit }) };
    if (Array.isArray(value))
      for (const [at, each] of value.entries()) out.sample("axv_tag", { ...labels, index: at }, sampleOf(each as TagValue));
    else out.sample("axv_tag", labels, sampleOf(value));
  }
}

const sampleOf = (value: TagValue): number | bigint => (typeof value === "bigint" ? value : Number(value));

function aboutBridge({ plant, hypervisor, readers, modbus, opcua, sparkplug, web, audit }: Measured, out: Exposition): void {
  if (hypervisor !== undefined) {
    aboutSlot(hypervisor, out);
    out.family("axv_link_up", "gauge", "1 while the link to the hypervisor is open.");
    out.sample("axv_link_up", {}, hypervisor.isConnected ? 1 : 0);
    out.family("axv_link_opened_total", "counter", "How often the link was opened.");
    out.sample("axv_link_opened_total", {}, hypervisor.counts.opened);
    out.family("axv_link_malformed_frames_total", "counter", "Whole frames from it that made no sense.");
    out.sample("axv_link_malformed_frames_total", {}, hypervisor.counts.malformed);
    out.family("axv_link_lost_frames_total", "counter", "Frames of the hypervisor that did not come, or came damaged.");
    out.sample("axv_link_lost_frames_total", {}, hypervisor.counts.lost);
  }
  out.family("axv_tag_images_total", "counter", "Tag images that have come.");
  for (const [index, { counts }] of readers)
    out.sample("axv_tag_images_total", { partition: plant.partitions[index]?.name ?? index }, counts.images);
  out.family("axv_tag_stream_skipped_bytes_total", "counter", "Bytes between tag images that belonged to none.");
  for (const [index, { counts }] of readers)
    out.sample("axv_tag_stream_skipped_bytes_total", { partition: plant.partitions[index]?.name ?? index }, counts.skipped);
  aboutModbus(modbus, out);
  if (opcua !== undefined) {
    out.family("axv_opcua_sessions", "gauge", "OPC UA sessions now.");
    out.sample("axv_opcua_sessions", {}, opcua.sessions);
    out.family("axv_opcua_connections", "gauge", "OPC UA connections now.");
    out.sample("axv_opcua_connections", {}, opcua.connections);
    out.family("axv_opcua_felled_total", "counter", "Connections that were ended for bytes that the library cannot stand.");
    out.sample("axv_opcua_felled_total", {}, opcua.guarded.felled);
    out.family("axv_opcua_certificate_days", "gauge", "Until the end of the server's certificate: warn at 60.");
    out.sample("axv_opcua_certificate_days", {}, opcua.certificateDays);
  }
  if (sparkplug !== undefined) {
    out.family("axv_sparkplug_up", "gauge", "1 while the Sparkplug node is born.");
    out.sample("axv_sparkplug_up", {}, sparkplug.isAlive ? 1 : 0);
    out.family("axv_sparkplug_connections_total", "counter", "Connections to the broker.");
    out.sample("axv_sparkplug_connections_total", {}, sparkplug.opened);
    out.family("axv_sparkplug_stored_values", "gauge", "Values that wait for somebody to take them.");
    out.sample("axv_sparkplug_stored_values", {}, sparkplug.stored);
    out.family("axv_sparkplug_lost_values_total", "counter", "Values that had to go before anybody took them.");
    out.sample("axv_sparkplug_lost_values_total", {}, sparkplug.lost);
  }
  if (web !== undefined) {
    out.family("axv_web_pages", "gauge", "Browsers that look at the live page now.");
    out.sample("axv_web_pages", {}, web.size);
    out.family("axv_web_behind_total", "counter", "How often one of them did not keep up.");
    out.sample("axv_web_behind_total", {}, web.fellBehind);
  }
  if (audit === undefined) return;
  out.family("axv_audit_up", "gauge", "1 while the audit log can be written.");
  out.sample("axv_audit_up", {}, audit.failed === undefined ? 1 : 0);
  out.family("axv_audit_entries_total", "counter", "Entries of the audit log; the hash of the last one is a label.");
  out.sample("axv_audit_entries_total", { hash: audit.head.hash }, audit.head.number);
}

/** Nothing where firmware has no slots. */
function aboutSlot({ system }: Hypervisor, out: Exposition): void {
  if (system === undefined) return;
  out.family("axv_slot", "gauge", "1 for the slot that the board has started from.");
  for (const slot of ["a", "b"]) out.sample("axv_slot", { slot }, slot === system.slot ? 1 : 0);
  out.family("axv_update", "gauge", "1 for what has become of the slot's update; pending and healthy: it is on trial.");
  for (const state of UPDATES) out.sample("axv_update", { state }, state === system.update ? 1 : 0);
}

function aboutModbus(modbus: ReadonlyMap<string, Counters>, out: Exposition): void {
  const count = (name: string, type: "gauge" | "counter", help: string, key: keyof Omit<Counters, "exceptions">): void => {
    out.family(name, type, help);
    for (const [via, counters] of modbus) out.sample(name, { via }, counters[key]);
  };
  count("axv_modbus_connections", "gauge", "Modbus connections now.", "connections");
  count("axv_modbus_accepted_total", "counter", "Connections that were accepted.", "accepted");
  count("axv_modbus_refused_total", "counter", "Connections over the limit.", "refused");
  count("axv_modbus_idle_total", "counter", "Connections that were closed because they asked nothing.", "idle");
  count("axv_modbus_requests_total", "counter", "Requests.", "requests");
  count("axv_modbus_dropped_total", "counter", "Frames that were no Modbus.", "dropped");
  count("axv_modbus_broken_total", "counter", "Connections whose bytes had no possible length.", "broken");
  count("axv_modbus_late_total", "counter", "Answers with nobody to take them.", "late");
  out.family("axv_modbus_exceptions_total", "counter", "Answers that were exceptions, by code.");
  for (const [via, { exceptions }] of modbus)
    for (const [code, number] of exceptions) out.sample("axv_modbus_exceptions_total", { via, code }, number);
}
