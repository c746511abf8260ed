// SPDX-License-Identifier: Apache-2.0
// Types and lint:  node check.mjs
// The same as tsc and eslint one after the other, but what the types are is found out once for both.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import ts from "typescript";

const here = path.dirname(fileURLToPath(import.meta.url));
const host = { getCanonicalFileName: (f) => f, getCurrentDirectory: () => here, getNewLine: () => "\n" };
const read = ts.getParsedCommandLineOfConfigFile(path.join(here, "tsconfig.json"), {}, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (d) => { throw new Error(ts.formatDiagnostic(d, host)); },
});
const program = ts.createProgram({ rootNames: read.fileNames, options: read.options });
const wrong = [...read.errors, ...ts.getPreEmitDiagnostics(program)];
if (wrong.length > 0) {
  console.log(ts.formatDiagnostics(wrong, host));
  process.exit(1);
}

const eslint = new ESLint({
  cwd: here,
  overrideConfig: {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: { parserOptions: { projectService: false, programs: [program] } },
  },
});
const found = await eslint.lintFiles(["."]);
console.log(await (await eslint.loadFormatter("stylish")).format(found));
process.exit(found.some((f) => f.errorCount > 0) ? 1 : 0);
