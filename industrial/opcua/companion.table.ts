// The nodes of the IEC 61131-3 companion specification (OPC 30000, PLCopen, V1.02) that the board is shown with, with the
// numbers that its node set gives them. Abstract placeholders (<TaskName> and the like) and what belongs to function blocks
// and charts, which a hypervisor does not see, are left out: IsNamespaceSubset says so.
export const COMPANION_URI = "http://PLCopen.org/OpcUa/IEC61131-3/";
export const COMPANION_VERSION = "1.02";
export const COMPANION_DATE = new Date("2020-11-25T00:00:00Z");
export const DI_URI = "http://opcfoundation.org/UA/DI/";

/** Whose number a number is: OPC UA's own, DI's or the companion specification's. */
export type Space = "ua" | "di" | "plc";
export type Reference = readonly [space: Space, id: number];

/** OPC 10000-5. */
export const BASE_OBJECT_TYPE: Reference = ["ua", 58];
const BASE_DATA_VARIABLE_TYPE: Reference = ["ua", 63];
export const PROPERTY_TYPE: Reference = ["ua", 68];
/** OPC 10000-100. */
export const DI_DEVICE_SET: Reference = ["di", 5001];
const TOPOLOGY_ELEMENT_TYPE: Reference = ["di", 1001];
const DEVICE_TYPE: Reference = ["di", 1002];
const BLOCK_TYPE: Reference = ["di", 1003];
export const CONFIGURABLE_OBJECT_TYPE: Reference = ["di", 1004];
export const FUNCTIONAL_GROUP_TYPE: Reference = ["di", 1005];

export const CONFIGURATION_TYPE = 1001;
export const RESOURCE_TYPE = 1002;
export const TASK_TYPE = 1006;

export const COMPANION_TYPES = [
  { id: CONFIGURATION_TYPE, name: "CtrlConfigurationType", of: TOPOLOGY_ELEMENT_TYPE, abstract: false },
  { id: RESOURCE_TYPE, name: "CtrlResourceType", of: DEVICE_TYPE, abstract: false },
  { id: 1003, name: "CtrlProgramOrganizationUnitType", of: BLOCK_TYPE, abstract: true },
  { id: 1004, name: "CtrlProgramType", of: ["plc", 1003], abstract: true },
  { id: 1005, name: "CtrlFunctionBlockType", of: ["plc", 1003], abstract: true },
  { id: TASK_TYPE, name: "CtrlTaskType", of: BASE_OBJECT_TYPE, abstract: false },
  { id: 1007, name: "SFCType", of: BASE_OBJECT_TYPE, abstract: false },
] as const satisfies readonly { id: number; name: string; of: Reference; abstract: boolean }[];

/** `of`: OPC UA's own reference types HasComponent, HierarchicalReferences' Organizes and NonHierarchicalReferences. */
export const COMPANION_REFERENCES = [
  { id: 4001, name: "HasInputVar", inverse: "InputVarOf", of: 47 },
  { id: 4002, name: "HasOutputVar", inverse: "OutputVarOf", of: 47 },
  { id: 4003, name: "HasInOutVar", inverse: "InOutVarOf", of: 47 },
  { id: 4004, name: "HasLocalVar", inverse: "LocalVarOf", of: 47 },
  { id: 4005, name: "HasExternalVar", inverse: "ExternalVarOf", of: 35 },
  { id: 4006, name: "With", inverse: "Executes", of: 32 },
] as const satisfies readonly { id: number; name: string; inverse: string; of: number }[];

/** Objects and methods below the types: `rule` is the modelling rule, `space` that of the browse name. */
export const COMPANION_OBJECTS = [
  { id: 5001, name: "ParameterSet", space: "di", below: CONFIGURATION_TYPE, type: BASE_OBJECT_TYPE, rule: "Optional" },
  { id: 5002, name: "MethodSet", space: "di", below: CONFIGURATION_TYPE, type: BASE_OBJECT_TYPE, rule: "Optional" },
  { id: 5003, name: "Identification", space: "di", below: CONFIGURATION_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
  { id: 5004, name: "Resources", space: "plc", below: CONFIGURATION_TYPE, type: CONFIGURABLE_OBJECT_TYPE, rule: "Mandatory" },
  { id: 5006, name: "GlobalVars", space: "plc", below: CONFIGURATION_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
  { id: 5007, name: "AccessVars", space: "plc", below: CONFIGURATION_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
  { id: 5008, name: "ConfigVars", space: "plc", below: CONFIGURATION_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
  { id: 5009, name: "Configuration", space: "plc", below: CONFIGURATION_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
  { id: 5010, name: "Status", space: "plc", below: CONFIGURATION_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
  { id: 5012, name: "MethodSet", space: "plc", below: RESOURCE_TYPE, type: BASE_OBJECT_TYPE, rule: "Optional" },
  { id: 5014, name: "Tasks", space: "plc", below: RESOURCE_TYPE, type: CONFIGURABLE_OBJECT_TYPE, rule: "Mandatory" },
  { id: 5016, name: "Programs", space: "plc", below: RESOURCE_TYPE, type: CONFIGURABLE_OBJECT_TYPE, rule: "Mandatory" },
  { id: 5018, name: "GlobalVars", space: "plc", below: RESOURCE_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
  { id: 5019, name: "Configuration", space: "plc", below: RESOURCE_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
  { id: 5020, name: "Status", space: "plc", below: RESOURCE_TYPE, type: FUNCTIONAL_GROUP_TYPE, rule: "Optional" },
] as const satisfies readonly {
  id: number;
  name: string;
  space: Space;
  below: number;
  type: Reference;
  rule: "Mandatory" | "Optional";
}[];

export const COMPANION_METHODS = [
  { id: 7001, name: "Start", below: 5002 },
  { id: 7002, name: "Stop", below: 5002 },
  { id: 7003, name: "Start", below: 5012 },
  { id: 7004, name: "Stop", below: 5012 },
] as const satisfies readonly { id: number; name: string; below: number }[];

export const COMPANION_VARIABLES = [
  { id: 6001, name: "Body", below: 1003, type: BASE_DATA_VARIABLE_TYPE, dataType: "XmlElement", rule: "Optional" },
  { id: 6002, name: "Program", below: 1004, type: BASE_DATA_VARIABLE_TYPE, dataType: "Structure", rule: "Optional" },
  { id: 6003, name: "FunctionBlock", below: 1005, type: BASE_DATA_VARIABLE_TYPE, dataType: "BaseDataType", rule: "Optional" },
  { id: 6004, name: "Priority", below: TASK_TYPE, type: PROPERTY_TYPE, dataType: "UInt32", rule: "Mandatory" },
  { id: 6005, name: "Interval", below: TASK_TYPE, type: PROPERTY_TYPE, dataType: "String", rule: "Optional" },
  { id: 6006, name: "Single", below: TASK_TYPE, type: PROPERTY_TYPE, dataType: "String", rule: "Optional" },
] as const satisfies readonly {
  id: number;
  name: string;
  below: number;
  type: Reference;
  dataType: string;
  rule: "Mandatory" | "Optional";
}[];
