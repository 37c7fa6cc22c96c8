// Makes the companion specification's types in an address space that has OPC UA's own and DI's. The node set itself is not
// part of the library, and is not needed: its numbers are in companion.table.ts.
import type { AddressSpace, Namespace, UAObject, UAObjectType } from "node-opcua-address-space";
import { setNamespaceMetaData } from "node-opcua-address-space";
import {
  COMPANION_DATE,
  COMPANION_METHODS,
  COMPANION_OBJECTS,
  COMPANION_REFERENCES,
  COMPANION_TYPES,
  COMPANION_URI,
  COMPANION_VARIABLES,
  COMPANION_VERSION,
  DI_URI,
  PROPERTY_TYPE,
} from "./companion.table.ts";
import type { Reference, Space } from "./companion.table.ts";

const UA = 0;

/** The index that each space has in this server. */
export type Spaces = Readonly<Record<Space, number>>;

export const nodeIdOf = (spaces: Spaces, [space, id]: Reference): string => `ns=${spaces[space]};i=${id}`;

export function addCompanion(addressSpace: AddressSpace): Spaces {
  const namespace = addressSpace.registerNamespace(COMPANION_URI);
  namespace.version = COMPANION_VERSION;
  namespace.publicationDate = COMPANION_DATE;
  const spaces: Spaces = { ua: UA, di: addressSpace.getNamespaceIndex(DI_URI), plc: namespace.index };
  for (const { id, name, inverse, of } of COMPANION_REFERENCES)
    namespace.addReferenceType({ browseName: name, nodeId: own(spaces, id), inverseName: inverse, subtypeOf: `i=${of}` });
  for (const { id, name, of, abstract } of COMPANION_TYPES) {
    const parent = typeOf(addressSpace, spaces, of);
    namespace.addObjectType({ browseName: name, nodeId: own(spaces, id), subtypeOf: parent, isAbstract: abstract });
  }
  for (const { id, name, space, below, type, rule } of COMPANION_OBJECTS) {
    namespace.addObject({
      browseName: { name, namespaceIndex: spaces[space] },
      nodeId: own(spaces, id),
      componentOf: own(spaces, below),
      typeDefinition: typeOf(addressSpace, spaces, type),
      modellingRule: rule,
    });
  }
  for (const { id, name, below } of COMPANION_METHODS)
    namespace.addMethod(objectOf(addressSpace, own(spaces, below)), {
      browseName: name,
      nodeId: own(spaces, id),
      modellingRule: "Optional",
    });
  addVariables(namespace, spaces);
  setNamespaceMetaData(namespace);
  return spaces;
}

const own = (spaces: Spaces, id: number): string => nodeIdOf(spaces, ["plc", id]);

function addVariables(namespace: Namespace, spaces: Spaces): void {
  for (const { id, name, below, type, dataType, rule } of COMPANION_VARIABLES) {
    const place = type[1] === PROPERTY_TYPE[1]
      ? { propertyOf: own(spaces, below), typeDefinition: "PropertyType" }
      : { componentOf: own(spaces, below), typeDefinition: "BaseDataVariableType" };
    namespace.addVariable({ browseName: name, nodeId: own(spaces, id), dataType, modellingRule: rule, ...place });
  }
}

function typeOf(addressSpace: AddressSpace, spaces: Spaces, reference: Reference): UAObjectType {
  const type = addressSpace.findNode(nodeIdOf(spaces, reference));
  if (type === null) throw new Error(`the type ${nodeIdOf(spaces, reference)} is missing`);
  return type as UAObjectType;
}

function objectOf(addressSpace: AddressSpace, nodeId: string): UAObject {
  const object = addressSpace.findNode(nodeId);
  if (object === null) throw new Error(`the object ${nodeId} is missing`);
  return object as UAObject;
}
