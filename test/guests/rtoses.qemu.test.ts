// Other RTOSes beside Linux: AXV_GUEST_ZEPHYR, AXV_GUEST_FREERTOS and AXV_GUEST_NUTTX name images of theirs.
import { expect } from "vitest";
import { besideLinux } from "./besideLinux.ts";

// samples/subsys/shell/shell_module. It prints by the UART's transmit interrupt, which a PL011 raises only once something was
// sent (DDI 0183, 3.2.3): on bare hardware, too, its first prompt comes when the first character is typed.
besideLinux({
  variable: "AXV_GUEST_ZEPHYR",
  profile: "zephyr",
  cpus: [[3]],
  ready: /^/,
  ticks: false, // none is due while it idles
  talk: async (shell) => {
    expect(await shell.ask("kernel version", /Zephyr version[^]*uart/)).toMatch(/Zephyr version \d/);
    await shell.ask("kernel threads", /shell_uart[^]*idle/);
  },
});

// Two tasks that print in turn; and what handles the UART's interrupt prints, too.
besideLinux({
  variable: "AXV_GUEST_FREERTOS",
  profile: "freertos",
  cpus: [[3]],
  ready: /Task2: 1/,
  ticks: true,
  talk: async (tasks) => {
    await tasks.ask("x", /uart_rx_handler/);
  },
});

// nsh, with CONFIG_BOARDCTL_POWEROFF.
besideLinux({
  variable: "AXV_GUEST_NUTTX",
  profile: "nuttx",
  cpus: [[3]],
  ready: /nsh>/,
  ticks: true,
  talk: async (nsh) => {
    expect(await nsh.ask("uname -a", /NuttX[^]*nsh>/)).toContain("arm64");
    await nsh.ask("ps", /Idle[^]*nsh>/);
  },
  powerOff: () => "poweroff",
});
