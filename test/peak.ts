/**
 * JavaScript for a process that tells its own peak of memory, in KiB: Linux's proc(5), VmHWM. That of getrusage() does not do,
 * for it is the one of the process that began it, too, where that is the larger one.
 */
export const PEAK =
  'process.getBuiltinModule("node:fs").readFileSync("/proc/self/status", "utf8").match(/VmHWM:\\s*(\\d+)/)[1]';
