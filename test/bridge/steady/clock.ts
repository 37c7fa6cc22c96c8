// Loaded into a bridge before anything else: its parent steps its wall clock, as NTP or an operator does. What counts time
// by a clock that nobody sets goes on as it was.
let step = 0;
process.on("message", (message) => (step += Number(message)));
process.channel?.unref();

const now = Date.now.bind(Date);
const stepped = (): number => now() + step;
globalThis.Date = new Proxy(Date, {
  construct: (target, given: unknown[], made: NewableFunction) =>
    Reflect.construct(target, given.length === 0 ? [stepped()] : given, made) as object,
  apply: () => new Date().toString(),
  get: (target, key) => (key === "now" ? stepped : (Reflect.get(target, key) as unknown)),
});
