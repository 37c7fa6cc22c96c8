// Why guests leave for the hypervisor: a second, and so far.
import { showCount, showRate } from "../../live/show.ts";
import { scroller } from "./dom.ts";
import { known, rowsOf } from "./panel.ts";
import type { MakePanel, Row } from "./panel.ts";
import { LiveTable } from "./table.ts";

/** Short names, as in the terminal, in words. */
const MEANINGS: Readonly<Record<string, string>> = {
  timer: "timer interrupt",
  irq: "interrupt",
  sgi: "kick of the hypervisor",
  maint: "list registers full",
  hvc: "hypercall",
  smc: "SMC",
  gic: "GIC access",
  "sgi-tx": "SGI sent",
  con: "console access",
  sys: "system register",
  fault: "fault",
  tick: "housekeeping",
  bw: "bandwidth",
};

interface Cause {
  readonly cause: number;
  readonly name: string;
  readonly rows: readonly Row[];
}

export const exitsPanel: MakePanel = (place, welcome) => {
  const table = new LiveTable<Cause>("Exits by cause", [
    { title: "Cause", cell: ({ name }) => MEANINGS[name] ?? name },
    ...welcome.partitions.flatMap(({ name: partition }, at) => [
      {
        title: `${partition} /s`,
        isNumber: true,
        cell: ({ cause, rows }: Cause) => known(rows[at]?.now.rates?.[cause], showRate),
      },
      {
        title: `${partition} all`,
        isNumber: true,
        cell: ({ cause, rows }: Cause) => known(rows[at]?.now.exits?.[cause], showCount),
      },
    ]),
  ]);
  place.append(scroller("Exits by cause", table.element));
  return {
    show(store) {
      const rows = rowsOf(welcome, store);
      const causes = welcome.causes.map((name, cause) => ({ cause, name, rows }));
      // Those that never were are of no interest to a wall.
      table.show(causes.filter(({ cause }) => rows.some(({ now }) => (now.exits?.[cause] ?? 0) > 0)));
    },
  };
};
