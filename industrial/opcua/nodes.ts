// The board in OPC UA: it is a Configuration, each partition a Resource of it, what its guest says of its cycle a Task, its tags
// variables. Every node has a name of its own as its id, so that what is added moves none:
//
//     /board, /board/Resources, …         the board's
//     plc, plc/Tasks, plc/Status/state    a partition's
//     plc.Tank.Level                      a tag's: partition and tag, as in the lock file
//     plc.Tank.Level/EURange              a property of it
//
// Neither a partition's name nor a tag's has a slash in it.
import type { AddressSpace, Namespace, UAObject, UAVariable } from "node-opcua-address-space";
import { Range } from "node-opcua-types";
import { DataType } from "node-opcua-variant";
import { guestTagName } from "../../partitions/tags/registers.ts";
import { keyOf } from "../../partitions/tags/lock.ts";
import type { Tag } from "../../partitions/tags/table.ts";
import { boundsOf, isNumeric } from "../../partitions/tags/type.ts";
import type { PlannedTag } from "../../partitions/plan/plan.ts";
import { Maxima } from "../live/maxima.ts";
import type { PlantPartition } from "../tags/plant.ts";
import { READABLE, STANDARD, WRITABLE } from "./access.ts";
import { addCompanion, nodeIdOf } from "./companion.ts";
import type { Spaces } from "./companion.ts";
import {
  BASE_OBJECT_TYPE,
  CONFIGURABLE_OBJECT_TYPE,
  CONFIGURATION_TYPE,
  DI_DEVICE_SET,
  FUNCTIONAL_GROUP_TYPE,
  RESOURCE_TYPE,
  TASK_TYPE,
} from "./companion.table.ts";
import type { Reference, Space } from "./companion.table.ts";
import type { BoardIdentity, SystemFacts } from "./target.ts";
import { euInformation } from "./units.ts";
import { DATA_TYPES } from "./values.ts";

export const PLANT_URI = "urn:axv-part:plant";

export interface PartitionNodes {
  readonly resource: UAObject;
  readonly methodSet: UAObject;
  readonly tags: ReadonlyMap<Tag, UAVariable>;
  readonly guestTags: readonly UAVariable[];
  /** By name: of what the guest publishes as NAME recent. */
  readonly maxima: ReadonlyMap<string, UAVariable>;
  readonly status: ReadonlyMap<StatusName, UAVariable>;
  readonly image: ReadonlyMap<ImageName, UAVariable>;
}

export interface PlantNodes {
  readonly board: UAObject;
  readonly system: ReadonlyMap<SystemValueName, UAVariable>;
  readonly spaces: Spaces;
  readonly namespace: Namespace;
  readonly partitions: readonly PartitionNodes[];
}

/** What the hypervisor says of a partition, in its group Status. */
export const STATUS_VALUES = [
  { name: "state", type: DataType.String, unit: undefined, description: "off, running, stopping, failed, inspect or paused" },
  { name: "uptime", type: DataType.UInt64, unit: "ns", description: "Since its last start" },
  { name: "restarts", type: DataType.UInt32, unit: undefined, description: "Times that it has started again" },
  { name: "watchdog_expired", type: DataType.UInt32, unit: undefined, description: "Times that its watchdog has expired" },
  { name: "console_dropped", type: DataType.UInt32, unit: undefined, description: "Characters of its console that were lost" },
] as const;
export type StatusName = (typeof STATUS_VALUES)[number]["name"];

/** And of one that can be updated by itself: the versions of its images. */
export const IMAGE_VALUES = [
  { name: "image_version", type: DataType.UInt32, unit: undefined, description: "Of what it began with last" },
  { name: "image_next", type: DataType.UInt32, unit: undefined, description: "Of what it begins with next" },
] as const;
export type ImageName = (typeof IMAGE_VALUES)[number]["name"];

/** What it says of all of them, in the board's group Status. */
export const SYSTEM_VALUES = [
  { name: "slot", type: DataType.String, unit: undefined, description: "The one that the board has started from: a or b" },
  { name: "update", type: DataType.String, unit: undefined, description: "none, pending, healthy, committed or failed" },
] as const;
export type SystemValueName = (typeof SYSTEM_VALUES)[number]["name"];

/** A guest tag whose name begins so is its task's. */
const OF_TASK = /^(scans|overruns|cycle|jitter|execution)\b/;
const TASK = "scan";
/** Of a RevisionCounter that is not kept (OPC 10000-100, 4.5). */
const NOT_COUNTED = -1;
const SUBSCRIBE_TO_EVENTS = 1;
const SERVER = "i=2253";
const SCALAR_RANK = -1;
const ONE_DIMENSION = 1;
/** No double holds all whole numbers beyond, and a Range is of doubles. */
const EXACT = Number.MAX_SAFE_INTEGER;

/** `historizing`: values of tags are kept. */
export function addPlant(
  addressSpace: AddressSpace,
  board: BoardIdentity,
  { version, updated }: SystemFacts,
  partitions: readonly PlantPartition[],
  historizing: boolean,
): PlantNodes {
  const spaces = addCompanion(addressSpace);
  const namespace = addressSpace.registerNamespace(PLANT_URI);
  for (const each of addressSpace.getNamespaceArray())
    each.setDefaultRolePermissions(each.index === namespace.index ? READABLE : STANDARD);
  const builder = new Builder(namespace, spaces, historizing);
  const configuration = builder.object(
    "/board",
    board.name,
    undefined,
    ["plc", CONFIGURATION_TYPE],
    nodeIdOf(spaces, DI_DEVICE_SET),
  );
  builder.notifies(configuration, "HasNotifier", SERVER);
  const identification = builder.object("/board/Identification", "Identification", "di", FUNCTIONAL_GROUP_TYPE, configuration);
  for (const [name, value] of identityOf(board)) builder.property(identification, name, "di", DataType.String, value);
  const status = builder.object("/board/Status", "Status", undefined, FUNCTIONAL_GROUP_TYPE, configuration);
  builder.property(status, "planned version", undefined, DataType.String, version ?? "");
  const resources = builder.object("/board/Resources", "Resources", "plc", CONFIGURABLE_OBJECT_TYPE, configuration);
  return {
    board: configuration,
    system: new Map(SYSTEM_VALUES.map((value) => [value.name, builder.status("/board", status, value)] as const)),
    spaces,
    namespace,
    partitions: partitions.map((partition, index) =>
      addPartition(builder, resources, configuration, board, partition, index === updated),
    ),
  };
}

/** In the words of DI's DeviceType (OPC 10000-100, 4.5). */
const identityOf = (board: BoardIdentity): (readonly [string, string])[] => [
  ["Manufacturer", board.manufacturer],
  ["Model", board.model],
  ["SerialNumber", board.serialNumber],
  ["HardwareRevision", board.hardwareRevision],
  ["SoftwareRevision", board.softwareRevision],
];

function addPartition(
  builder: Builder,
  resources: UAObject,
  configuration: UAObject,
  board: BoardIdentity,
  { name, tags, guestTags }: PlantPartition,
  isUpdated: boolean,
): PartitionNodes {
  const resource = builder.object(name, name, undefined, ["plc", RESOURCE_TYPE], resources);
  builder.notifies(resource, "HasEventSource", configuration);
  // A Resource is a Device in DI's model, and has to have these.
  for (const [property, value] of [...identityOf(board), ["DeviceRevision", ""], ["DeviceManual", ""]] as const)
    builder.property(
      resource,
      property,
      "di",
      property === "Manufacturer" || property === "Model" ? DataType.LocalizedText : DataType.String,
      value,
    );
  builder.property(resource, "RevisionCounter", "di", DataType.Int32, NOT_COUNTED);
  const methodSet = builder.object(`${name}/MethodSet`, "MethodSet", "plc", BASE_OBJECT_TYPE, resource);
  const tasks = builder.object(`${name}/Tasks`, "Tasks", "plc", CONFIGURABLE_OBJECT_TYPE, resource);
  builder.object(`${name}/Programs`, "Programs", "plc", CONFIGURABLE_OBJECT_TYPE, resource);
  const globals = builder.object(`${name}/GlobalVars`, "GlobalVars", "plc", FUNCTIONAL_GROUP_TYPE, resource);
  const status = builder.object(`${name}/Status`, "Status", "plc", FUNCTIONAL_GROUP_TYPE, resource);
  const task = guestTags.some(isOfTask) ? addTask(builder, name, tasks) : undefined;
  return {
    resource,
    methodSet,
    tags: addTags(builder, name, globals, tags?.tags ?? []),
    guestTags: guestTags.map((tag) => builder.guestTag(name, tag, isOfTask(tag) && task !== undefined ? task : status)),
    maxima: new Map(new Maxima(guestTags).names.map((of) => [of, builder.maximum(name, of, task ?? status)] as const)),
    status: new Map(STATUS_VALUES.map((value) => [value.name, builder.status(name, status, value)] as const)),
    image: new Map(
      isUpdated ? IMAGE_VALUES.map((value) => [value.name, builder.status(name, status, value)] as const) : [],
    ),
  };
}

const isOfTask = ({ name }: PlannedTag): boolean => OF_TASK.test(name);

function addTask(builder: Builder, partition: string, tasks: UAObject): UAObject {
  const task = builder.object(`${partition}/Tasks/${TASK}`, TASK, undefined, ["plc", TASK_TYPE], tasks);
  builder.property(task, "Priority", "plc", DataType.UInt32, 0);
  return task;
}

function addTags(builder: Builder, partition: string, globals: UAObject, tags: readonly Tag[]): Map<Tag, UAVariable> {
  const folders = new Map<string, UAObject>();
  const variables = new Map<string, UAVariable>();
  /** The folder of a structure's fields: Tank of Tank.Level. A tag may have that very name; then they are below it. */
  const parentOf = (path: readonly string[]): UAObject | UAVariable => {
    const name = path.join(".");
    const found = variables.get(name) ?? folders.get(name);
    if (path.length === 0) return globals;
    if (found !== undefined) return found;
    const folder = builder.object(
      `${partition}/GlobalVars/${name}`,
      path.at(-1) ?? "",
      undefined,
      BASE_OBJECT_TYPE,
      parentOf(path.slice(0, -1)),
    );
    folders.set(name, folder);
    return folder;
  };
  const made = new Map<Tag, UAVariable>();
  const byDepth = [...tags].sort((a, b) => a.name.split(".").length - b.name.split(".").length);
  for (const tag of byDepth) {
    const path = tag.name.split(".");
    const variable = builder.tag(tag, path.at(-1) ?? "", parentOf(path.slice(0, -1)));
    variables.set(tag.name, variable);
    made.set(tag, variable);
  }
  return made;
}

type StatusValue = (typeof STATUS_VALUES | typeof SYSTEM_VALUES | typeof IMAGE_VALUES)[number];

class Builder {
  readonly #namespace: Namespace;
  readonly #spaces: Spaces;
  readonly #historizing: boolean;

  constructor(namespace: Namespace, spaces: Spaces, historizing: boolean) {
    this.#namespace = namespace;
    this.#spaces = spaces;
    this.#historizing = historizing;
  }

  object(id: string, name: string, space: Space | undefined, type: Reference, parent: UAObject | UAVariable | string): UAObject {
    return this.#namespace.addObject({
      nodeId: this.#id(id),
      browseName: this.#name(name, space),
      typeDefinition: nodeIdOf(this.#spaces, type),
      componentOf: parent,
    });
  }

  /** An object whose events are `notified`'s, too (OPC 10000-3, 7.17). */
  notifies(object: UAObject, referenceType: "HasNotifier" | "HasEventSource", notified: UAObject | string): void {
    object.setEventNotifier(SUBSCRIBE_TO_EVENTS);
    object.addReference({ referenceType, isForward: false, nodeId: notified });
  }

  property(owner: UAObject | UAVariable, name: string, space: Space | undefined, dataType: DataType, value: unknown): UAVariable {
    const text = dataType === DataType.LocalizedText ? { text: value } : value;
    return this.#namespace.addVariable({
      nodeId: this.#id(`${textOf(owner)}/${name}`),
      browseName: this.#name(name, space),
      propertyOf: owner,
      dataType: dataType === DataType.ExtensionObject ? dataTypeOf(value) : DataType[dataType],
      typeDefinition: "PropertyType",
      value: { dataType, value: text },
    });
  }

  tag(tag: Tag, name: string, parent: UAObject | UAVariable): UAVariable {
    const { type, unit, range, writable, description } = tag;
    const access = ["CurrentRead", ...(writable ? ["CurrentWrite"] : []), ...(this.#historizing ? ["HistoryRead"] : [])].join(
      " | ",
    );
    const variable = this.#namespace.addVariable({
      nodeId: this.#id(keyOf(tag)),
      browseName: this.#name(name, undefined),
      componentOf: parent,
      dataType: DataType[DATA_TYPES[type.scalar]],
      typeDefinition: typeDefinitionOf(tag),
      valueRank: type.count === undefined ? SCALAR_RANK : ONE_DIMENSION,
      ...(type.count === undefined ? {} : { arrayDimensions: [type.count] }),
      accessLevel: access,
      userAccessLevel: access,
      historizing: this.#historizing,
      minimumSamplingInterval: 0,
      ...(description === undefined ? {} : { description }),
      ...(writable ? { rolePermissions: WRITABLE } : {}),
    });
    if (range !== undefined)
      this.property(variable, "EURange", "ua", DataType.ExtensionObject, new Range({ low: range[0], high: range[1] }));
    const bounds = boundsOf(type);
    if (range !== undefined && bounds !== undefined && Number.isInteger(bounds[1]) && bounds[1] <= EXACT)
      this.property(variable, "InstrumentRange", "ua", DataType.ExtensionObject, new Range({ low: bounds[0], high: bounds[1] }));
    if (unit !== undefined) this.property(variable, "EngineeringUnits", "ua", DataType.ExtensionObject, euInformation(unit));
    return variable;
  }

  guestTag(partition: string, { name, unit }: PlannedTag, parent: UAObject): UAVariable {
    const id = guestTagName(partition, name)
      .slice(partition.length + 1)
      .replace(".", "/");
    return this.#plain(`${partition}/${id}`, name, parent, DataType.UInt64, unit === "ns" ? unit : undefined, undefined);
  }

  /** Of what the guest publishes as NAME recent. */
  maximum(partition: string, name: string, parent: UAObject): UAVariable {
    return this.#plain(
      `${partition}/maxima/${name}`,
      `${name} max since cleared`,
      parent,
      DataType.UInt64,
      "ns",
      "The largest since the bridge began, or ClearMaxima was called",
    );
  }

  status(owner: string, parent: UAObject, { name, type, unit, description }: StatusValue): UAVariable {
    return this.#plain(`${owner}/Status/${name}`, name, parent, type, unit, description);
  }

  #plain(
    id: string,
    name: string,
    parent: UAObject,
    dataType: DataType,
    unit: string | undefined,
    description: string | undefined,
  ): UAVariable {
    const variable = this.#namespace.addVariable({
      nodeId: this.#id(id),
      browseName: this.#name(name, undefined),
      componentOf: parent,
      dataType: DataType[dataType],
      typeDefinition: unit === undefined ? "BaseDataVariableType" : "AnalogUnitType",
      accessLevel: "CurrentRead",
      userAccessLevel: "CurrentRead",
      minimumSamplingInterval: 0,
      ...(description === undefined ? {} : { description }),
    });
    if (unit !== undefined) this.property(variable, "EngineeringUnits", "ua", DataType.ExtensionObject, euInformation(unit));
    return variable;
  }

  #id(text: string): string {
    return `ns=${this.#namespace.index};s=${text}`;
  }

  #name(name: string, space: Space | undefined): { name: string; namespaceIndex: number } {
    return { name, namespaceIndex: space === undefined ? this.#namespace.index : this.#spaces[space] };
  }
}

/** OPC 10000-8, 5.3.2: what has a range is an AnalogItem, what has only a unit an AnalogUnit. */
function typeDefinitionOf({ type, unit, range }: Tag): string {
  if (!isNumeric(type)) return "BaseDataVariableType";
  if (range !== undefined) return "AnalogItemType";
  return unit === undefined ? "BaseDataVariableType" : "AnalogUnitType";
}

const textOf = ({ nodeId }: UAObject | UAVariable): string => String(nodeId.value);

const dataTypeOf = (value: unknown): string => (value instanceof Range ? "Range" : "EUInformation");
