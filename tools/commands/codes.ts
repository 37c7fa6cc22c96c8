// axv-part codes: what the codes in brackets mean, and the exit statuses.
import type { Command } from "commander";
import { allCodes } from "../codes.ts";

const STATUSES = `Exit status
  0  all went well; warnings do not change that
  1  something did not: its code is in brackets behind the message, and with --json in "code"`;

export function register(program: Command): void {
  program
    .command("codes")
    .description("list the codes of all errors and warnings, and the exit statuses")
    .option("--json", "print them as JSON")
    .action(({ json }: { json?: true }) => {
      const codes = allCodes();
      const width = Math.max(...codes.map(({ code }) => code.length));
      const rows = codes.map(
        ({ code, severity, meaning }) => `  ${code.padEnd(width)}  ${severity.padEnd("warning".length)}  ${meaning}`,
      );
      console.log(json === true ? JSON.stringify(codes, null, 2) : [STATUSES, "", "Codes", ...rows].join("\n"));
    });
}
