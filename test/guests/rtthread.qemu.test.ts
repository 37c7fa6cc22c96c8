// RT-Thread beside Linux: AXV_GUEST_RTTHREAD=image[:image…].
import { expect } from "vitest";
import { besideLinux } from "./besideLinux.ts";

besideLinux({
  variable: "AXV_GUEST_RTTHREAD",
  profile: "rt-thread",
  cpus: [[3], [2, 3]],
  ready: /msh [/>]/,
  ticks: true,
  talk: async (msh, vcpus) => {
    expect(await msh.ask("version", /build[^]*msh/)).toMatch(/[45]\.\d+\.\d+ build/);
    const threads = await msh.ask("ps", /tidle0[^]*msh/);
    expect(threads).toContain("tshell");
    // Built for more than one CPU: the second one came up, and runs its idle thread.
    if (vcpus > 1 && threads.includes("tidle1")) await msh.until(/call cpu ?1.*on success/i);
  },
  powerOff: (banner) => (/ 4\.\d+\.\d+ build/.test(banner) ? "poweroff" : "shutdown"),
});
