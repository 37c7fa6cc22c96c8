// node test/bench/fitWriter.ts FOLDER: writes and signs the FIT of image.bin with plant.key, both in that folder, as ours.itb
// there, and prints how many seconds that took: what build does with --fit more than without.
import { createPrivateKey } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Load } from "../../partitions/images/contents.ts";
import { FitStream } from "../../tools/firmware/fit/write.ts";
import { writeTogether } from "../../tools/output/write.ts";
import { CONTENTS } from "../firmware/fits.ts";

const [folder = "."] = process.argv.slice(2);
const path = join(folder, "image.bin");
const { size } = statSync(path);
const began = performance.now();
const key = createPrivateKey(readFileSync(join(folder, "plant.key")));
const image = new Load(size, [{ at: 0, contents: { path, offset: 0, length: size } }]);
const fit = new FitStream(CONTENTS, image, [{ name: "plant", algorithm: "rsa2048", key }]);
writeTogether(new Map([[join(folder, "ours.itb"), fit]]));
console.log((performance.now() - began) / 1000);
