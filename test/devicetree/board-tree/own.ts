// The least that a guest's tree has of the hypervisor's own.
import type { OwnPhandles, TreeNode } from "../../../partitions/devicetree/dts.ts";
import { FRAMES } from "./small.ts";

export const bareTree = ({ controller }: OwnPhandles): TreeNode => ({
  name: "/",
  properties: { compatible: ["none"], "#address-cells": [2], "#size-cells": [2], "interrupt-parent": [controller] },
  children: [
    { name: "chosen", properties: { "rng-seed": [0, 0] } },
    {
      name: `interrupt-controller@${FRAMES.controller.toString(16)}`,
      properties: {
        compatible: ["arm,gic-v3"],
        "#interrupt-cells": [3],
        "interrupt-controller": true,
        reg: [0, FRAMES.controller, 0, 0x1_0000],
        phandle: [controller],
      },
    },
  ],
});
