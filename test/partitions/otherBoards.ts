// Descriptions of boards in the shapes of RK3568, RK3588 and E2000Q, as fast-check makes them: RAM with holes, memory that
// firmware keeps, pCPUs in any order, devices with several register windows and interrupts that may share a page.
import fc from "fast-check";

const KIB = 0x400;
const MIB = 0x10_0000;
const PAGE = 0x1000;

interface Shape {
  readonly name: string;
  readonly cpus: readonly (readonly [mpidr: number, model: string])[];
  readonly caches: unknown;
  readonly pmu: unknown;
  readonly gic: Readonly<Record<string, number>>;
  readonly uart: Readonly<Record<string, unknown>>;
  readonly ram: readonly { readonly base: number; readonly size: number }[];
  readonly image: number;
  /** Where devices are, one behind another. */
  readonly devicesFrom: number;
  /** The first SPI of devices; those before and behind them are others'. */
  readonly spisFrom: number;
  readonly spare: readonly [number, number];
}

const a55 = "arm,cortex-a55";
const DSU = (sets: number): unknown[] => [
  { level: 1, kind: "data", sets: 128, ways: 4, line: 64 },
  { level: 1, kind: "instruction", sets: 128, ways: 4, line: 64 },
  { level: 3, kind: "unified", sets, ways: 16, line: 64 },
];

const SHAPES: readonly Shape[] = [
  {
    name: "rk3568",
    cpus: [0x0, 0x100, 0x200, 0x300].map((mpidr) => [mpidr, a55] as const),
    caches: DSU(512),
    pmu: { spis: [228, 229, 230, 231] },
    gic: { version: 3, gicd: 0xfd40_0000, gicr: 0xfd46_0000, gicr_stride: 0x2_0000, spis: 320, maintenance: 9 },
    uart: { kind: "ns16550", reg: 0xfe66_0000, spi: 118, clock_hz: 24_000_000, reg_shift: 2, reg_width: 4, baud: 1_500_000 },
    ram: [
      { base: 0x20_0000, size: 0x820_0000 },
      { base: 0x940_0000, size: 0xe6c0_0000 },
      { base: 0x1_f000_0000, size: 0x1000_0000 },
    ],
    image: 0x20_0000,
    devicesFrom: 0xfe70_0000,
    spisFrom: 1,
    spare: [240, 319],
  },
  {
    name: "rk3588",
    cpus: [0x0, 0x100, 0x200, 0x300, 0x400, 0x500, 0x600, 0x700].map((mpidr) => [
      mpidr,
      mpidr < 0x400 ? a55 : "arm,cortex-a76",
    ]),
    caches: DSU(4096),
    pmu: 7,
    gic: { version: 3, gicd: 0xfe60_0000, gicr: 0xfe68_0000, gicr_stride: 0x2_0000, spis: 480, maintenance: 9 },
    uart: { kind: "ns16550", reg: 0xfeb5_0000, spi: 333, clock_hz: 24_000_000, reg_shift: 2, reg_width: 4 },
    ram: [
      { base: 0x20_0000, size: 0xefe0_0000 },
      { base: 0x1_0000_0000, size: 0x2_0000_0000 },
      { base: 0x4_f000_0000, size: 0x1000_0000 },
    ],
    image: 0x4020_0000,
    devicesFrom: 0xfb00_0000,
    spisFrom: 0,
    spare: [440, 479],
  },
  {
    name: "e2000q",
    cpus: [
      [0x200, "phytium,ftc310"],
      [0x201, "phytium,ftc310"],
      [0x0, "phytium,ftc664"],
      [0x100, "phytium,ftc664"],
    ],
    caches: { none: "the firmware's tree says nothing of caches" },
    pmu: 7,
    gic: { version: 3, gicd: 0x3080_0000, gicr: 0x3088_0000, gicr_stride: 0x2_0000, spis: 256, maintenance: 9 },
    uart: { kind: "pl011", reg: 0x2800_d000, spi: 84, clock_hz: 100_000_000, baud: 115_200 },
    ram: [
      { base: 0x8000_0000, size: 0x7c00_0000 },
      { base: 0x20_0000_0000, size: 0x8000_0000 },
    ],
    image: 0x8020_0000,
    devicesFrom: 0x3200_0000,
    spisFrom: 0,
    spare: [220, 255],
  },
];

interface DeviceDraft {
  readonly windows: readonly { readonly gap: number; readonly size: number }[];
  readonly spis: number;
  readonly trigger: string;
  readonly dma: boolean;
  readonly silenced: boolean;
}

/** Windows of less than a page, and of several; close enough to one another that they share pages. */
const window = fc.record({
  gap: fc.constantFrom(0, 0x100, 0x800, PAGE, 16 * PAGE),
  size: fc.constantFrom(4, 0x40, 0x200, 0x900, PAGE, 0x1800, 16 * PAGE),
});
const device: fc.Arbitrary<DeviceDraft> = fc.record({
  windows: fc.array(window, { minLength: 1, maxLength: 3 }),
  spis: fc.integer({ min: 0, max: 8 }),
  trigger: fc.constantFrom("level", "edge"),
  dma: fc.boolean(),
  silenced: fc.boolean(),
});

const register = (value: number): number => Math.ceil(value / 4) * 4;

/** One behind another; no SPI of the UART, of PMUs or spare. */
function placed(shape: Shape, drafts: readonly DeviceDraft[]): { kinds: object; devices: object } {
  const pmus = typeof shape.pmu === "object" ? (shape.pmu as { spis: number[] }).spis : [];
  const taken = new Set([shape.uart["spi"], ...pmus]);
  let spi = shape.spisFrom;
  const nextSpi = (): number => {
    while (taken.has(spi)) spi += 1;
    return spi++;
  };
  let at = shape.devicesFrom;
  const kinds: Record<string, object> = {};
  const devices: Record<string, object> = {};
  for (const [index, { windows, spis, trigger, dma, silenced }] of drafts.entries()) {
    const reg = windows.map(({ gap, size }) => {
      const base = register(at + gap);
      at = base + size;
      return base;
    });
    const sizes = windows.map(({ size }) => size);
    kinds[`kind${index}`] = {
      size: sizes.length === 1 ? sizes[0] : sizes,
      trigger,
      dma,
      dma_coherent: false,
      node: "device",
      compatible: ["test,device"],
      ...(silenced && dma ? { quiesce: { offset: 0, value: 0 } } : {}),
    };
    const list = Array.from({ length: spis }, nextSpi);
    devices[`d${index}`] = { kind: `kind${index}`, reg, spi: spis === 1 ? list[0] : list };
  }
  return { kinds, devices };
}

/** What they leave of three banks is no more than eight stretches. */
const KEPT_MOST = 5;
const KEPT_BYTES = 256 * KIB;
/** From where the image is: its own, and room for what stands in it. */
const IMAGE_BYTES = 64 * MIB;
/** In MiB of a bank, none over another and none where the image is. */
const keptIn = ({ image }: Shape, bank: { readonly base: number; readonly size: number }) =>
  fc
    .uniqueArray(fc.integer({ min: 64 * MIB, max: bank.size - MIB }), { maxLength: 2, selector: (at) => Math.floor(at / MIB) })
    .map((places) =>
      places
        .map((at) => ({ base: bank.base + Math.floor(at / MIB) * MIB, size: KEPT_BYTES, what: "OP-TEE" }))
        .filter(({ base }) => base + KEPT_BYTES <= image || base >= image + IMAGE_BYTES),
    );

export interface OtherBoard {
  readonly shape: string;
  readonly board: Readonly<Record<string, unknown>>;
  readonly cpus: number;
  readonly devices: readonly string[];
  readonly reserved: readonly { readonly base: number; readonly size: number }[];
}

export const otherBoard: fc.Arbitrary<OtherBoard> = fc.constantFrom(...SHAPES).chain((shape) =>
  fc
    .record({
      order: fc.shuffledSubarray([...shape.cpus], { minLength: shape.cpus.length }),
      drafts: fc.array(device, { minLength: 2, maxLength: 20 }),
      reserved: fc.tuple(...shape.ram.map((bank) => keptIn(shape, bank))).map((lists) => lists.flat().slice(0, KEPT_MOST)),
    })
    .map(({ order, drafts, reserved }) => {
      const { kinds, devices } = placed(shape, drafts);
      const board = {
        description: shape.name,
        cpus: {
          mpidr: order.map(([mpidr]) => mpidr),
          compatible: order.map(([, model]) => model),
          caches: shape.caches,
          refill_event: 0x17,
        },
        ram: shape.ram,
        reserved,
        gic: shape.gic,
        timer: { secure: 13, physical: 14, virtual: 11, hypervisor: 10 },
        pmu: shape.pmu,
        uart: shape.uart,
        spare_spis: shape.spare,
        boot: { image: shape.image, conduit: "smc" },
        device_kinds: kinds,
        devices,
      };
      return { shape: shape.name, board, cpus: order.length, devices: Object.keys(devices), reserved };
    }),
);

export interface Asked {
  readonly guest: string;
  readonly cpus: readonly number[];
  readonly devices: readonly string[];
  readonly memory: unknown;
}

/** Partitions on such a board; each device, and each pCPU, is one's at most. */
export const partitionsOn = ({ cpus, devices, shape }: OtherBoard): fc.Arbitrary<readonly Asked[]> =>
  fc
    .record({
      count: fc.integer({ min: 1, max: 3 }),
      owners: fc.array(fc.nat(3), { minLength: devices.length, maxLength: devices.length }),
      extra: fc.array(
        fc.record({
          guest: fc.constantFrom("linux", "plc"),
          size: fc.constantFrom("2M", "16M", "100M", "300M"),
          ipa: fc.constantFrom("identity", 0x4000_0000),
          pmu: fc.boolean(),
          interrupts: fc.constantFrom("injected", "direct"),
          colours: fc.boolean(),
          isHeld: fc.boolean(),
        }),
        { minLength: 3, maxLength: 3 },
      ),
    })
    .map(({ count, owners, extra }) =>
      extra.slice(0, count).map(({ guest, size, ipa, colours, isHeld, ...facts }, index) => {
        const own = devices.filter((_, device) => owners[device] === index);
        const canBeHeld = shape !== "e2000q" && !facts.pmu && facts.interrupts === "injected";
        const isColoured = colours && own.length === 0 && shape !== "e2000q";
        return {
          ...facts,
          guest,
          // The last one is nobody's: it keeps house.
          cpus: index === 0 && cpus > 4 ? [index, 4] : [index],
          devices: own,
          accepts: ["dma"],
          memory: { size, ipa: own.length > 0 ? "identity" : isColoured ? 0x4000_0000 : ipa },
          ...(isHeld && canBeHeld ? { bandwidth: { budget: "4M", period: "1ms" } } : {}),
          ...(isColoured ? { cache: { colours: [index] } } : {}),
        };
      }),
    );
