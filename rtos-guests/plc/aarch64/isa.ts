// What the guest's shared part takes from its ISA, as build/generated/plcIsa.
export { armAt, clockFrequency, now, runTimer, stopTimer } from "./clock";
export { hypercall, writeBareConsole } from "./calls";
export { CHANNEL_IPA } from "./map";
