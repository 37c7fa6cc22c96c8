// The command line of the project: every file of tools/commands is one command. tools/axv-part starts it as JavaScript
// (tools/build/bundle.ts); with a Node that runs TypeScript it can be started as it is.
import "./jitlessZod.ts";
import { commandLine } from "./commandLine.ts";
import { register as backup } from "./commands/backup.ts";
import { register as board } from "./commands/board.ts";
import { register as bridge } from "./commands/bridge.ts";
import { register as build } from "./commands/build.ts";
import { register as check } from "./commands/check.ts";
import { register as codes } from "./commands/codes.ts";
import { register as console_ } from "./commands/console.ts";
import { register as control } from "./commands/control.ts";
import { register as demo } from "./commands/demo.ts";
import { register as deploy } from "./commands/deploy.ts";
import { register as guest } from "./commands/guest.ts";
import { register as init } from "./commands/init.ts";
import { register as inspect } from "./commands/inspect.ts";
import { register as keys } from "./commands/keys.ts";
import { register as modbus } from "./commands/modbus.ts";
import { register as monitor } from "./commands/monitor.ts";
import { register as plan } from "./commands/plan.ts";
import { register as prove } from "./commands/prove.ts";
import { register as restore } from "./commands/restore.ts";
import { register as run } from "./commands/run.ts";
import { register as slots } from "./commands/slots.ts";
import { register as tags } from "./commands/tags.ts";
import { register as update } from "./commands/update.ts";

/** As `--help` shows them. */
await commandLine([
  backup, board, bridge, build, check, codes, console_, control, demo, deploy, guest, init, inspect, keys, modbus, monitor, plan,
  prove, restore, run, slots, tags, update,
]);
