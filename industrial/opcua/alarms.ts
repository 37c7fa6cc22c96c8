// What goes wrong with a partition, as alarms of its Resource (OPC 10000-9), and what the hypervisor reports,
// as events. An alarm whose cause is over stays in the client's list until somebody has acknowledged it, so
// that nothing that came and went is missed.
//
//     Failed            its state is "failed"
//     LinkLost          nothing is heard of it
//     WatchdogExpired   its watchdog has expired since the last telemetry
//     Overrun           its task has missed a cycle since the last telemetry
import type { AddressSpace, UAMethod, UAObject } from "node-opcua-address-space";
import { NodeId } from "node-opcua-nodeid";
import { StatusCodes } from "node-opcua-status-code";
import { DataType } from "node-opcua-variant";
import * as abi from "../../core/abi.ts";
import { describeEvent } from "../link/events.ts";
import type { HypervisorEvent, PartitionTelemetry } from "../link/telemetry.ts";
import type { Plant, PlantPartition, Quality } from "../tags/plant.ts";
import { CALLABLE } from "./access.ts";
import type { PartitionNodes, PlantNodes } from "./nodes.ts";
import type { Log } from "./target.ts";

/** 1 … 1000 (OPC 10000-5, 6.4.2). */
const SEVERITY = { Failed: 900, LinkLost: 800, WatchdogExpired: 700, Overrun: 500 } as const;
type AlarmName = keyof typeof SEVERITY;
const EVENT_SEVERITY = 300;
const GRAVE_SEVERITY = 800;
const GRAVE: readonly number[] = [abi.EVENT_FAULT, abi.EVENT_PANIC, abi.EVENT_WATCHDOG, abi.EVENT_STOP_HANGS];

const SAYINGS: Readonly<Record<AlarmName, readonly [active: string, over: string]>> = {
  Failed: ["has failed", "is no longer failed"],
  LinkLost: ["is silent: nothing is heard of it", "is heard of again"],
  WatchdogExpired: ["its watchdog has expired", "its watchdog has not expired again"],
  Overrun: ["its task has overrun its cycle", "its task keeps its cycle again"],
};

type Condition = ReturnType<PlantNodes["namespace"]["instantiateAlarmCondition"]>;

class Alarm {
  readonly #condition: Condition;
  readonly #partition: string;
  readonly #name: AlarmName;
  #active = false;

  constructor(nodes: PlantNodes, resource: UAObject, partition: string, name: AlarmName) {
    this.#partition = partition;
    this.#name = name;
    this.#condition = nodes.namespace.instantiateAlarmCondition("OffNormalAlarmType", {
      browseName: name,
      nodeId: `ns=${nodes.namespace.index};s=${partition}/Alarms/${name}`,
      conditionName: name,
      conditionSource: resource,
      componentOf: resource,
      inputNode: NodeId.nullNodeId,
    });
    this.#condition.sourceName.setValueFromSource({ dataType: DataType.String, value: partition }); // not "4:plc"
    for (const method of ["Acknowledge", "AddComment"])
      (this.#condition.getChildByName(method) as UAMethod | null)?.setRolePermissions(CALLABLE);
    // The library takes what is acknowledged from the list, also while its cause lasts.
    this.#condition.on("acknowledged", () => {
      if (this.#active) this.#raise(true);
    });
  }

  set(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    const isAcknowledged = this.#condition.currentBranch().getAckedState();
    if (active) this.#condition.activateAlarm();
    else this.#condition.deactivateAlarm(!isAcknowledged);
    this.#raise(active || !isAcknowledged);
  }

  #raise(retain: boolean): void {
    const saying = SAYINGS[this.#name][this.#active ? 0 : 1];
    this.#condition.raiseNewCondition({
      message: `${this.#partition}: ${saying}`,
      severity: SEVERITY[this.#name],
      quality: StatusCodes.Good,
      retain,
    });
  }
}

/** Growth since the last telemetry. One that begins anew has not grown. */
class Growth {
  #last: number | bigint | undefined;

  isMore(now: number | bigint): boolean {
    const grew = this.#last !== undefined && now > this.#last;
    this.#last = now;
    return grew;
  }
}

class PartitionAlarms {
  readonly #failed: Alarm;
  readonly #link: Alarm;
  readonly #watchdog: Alarm;
  readonly #overrun: Alarm | undefined;
  readonly #expired = new Growth();
  readonly #overruns = new Growth();
  readonly #overrunTag: number;

  constructor(nodes: PlantNodes, { resource }: PartitionNodes, { name, guestTags }: PlantPartition) {
    this.#failed = new Alarm(nodes, resource, name, "Failed");
    this.#link = new Alarm(nodes, resource, name, "LinkLost");
    this.#watchdog = new Alarm(nodes, resource, name, "WatchdogExpired");
    this.#overrunTag = guestTags.findIndex((tag) => tag.name === "overruns");
    this.#overrun = this.#overrunTag < 0 ? undefined : new Alarm(nodes, resource, name, "Overrun");
  }

  takeTelemetry({ state, watchdogExpired, tags }: PartitionTelemetry): void {
    this.#failed.set(state === "failed");
    this.#watchdog.set(this.#expired.isMore(watchdogExpired));
    const overruns = tags.get(this.#overrunTag);
    if (overruns !== undefined) this.#overrun?.set(this.#overruns.isMore(overruns));
  }

  takeSilence(silent: boolean): void {
    this.#link.set(silent);
  }
}

export class Alarms {
  readonly #nodes: PlantNodes;
  readonly #stop: () => void;

  constructor(addressSpace: AddressSpace, plant: Plant, nodes: PlantNodes, log: Log) {
    addressSpace.installAlarmsAndConditionsService();
    this.#nodes = nodes;
    const all = plant.partitions.flatMap((partition, index) => {
      const own = nodes.partitions[index];
      return own === undefined ? [] : [new PartitionAlarms(nodes, own, partition)];
    });
    // As with values: what goes wrong with a client's item is no matter of the plant's.
    const safely = (raise: () => void): void => {
      try {
        raise();
      } catch (error) {
        log.error(`OPC UA: an alarm cannot be told: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    const onTelemetry = (partition: number, telemetry: PartitionTelemetry): void =>
      safely(() => all[partition]?.takeTelemetry(telemetry));
    const onQuality = (partition: number, now: Quality): void => safely(() => all[partition]?.takeSilence(now === "silent"));
    plant.on("telemetry", onTelemetry).on("quality", onQuality);
    this.#stop = () => void plant.off("telemetry", onTelemetry).off("quality", onQuality);
  }

  /** What the hypervisor has reported, as an event of the partition, or of the board. */
  report(event: HypervisorEvent, partitionName: string | undefined): void {
    const source = this.#nodes.partitions[event.partition]?.resource ?? this.#nodes.board;
    const sentence = describeEvent(event);
    tell(
      source,
      partitionName === undefined ? sentence : `${partitionName}: ${sentence}`,
      GRAVE.includes(event.code) ? GRAVE_SEVERITY : EVENT_SEVERITY,
    );
  }

  /** Of something that will go wrong if nobody acts. */
  warn(sentence: string): void {
    tell(this.#nodes.board, sentence, GRAVE_SEVERITY);
  }

  close(): void {
    this.#stop();
  }
}

function tell(source: UAObject, sentence: string, severity: number): void {
  source.raiseEvent("SystemEventType", {
    message: { dataType: DataType.LocalizedText, value: { text: sentence } },
    severity: { dataType: DataType.UInt16, value: severity },
  });
}
