// A cluster's L3 cache, split by ways where it has a DynamIQ Shared Unit (Arm 100453, CLUSTERPARTCR_EL1): each pCPU has a scheme
// ID, and a way group can be private to one ID. Scheme ID 0 is everybody's who has no ways of their own, the hypervisor's boot
// included.
//
//   CLUSTERPARTCR_EL1:   31  28 27  24       7   4 3   0
//                       ┌──────┬──────┬─ ─ ─┬─────┬─────┐
//                       │ ID 7 │ ID 6 │     │ ID 1│ ID 0│   bit n of a field: way group n is private to that ID
//                       └──────┴──────┴─ ─ ─┴─────┴─────┘
//
// Firmware decides whether EL2 may write these registers (ACTLR_EL3); they are probed, and without them everybody shares all
// ways.

import {
  bound, mrs_CNTPCT_EL0, mrs_MIDR_EL1, msr_CLUSTERPARTCR_EL1, msr_CLUSTERTHREADSID_EL1, probeCluster,
} from "../../build/generated/aarch64";
import { blobPartition, header, MAX_PARTITIONS } from "../../build/generated/blob";
import { EVENT_UNAVAILABLE, FEATURE_CLUSTER_WAYS } from "../../core/abi";
import { recordEvent } from "../../core/events";
import { Vcpu } from "./vcpu";

const WAY_GROUPS: u32 = 4;

/** Each pCPU, once: the whole cluster's split (the same value from everybody), and which part is this pCPU's. */
export function splitWays(vcpu: Vcpu): void {
  let split: u32 = 0;
  let own: u32 = 0;
  let scheme: u32 = 0; // four partitions at most have way groups
  for (let n: u32 = 0; n < header().partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const ways = blobPartition(n).clusterWays;
    if (ways == 0) continue;
    split |= ways << (++scheme * WAY_GROUPS);
    if (n == vcpu.partition) own = scheme;
  }
  if (split == 0) return;
  if (probeCluster() != 0) {
    msr_CLUSTERPARTCR_EL1(split);
    msr_CLUSTERTHREADSID_EL1(own); // initPcpu's ISB comes behind
  } else if (own != 0) {
    recordEvent(EVENT_UNAVAILABLE, vcpu.partition, mrs_CNTPCT_EL0(), FEATURE_CLUSTER_WAYS, mrs_MIDR_EL1(), 0);
  }
}
