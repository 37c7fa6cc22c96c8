// Who may do what, as OPC UA's permissions of its well-known roles (OPC 10000-18, 4.3). Roles do not include one another: each
// is named wherever it may.
import { WellKnownRoles } from "node-opcua-constants";
import { PermissionType } from "node-opcua-types";
import type { RolePermissionTypeOptions } from "node-opcua-types";
import { mayAct, ROLES } from "./target.ts";
import type { Role } from "./target.ts";

export const ROLE_IDS: Readonly<Record<Role, number>> = {
  observer: WellKnownRoles.Observer,
  operator: WellKnownRoles.Operator,
  engineer: WellKnownRoles.Engineer,
};

const LOOK =
  PermissionType.Browse |
  PermissionType.Read |
  PermissionType.ReadHistory |
  PermissionType.ReceiveEvents |
  PermissionType.ReadRolePermissions;
/** Who has no name is let in only where the settings say so; then as an observer. */
const NAMELESS = WellKnownRoles.Anonymous;

function permissions(everybody: number, acting: number): RolePermissionTypeOptions[] {
  const nameless = { roleId: `i=${NAMELESS}`, permissions: everybody };
  return [
    nameless,
    ...ROLES.map((role) => ({ roleId: `i=${ROLE_IDS[role]}`, permissions: mayAct(role) ? everybody | acting : everybody })),
  ];
}

/** Of all that is there. */
export const READABLE: RolePermissionTypeOptions[] = permissions(LOOK, 0);
/** Of OPC UA's own nodes, whose methods are about the session that calls them. */
export const STANDARD: RolePermissionTypeOptions[] = permissions(LOOK | PermissionType.Call, 0);
/** Of a tag that may be written. */
export const WRITABLE: RolePermissionTypeOptions[] = permissions(LOOK, PermissionType.Write);
/** Of a method. */
export const CALLABLE: RolePermissionTypeOptions[] = permissions(LOOK, PermissionType.Call);
