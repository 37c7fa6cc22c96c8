// A guest's load or store where it has no memory: at an emulated device it is carried out, from the instruction itself: htinst
// has it on some harts, and on the others entry.S has read it once, as the guest would fetch it.

import {
  csrr_htinst, csrr_htval, csrr_scause, csrr_sepc, csrr_stval, csrw_sepc,
} from "../../build/generated/riscv64";
import { EXIT_CONSOLE, EXIT_CONTROLLER } from "../../core/abi";
import { TELEMETRY_PORT } from "../../core/console";
import { consoleBytes, UART_BYTES } from "../../core/blob";
import { loadConsole, storeConsole } from "../../core/devices/vns16550";
import { RESUME } from "../../core/lifecycle";
import { ownerOf, Partition } from "../../core/partition";
import { controllerBytes, loadController, storeController } from "./controller";
import { CAUSE_LOAD_ACCESS_FAULT, CAUSE_STORE_ACCESS_FAULT, CAUSE_STORE_GUEST_PAGE_FAULT } from "./csrs";
import { inject } from "./exceptions";
import { asLoaded, bytesOf, decode, decodeTransformed, FORM_REGISTER, FORM_STORE, shiftOf } from "./loadStore";
import { faulted } from "./trap";
import { Vcpu } from "./vcpu";

/** log2 of the bytes that an APLIC or a PLIC takes at once. */
const SHIFT_32: u32 = 2;
/** htinst of an instruction has bit 0; that of the guest's own table walk, which no device answers, has not. */
const HTINST_INSTRUCTION: u64 = 1;

/**
 * A load or store guest page fault; `word`: htinst, or else its instruction, or 0 if it cannot be fetched any more. RESUME,
 * PARK or AGAIN.
 */
export function handleAccess(vcpu: Vcpu, word: u32): u32 {
  const partition = ownerOf(vcpu);
  const plan = partition.plan;
  const ipa = csrr_htval() << 2 | csrr_stval() & 3;
  const inController = ipa - plan.controller;
  const inConsole = ipa - plan.console;
  const isController = inController < controllerBytes(plan) && plan.controller != 0;
  if (!isController && (inConsole >= consoleBytes(plan) || plan.console == 0) || isWalk(csrr_htinst()))
    return faulted(vcpu, partition, csrr_scause(), ipa);
  if (word == 0) return RESUME; // its mapping has changed meanwhile: the guest finds that itself
  const form = csrr_htinst() != 0 ? decodeTransformed(word) : decode(word);
  const isStore = csrr_scause() == CAUSE_STORE_GUEST_PAGE_FAULT;
  const misaligned = <u32>ipa & ((1 << shiftOf(form)) - 1);
  if (form == 0 || ((form & FORM_STORE) != 0) != isStore || misaligned != 0 || isController && shiftOf(form) != SHIFT_32)
    return inject(isStore ? CAUSE_STORE_ACCESS_FAULT : CAUSE_LOAD_ACCESS_FAULT);
  vcpu.countExit(isController ? EXIT_CONTROLLER : EXIT_CONSOLE);
  const register = form & FORM_REGISTER;
  if (isStore) {
    const value = <u32>vcpu.register(register);
    if (isController) storeController(vcpu, partition, <u32>inController, value);
    else storeConsole(portAt(partition, <u32>inConsole), <u32>inConsole & (<u32>UART_BYTES - 1), value);
  } else {
    const value = isController ? loadController(vcpu, partition, <u32>inController) :
      loadConsole(portAt(partition, <u32>inConsole), <u32>inConsole & (<u32>UART_BYTES - 1));
    if (register != 0) vcpu.setRegister(register, asLoaded(value, form));
  }
  csrw_sepc(csrr_sepc() + bytesOf(form));
  return RESUME;
}

/** The guest page fault is of the guest's own table walk. */
@inline function isWalk(htinst: u64): bool { return htinst != 0 && (htinst & HTINST_INSTRUCTION) == 0; }

@inline function portAt(partition: Partition, offset: u32): u32 {
  return offset < <u32>UART_BYTES ? partition.index : TELEMETRY_PORT;
}
